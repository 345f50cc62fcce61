// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Benchmarks",
    dependencies: [
        .package(name: "tapeline", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // Bare C loops to compare with, and the instruments.
        .target(name: "CReference"),
        .executableTarget(
            name: "bench",
            dependencies: [
                "CReference",
                .product(name: "TapelineModules", package: "tapeline"),
                // The tool that `lossless` runs, built beside.
                .product(name: "tapeline", package: "tapeline"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ]),
    ]
)
