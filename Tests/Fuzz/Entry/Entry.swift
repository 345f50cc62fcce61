import Foundation

/// Which target this process runs, from the environment.
private let target: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["TAPELINE_FUZZ_TARGET"] ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        let known = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
        fatalError("TAPELINE_FUZZ_TARGET='\(name)': known are \(known)")
    }
    return target
}()

/// What libFuzzer calls for every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target.run([UInt8](UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// What libFuzzer calls first. With TAPELINE_FUZZ_LIST the process only names the targets, with
/// TAPELINE_FUZZ_SEEDS=DIRECTORY it only writes the target's seeds there.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ argumentCount: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeMutableRawPointer?
) -> CInt {
    if ProcessInfo.processInfo.environment["TAPELINE_FUZZ_LIST"] != nil {
        for target in FuzzTarget.allCases { print(target.rawValue) }
        exit(0)
    }
    guard let directory = ProcessInfo.processInfo.environment["TAPELINE_FUZZ_SEEDS"] else {
        return 0
    }
    do {
        for (index, seed) in try target.seeds().enumerated() {
            let path = "\(directory)/\(target.rawValue)-\(index)"
            try Data(seed).write(to: URL(fileURLWithPath: path))
        }
    } catch {
        fatalError("seeds of \(target.rawValue): \(error)")
    }
    exit(0)
}
