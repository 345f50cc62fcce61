// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// Descriptions and pages beside the decoders: `tools/generate` reads the one and writes the other.
let protocolPages =
    (FileManager.default.enumerator(
        atPath: Context.packageDirectory + "/Sources/Protocols") ?? .init())
    .compactMap { $0 as? String }
    .filter { $0.hasSuffix(".protocol") || $0.hasSuffix(".md") || $0.hasSuffix(".xml") }
    .sorted()

let package = Package(
    name: "tapeline",
    products: [
        .executable(name: "tapeline", targets: ["tapeline"]),
        // For the nested package Benchmarks, which only sees what products hold.
        .library(
            name: "TapelineModules",
            targets: [
                "Ticks", "Wire", "Lines", "Protocols", "Books", "Capture", "Tape", "Journal",
                "Handler", "Simulation",
            ]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C: the tick and the tape's layout, and shims for what Swift cannot import.
        .target(name: "CTapeline"),
        .target(name: "CLinux"),
        .systemLibrary(name: "CPcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

        .target(
            name: "CUring",
            linkerSettings: [.linkedLibrary("uring")]),
        .target(
            name: "CXdp",
            linkerSettings: [.linkedLibrary("xdp"), .linkedLibrary("bpf")]),

        // The path from wire to tape and journal, in the order that data takes.
        .target(name: "Ticks", dependencies: ["CTapeline"]),
        .target(name: "Wire", dependencies: ["Ticks", "CLinux", "CZstd"]),
        .target(name: "Lines", dependencies: ["Ticks", "Wire", "CLinux"]),
        .target(
            name: "Protocols", dependencies: ["Ticks", "Wire"],
            exclude: protocolPages),
        .target(name: "Books", dependencies: ["Ticks", "CTapeline", "CLinux"]),
        .target(
            name: "Capture",
            dependencies: ["Ticks", "Wire", "CLinux", "CPcap", "CUring", "CXdp", "CZstd"]),
        .target(
            name: "Tape", dependencies: ["Ticks", "CTapeline", "CLinux"],
            exclude: ["LAYOUT.md"]),
        .target(
            name: "Journal", dependencies: ["Ticks", "CLinux", "CZstd"], exclude: ["FORMAT.md"]),
        .target(
            name: "Handler",
            dependencies: [
                "Ticks", "Wire", "Lines", "Protocols", "Books", "Capture", "Tape", "Journal",
                "CTapeline", "CLinux", .product(name: "Yams", package: "Yams"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(name: "Simulation", dependencies: ["Ticks", "Wire", "Protocols", "CLinux"]),
        .executableTarget(
            name: "tapeline",
            dependencies: [
                "Handler", "Simulation", "Journal", "Tape", "Books", "Wire", "Ticks",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),

        // The fuzz targets (nested package Tests/Fuzz) over kept inputs and seeded mutations.
        .testTarget(
            name: "FuzzRegressionTests",
            dependencies: [
                "Ticks", "Wire", "Protocols", "Books", "Journal", "Handler", "Simulation",
                "CLinux", "CZstd",
            ],
            path: "Tests/Fuzz", exclude: ["Entry", "Package.swift", "c"],
            sources: ["Regression", "Targets"]),
        .testTarget(name: "TicksTests", dependencies: ["Ticks", "CTapeline", "TestSupport"]),
        .testTarget(
            name: "ProtocolsTests",
            dependencies: ["Protocols", "Books", "Ticks", "Wire", "TestSupport"],
            exclude: [
                "Scratch/Scratch.protocol", "Scratch/Sbex.protocol", "Scratch/MAPPING-Scratch.md",
                "Scratch/MAPPING-Sbex.md",
            ]),
        .testTarget(name: "JournalTests", dependencies: ["Journal", "Ticks", "CLinux", "CZstd"]),
        .testTarget(
            name: "SimulationTests",
            dependencies: ["Simulation", "Protocols", "Books", "Ticks", "Wire"]),
        .testTarget(name: "WireTests", dependencies: ["Wire", "CLinux", "CPcap"]),
        .testTarget(
            name: "CaptureTests",
            dependencies: [
                "Capture", "Simulation", "Wire", "Ticks", "CLinux", "CPcap", "TestSupport",
            ]),
        .target(name: "TestSupport", path: "Tests/TestSupport"),
        .testTarget(name: "LinesTests", dependencies: ["Lines", "Wire", "Ticks", "TestSupport"]),
        .testTarget(name: "BooksTests", dependencies: ["Books", "Ticks", "TestSupport"]),
        .testTarget(
            name: "HandlerTests",
            dependencies: [
                "Handler", "Lines", "Protocols", "Books", "Capture", "Wire", "Ticks", "Tape",
                "Journal", "Simulation", "CTapeline", "TestSupport",
            ]),
    ]
)
