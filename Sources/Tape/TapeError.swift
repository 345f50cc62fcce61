import Glibc

/// Why a tape cannot be created or read. Each names the tape, the place and the remedy.
public enum TapeError: Error, Equatable, CustomStringConvertible {
    case invalidName(String)
    case invalidCapacity(Int)
    /// A table that is negative or beyond all use.
    case invalidSize(of: String, Int)
    /// Another live process publishes under this name.
    case inUse(name: String, process: UInt32)
    case notFound(name: String)
    /// The object exists, but is no tape of this version.
    case notATape(name: String)
    /// Its publisher has not finished creating it.
    case starting(name: String)
    case system(name: String, call: String, code: Int32)

    public var description: String {
        switch self {
        case .invalidName(let name):
            "tape name '\(name)': use 1 to 63 bytes without '/'"
        case .invalidCapacity(let ticks):
            "ring of \(ticks) ticks: use a power of two, 1024 or more"
        case .invalidSize(let table, let size):
            "room for \(size) \(table): use a plausible number"
        case .inUse(let name, let process):
            "tape '\(name)' is published by process \(process): stop it or choose another name"
        case .notFound(let name):
            "no tape '\(name)': start its publisher, or see /dev/shm/tapeline.* for those there are"
        case .notATape(let name):
            "/dev/shm/tapeline.\(name) is no tape of this version: remove it or use its own tools"
        case .starting(let name):
            "tape '\(name)' is being created: try again"
        case .system(let name, let call, let code):
            "tape '\(name)': \(call): \(String(cString: strerror(code)))"
        }
    }
}
