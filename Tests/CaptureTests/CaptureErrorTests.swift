import CLinux
import Glibc
import Testing
import Wire

@testable import Capture

/// Each names the line, the problem and what to do.
@Suite struct CaptureErrorTests {
    private func error(_ line: CaptureLine, _ method: SocketMethod = .socket) -> String {
        do {
            _ = try method.open(line)
            return "opened"
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: SocketMethod.allCases)
    func linesThatCannotBeOpened(_ method: SocketMethod) {
        #expect(
            error(line("10.1.2.3"), method)
                == "line test/0: 10.1.2.3 is not a multicast group: use an address of "
                + "224.0.0.0/4 or ff00::/8")
        #expect(
            error(line("239.200.20.1", interface: "no-such-0"), method)
                == "line test/0: no interface 'no-such-0': see `ip link` for names")
        #expect(
            error(line("239.200.20.1", sources: ["fe80::1"]), method)
                == "line test/0: fe80::1 cannot be a source of 239.200.20.1: use a unicast IPv4 "
                + "address")
        #expect(
            error(line("ff02::1:1", interface: nil), method)
                == "line test/0: ff02::1:1 means something else on every interface: name the "
                + "line's interface")
    }

    @Test func membershipsNeedTheSame() {
        #expect(throws: CaptureError.self) { try MulticastMembership(lines: [line("10.1.2.3")]) }
        #expect(throws: CaptureError.self) {
            try MulticastMembership(lines: [line("239.200.20.1", interface: "no-such-0")])
        }
    }

    @Test func moreSourcesThanOneSocketMayJoin() {
        let many = line("239.200.20.2", sources: (1...40).map { "127.0.1.\($0)" })
        let text = error(many)
        #expect(text.hasPrefix("line test/0: joining 239.200.20.2:26500 on lo: "), "\(text)")
        #expect(text.contains("net.ipv4.igmp_max_msf"))
    }

    /// Another program that does not share the port.
    @Test func portInUse() throws {
        let taken = line("239.200.20.3", port: 26_777)
        let other = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(other) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = UInt16(26_777).bigEndian
        let isBound = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(other, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        try #require(isBound)
        #expect(
            error(taken)
                == "line test/0: 239.200.20.3:26777 on lo: bind: Address already in use: end the "
                + "program that holds the port for itself: see `ss -ulpn sport = :26777`")
    }

    @Test(.enabled(if: NetworkNamespace.isAllowed, "\(NetworkNamespace.skipped)"))
    func interfaceThatIsDown() throws {
        let text = try NetworkNamespace.run("ip link add tlu0 type veth peer name tlu1") {
            error(line("239.200.20.4", interface: "tlu0"))
        }
        #expect(text == "line test/0: interface 'tlu0' is down: ip link set tlu0 up")
    }

    @Test(.enabled(if: NetworkNamespace.isAllowed, "\(NetworkNamespace.skipped)"))
    func interfaceWithoutIP() throws {
        let setUp = """
            ip link set lo up mtu 60
            ip link add tlu0 type veth peer name tlu1
            ip link set tlu0 up mtu 1000
            """
        let texts = try NetworkNamespace.run(setUp) {
            [error(line("239.200.20.5")), error(line("ff02::1:205", interface: "tlu0"))]
        }
        #expect(
            texts == [
                "line test/0: joining 239.200.20.5:26500 on lo: No such device: let lo do IPv4: "
                    + "see `ip addr show lo`",
                "line test/0: joining [ff02::1:205]:26500 on tlu0: Invalid argument: let tlu0 do "
                    + "IPv6: sysctl net.ipv6.conf.tlu0.disable_ipv6=0, an MTU from 1280",
            ])
    }

    @Test(.enabled(if: NetworkNamespace.isAllowed, "\(NetworkNamespace.skipped)"))
    func noRouteToTheGroup() throws {
        let text = try NetworkNamespace.run("ip link set lo up") {
            error(line("239.200.20.6", interface: nil))
        }
        #expect(
            text == "line test/0: joining 239.200.20.6:26500: No such device: name the line's "
                + "interface, or set a route to 224.0.0.0/4")
    }
}
