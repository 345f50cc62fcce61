import CLinux
import Glibc
import Wire

/// Joining a group on a socket, and what may be wrong with it.
enum GroupJoin {
    /// What Linux answers when a socket has joined a source of a group already.
    static let sourceIsJoined = EADDRNOTAVAIL

    /// Checks what the system would refuse with less clear words, or not at all.
    static func checkAddresses(of line: CaptureLine) throws(CaptureError) {
        let address = line.address
        let group = address.group
        guard group.isMulticast else {
            throw .line(
                name: line.name, problem: "\(group) is not a multicast group",
                remedy: "use an address of 224.0.0.0/4 or ff00::/8")
        }
        for source in address.sources {
            guard source.isV4 == group.isV4, !source.isMulticast else {
                throw .line(
                    name: line.name, problem: "\(source) cannot be a source of \(group)",
                    remedy: "use a unicast \(group.isV4 ? "IPv4" : "IPv6") address")
            }
        }
        if group.needsScope, address.interface == nil {
            throw .line(
                name: line.name, problem: "\(group) means something else on every interface",
                remedy: "name the line's interface")
        }
    }

    /// Joins, by each source if some are listed. Returns nil, or the number of the error.
    static func join(_ descriptor: Int32, _ address: MulticastAddress, _ index: UInt32) -> Int32? {
        let group = clinux_address(address.group)
        if address.sources.isEmpty {
            return clinux_udp_join(descriptor, group, nil, index) == 0 ? nil : errno
        }
        for source in address.sources {
            var source = clinux_address(source)
            guard clinux_udp_join(descriptor, group, &source, index) == 0 || errno == sourceIsJoined
            else { return errno }
        }
        return nil
    }

    static func error(_ line: CaptureLine, _ code: Int32) -> CaptureError {
        let isV4 = line.address.group.isV4
        let remedy =
            switch code {
            case ENOBUFS, ENOMEM:
                "raise the sysctls "
                    + (isV4
                        ? "net.ipv4.igmp_max_msf (sources of a group of one socket), "
                            + "net.ipv4.igmp_max_memberships"
                        : "net.ipv6.mld_max_msf (sources of a group of one socket)")
                    + " and net.core.optmem_max"
            case ENODEV, EADDRNOTAVAIL, ENETUNREACH, EINVAL:
                if let interface = line.address.interface {
                    isV4
                        ? "let \(interface) do IPv4: see `ip addr show \(interface)`"
                        : "let \(interface) do IPv6: sysctl "
                            + "net.ipv6.conf.\(interface).disable_ipv6=0, an MTU from 1280"
                } else {
                    "name the line's interface, or set a route to "
                        + (isV4 ? "224.0.0.0/4" : "ff00::/8")
                }
            default: "see the manual page \(isV4 ? "ip(7)" : "ipv6(7)")"
            }
        return .line(
            name: line.name,
            problem: "joining \(line.address.place): \(String(cString: strerror(code)))",
            remedy: remedy)
    }
}

extension IPAddress {
    /// Interface-local or link-local IPv6 group (RFC 4291 §2.7): one for each interface.
    var needsScope: Bool {
        !isV4 && high >> 56 == 0xFF && (1...2).contains(high >> 48 & 0xF)
    }
}
