import Glibc

/// Why packets cannot be captured; names the place and the remedy.
public enum CaptureError: Error, Equatable, CustomStringConvertible {
    /// A line that cannot be opened as it is configured.
    case line(name: String, problem: String, remedy: String)
    /// A method that does not work here.
    case unavailable(method: CaptureMethod, place: String, problem: String, remedy: String)
    /// A system call failed while packets were being received.
    case failed(place: String, call: String, code: Int32)

    public var description: String {
        switch self {
        case .line(let name, let problem, let remedy):
            "line \(name): \(problem): \(remedy)"
        case .unavailable(let method, let place, let problem, let remedy):
            "\(method.rawValue) on \(place): \(problem): \(remedy)"
        case .failed(let place, let call, let code):
            "\(place): \(call): \(String(cString: strerror(code))): see `ip link` and `dmesg`, then "
                + "restart"
        }
    }

    /// True for what stands in the way of a start; false for failures on the way.
    public var isSetup: Bool {
        if case .failed = self { return false }
        return true
    }
}
