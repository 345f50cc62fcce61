import Glibc

/// Why a line cannot be opened; names the line, the place and the remedy.
public enum CaptureError: Error, Equatable, CustomStringConvertible {
    case notMulticast(line: String, group: String)
    case badAddress(line: String, address: String)
    case unknownInterface(line: String, interface: String)
    case system(line: String, call: String, code: Int32)

    public var description: String {
        switch self {
        case .notMulticast(let line, let group):
            "line \(line): \(group) is no IPv4 multicast group: use 224.0.0.0 to 239.255.255.255"
        case .badAddress(let line, let address):
            "line \(line): '\(address)' is no IPv4 address"
        case .unknownInterface(let line, let interface):
            "line \(line): no interface '\(interface)': see `ip link`"
        case .system(let line, let call, let code):
            "line \(line): \(call): \(String(cString: strerror(code)))"
        }
    }
}
