// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "tapeline",
    targets: [
        // C: the tick and the tape's layout, and shims for what Swift cannot import.
        .target(name: "CTapeline"),
        .target(name: "CLinux"),
        .systemLibrary(name: "CPcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

        // The path from wire to tape, in the order that data takes.
        .target(name: "Ticks", dependencies: ["CTapeline"]),
        .target(name: "Wire", dependencies: ["Ticks", "CLinux", "CZstd"]),

        .testTarget(name: "TicksTests", dependencies: ["Ticks", "CTapeline"]),
        .testTarget(name: "WireTests", dependencies: ["Wire", "CLinux", "CPcap"]),
    ]
)
