// swift-tools-version: 6.2
import PackageDescription

// The fuzz targets as one archive, which tools/fuzz links with libFuzzer. The same targets replay
// kept inputs in the root package's FuzzRegressionTests.
let package = Package(
    name: "FuzzPackage",
    products: [.library(name: "FuzzTargets", type: .static, targets: ["FuzzTargets"])],
    dependencies: [.package(name: "tapeline", path: "../..")],
    targets: [
        .target(
            name: "FuzzTargets",
            dependencies: [.product(name: "TapelineModules", package: "tapeline")],
            path: ".", exclude: ["Regression", "c"], sources: ["Entry", "Targets"])
    ]
)
