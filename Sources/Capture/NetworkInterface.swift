import CLinux
import Glibc

/// A network interface as it is at the moment.
public struct NetworkInterface: Sendable, Equatable {
    public let name: String
    public let index: UInt32
    /// Largest IP packet in bytes.
    public let mtu: Int

    /// Checks that the interface is there, up, and knows multicast. `line` names the line in errors.
    public init(_ name: String, line: String) throws(CaptureError) {
        let index = if_nametoindex(name)
        guard index != 0 else {
            throw .line(
                name: line, problem: "no interface '\(name)'", remedy: "see `ip link` for names")
        }
        var flags: UInt32 = 0
        var mtu: UInt32 = 0
        guard clinux_interface(name, &flags, &mtu) == 0 else {
            throw .line(
                name: line, problem: "interface '\(name)': \(String(cString: strerror(errno)))",
                remedy: "see `ip link show \(name)`")
        }
        guard flags & UInt32(CLINUX_INTERFACE_UP.rawValue) != 0 else {
            throw .line(
                name: line, problem: "interface '\(name)' is down",
                remedy: "ip link set \(name) up")
        }
        guard flags & UInt32(CLINUX_INTERFACE_MULTICAST.rawValue) != 0 || name == "lo" else {
            throw .line(
                name: line, problem: "interface '\(name)' does not do multicast",
                remedy: "ip link set \(name) multicast on")
        }
        self.name = name
        self.index = index
        self.mtu = Int(mtu)
    }
}
