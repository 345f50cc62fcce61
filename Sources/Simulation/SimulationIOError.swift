import Glibc

/// Why a simulation's output could not be made.
public enum SimulationIOError: Error, Hashable, Sendable, CustomStringConvertible {
    case fileExists(String)
    case notAnAddress(String)
    case noSuchInterface(String)
    /// A system call failed on `place` with the error number `code`.
    case system(call: String, place: String, code: Int32)

    public var description: String {
        switch self {
        case .fileExists(let path):
            "\(path) exists: remove it, or allow overwriting"
        case .notAnAddress(let text):
            "'\(text)' is not an IP address such as 239.192.1.1 or ff05::1"
        case .noSuchInterface(let name):
            "there is no network interface '\(name)': give a name or an IPv4 address of this host"
        case .system(let call, let place, let code):
            "\(call) on \(place): \(String(cString: strerror(code)))"
        }
    }

    static func last(_ call: String, _ place: String) -> SimulationIOError {
        .system(call: call, place: place, code: errno)
    }
}
