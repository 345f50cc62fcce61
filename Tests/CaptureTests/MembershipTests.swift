import Foundation
import Simulation
import Testing
import Wire

@testable import Capture

/// IPv4 groups that the kernel lists for loopback, as it writes them.
private func listedGroups() throws -> String {
    try String(contentsOfFile: "/proc/thread-self/net/igmp", encoding: .utf8)
}

private func kernelForm(_ group: IPAddress) -> String {
    let text = String(group.v4!.byteSwapped, radix: 16, uppercase: true)
    return String(repeating: "0", count: 8 - text.count) + text
}

@Suite struct MembershipTests {
    /// Linux allows one socket 20.
    @Test func twentyFiveGroupsOnOneInterface() throws {
        let lines = (1...25).map { line("239.201.1.\($0)", index: UInt16($0)) }
        var membership: MulticastMembership? = try MulticastMembership(lines: lines)
        #expect(membership?.companions.count == 2)
        let joined = try listedGroups()
        #expect(lines.allSatisfy { joined.contains(kernelForm($0.address.group)) })
        #expect(membership?.check() == [])
        membership = nil
        // A process that another test starts holds copies of all descriptors until it executes.
        var areLeft = false
        for _ in 0..<2000 where !areLeft {
            let left = try listedGroups()
            areLeft = lines.allSatisfy { !left.contains(kernelForm($0.address.group)) }
            if !areLeft { usleep(1000) }
        }
        #expect(areLeft)
    }

    @Test func linesShareTheMembershipOfTheirGroup() throws {
        let membership = try MulticastMembership(lines: [
            line("239.201.3.1", port: 1, sources: ["10.0.0.1"], index: 0),
            line("239.201.3.1", port: 2, sources: ["10.0.0.2", "10.0.0.1"], index: 1),
            line("239.201.3.2", port: 3, sources: ["10.0.0.2"], index: 2),
            line("239.201.3.2", port: 4, index: 3),
        ])
        #expect(membership.members.map(\.lines) == [[0, 1], [2, 3]])
        #expect(membership.members.map(\.sources.count) == [2, 0])
        #expect(membership.check() == [])
    }

    @Test func readsTheKernelsTables() {
        let v4 = """
            Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter
            1\tlo        :     1      V3
            \t\t\t\t010000E0     1 0:00000000\t\t0
            4\teth0      :     2      V3
            \t\t\t\t0101C0EF     1 0:00000000\t\t0
            \t\t\t\t010000E0     1 0:00000000\t\t0

            """
        #expect(
            MembershipTable.parseV4(v4) == [
                .init(interface: 1, group: IPAddress("224.0.0.1")!),
                .init(interface: 4, group: IPAddress("239.192.1.1")!),
                .init(interface: 4, group: IPAddress("224.0.0.1")!),
            ])
        let v6 = "4    eth0            ff0200000000000000000001ff000002     1 00000004 0\n"
        #expect(
            MembershipTable.parseV6(v6) == [
                .init(interface: 4, group: IPAddress("ff02::1:ff00:2")!)
            ])
    }
}

/// What needs interfaces that may be broken.
@Suite(.enabled(if: NetworkNamespace.isAllowed, "\(NetworkNamespace.skipped)"))
struct NamespaceTests {
    private static let setUp = """
        ip link set lo up
        \(makeInterface)
        """
    private static let makeInterface = """
        ip link add tlu0 type veth peer name tlu1
        ip link set tlu0 addrgenmode none
        ip link set tlu0 up
        ip link set tlu1 up
        ip addr add 10.9.8.7/24 dev tlu0
        \(addIPv6)
        """
    private static let addIPv6 = """
        ip addr add fe80::7/64 dev tlu0 nodad
        ip addr add fd00::7/64 dev tlu0 nodad
        \(untilReady)
        """
    /// The kernel makes IPv6 ready on a link some moments after it came up.
    private static let untilReady = """
        for turn in $(seq 500); do
            if ip -6 route show table local dev tlu0 | grep -q ff00::/8; then break; fi
            sleep 0.01
        done
        """

    /// Link-local, site-local and interface-local groups; from one source where it is listed.
    @Test(arguments: SocketMethod.allCases)
    func receivesIPv6(_ method: SocketMethod) throws {
        for (group, sources, source) in [
            ("ff02::1:101", [], "fe80::7"), ("ff05::1:102", [], "fd00::7"),
            ("ff01::1:103", [], "fe80::7"),
            ("ff35::1:104", ["fd00::8", "fd00::7"], "fd00::7"),
        ] {
            let line = line(group, sources: sources, interface: "tlu0")
            let tap = CollectingTap()
            let sent = payloads(100)
            let taken = try NetworkNamespace.run(Self.setUp) {
                let taker = Taker(try method.open(line, tap: tap))
                let sender = LoopbackSender(to: line.address)!
                for payload in sent { sender.send(payload) }
                return try taker.take(100).map(\.bytes)
            }
            let areEqual = taken == sent
            #expect(areEqual, "\(group): \(taken.count) datagrams")
            let datagrams = tap.packets.map { $0.datagram() }
            let areTapped = datagrams.map { $0?.payload } == sent
            #expect(areTapped, "\(group): \(datagrams.count) packets")
            #expect(datagrams.allSatisfy { $0?.destination == line.address.group })
            #expect(datagrams.allSatisfy { $0?.source == IPAddress(source) })
        }
    }

    @Test(arguments: SocketMethod.allCases)
    func keepsUnlistedIPv6SourcesOut(_ method: SocketMethod) throws {
        let line = line("ff35::1:105", sources: ["fd00::99"], interface: "tlu0")
        let count = try NetworkNamespace.run(Self.setUp) {
            let taker = Taker(try method.open(line))
            let sender = LoopbackSender(to: line.address)!
            for payload in payloads(10) { sender.send(payload) }
            return try taker.poll()
        }
        #expect(count == 0)
    }

    /// Linux allows one socket 10 of a group. In a namespace, because the kernel's table of sources
    /// only begins at a device's newest group.
    @Test func twentyFiveSourcesOfOneGroup() throws {
        let group = line("239.201.2.1", sources: (1...25).map { "10.77.0.\($0)" })
        let (filters, events) = try NetworkNamespace.run("ip link set lo up") {
            let membership = try MulticastMembership(lines: [group])
            let table = try String(
                contentsOfFile: "/proc/thread-self/net/mcfilter", encoding: .utf8)
            return (table, membership.check())
        }
        #expect(filters.components(separatedBy: "0xefc90201").count - 1 == 25)
        #expect(filters.contains("0x0a4d0019"))
        #expect(events == [])
    }

    @Test func sendsToIPv6Groups() throws {
        let line = line("ff02::1:106", interface: "tlu0")
        let bytes = try NetworkNamespace.run(Self.setUp) {
            let taker = Taker(try SocketSource(line: line, options: CaptureOptions()))
            for interface in ["tlu0", "10.9.8.7"] {
                var sender = try MulticastSender(
                    lines: [LineAddress(group: "ff02::1:106", port: 26_500, source: "fe80::7")],
                    interface: interface, pace: .unlimited)
                try sender.send(LineDelivery(line: 0, time: 0, payload: Array(interface.utf8)))
            }
            return try taker.take(2).map { String(decoding: $0.bytes, as: UTF8.self) }
        }
        #expect(bytes == ["tlu0", "10.9.8.7"])
    }

    /// A link that goes down and comes back, an interface that is made anew, and interfaces that lose
    /// their IP configuration, as a small packet size makes them: the same sockets receive again each
    /// time.
    @Test(arguments: SocketMethod.allCases)
    func rejoinsWhatIsLost(_ method: SocketMethod) throws {
        let lines = [
            line("239.201.5.1", interface: "tlu0", index: 0),
            line("ff02::1:501", interface: "tlu0", index: 1),
            line("239.201.5.3", interface: "lo", index: 2),
        ]
        let seen = line("239.201.5.2", sources: ["10.9.8.7"], interface: "tlu0", index: 3)
        let steps = try NetworkNamespace.run(Self.setUp) { () throws -> [Step] in
            let takers = try lines.map { Taker(try method.open($0)) }
            let sockets = takers.flatMap { taker in
                (taker.source as? UringSource)?.sockets
                    ?? [(taker.source as! SocketSource).socket]
            }
            let membership = try MulticastMembership(lines: [seen], sockets: sockets)
            return try Self.breakages.map { what, commands in
                try NetworkNamespace.shell(commands)
                let events = membership.check()
                // A byte for each line: arrived or not.
                let arrived = try zip(lines, takers).map { line, taker in
                    LoopbackSender(to: line.address)?.send([1]) == true
                        ? try taker.take(1).count : 0
                }
                return Step(what: what, arrived: arrived, events: events)
            }
        }
        let down = MembershipEvent.linkDown(interface: "tlu0", lines: [0, 1, 3])
        let up = MembershipEvent.linkUp(interface: "tlu0", lines: [0, 1, 3])
        let rejoined = MembershipEvent.rejoined(interface: "tlu0", lines: [0, 1, 3])
        #expect(
            steps == [
                Step(what: "start", arrived: [1, 1, 1], events: []),
                Step(what: "down", arrived: [0, 0, 1], events: [down]),
                Step(what: "still down", arrived: [0, 0, 1], events: []),
                Step(what: "up", arrived: [1, 1, 1], events: [up, rejoined]),
                Step(what: "flap", arrived: [1, 1, 1], events: [down, up, rejoined]),
                Step(what: "made anew", arrived: [1, 1, 1], events: [down, up, rejoined]),
                Step(
                    what: "no IPv6", arrived: [1, 0, 1],
                    events: [
                        .membershipLost(interface: "tlu0", lines: [1]),
                        .rejoinFailed(interface: "tlu0", lines: [1], code: EINVAL),
                    ]),
                Step(
                    what: "IPv6", arrived: [1, 1, 1],
                    events: [.rejoined(interface: "tlu0", lines: [1])]),
                Step(
                    what: "no IPv4", arrived: [1, 1, 0],
                    events: [
                        .membershipLost(interface: "lo", lines: [2]),
                        .rejoinFailed(interface: "lo", lines: [2], code: ENODEV),
                    ]),
                Step(
                    what: "IPv4", arrived: [1, 1, 1],
                    events: [.rejoined(interface: "lo", lines: [2])]),
                Step(what: "end", arrived: [1, 1, 1], events: []),
            ])
    }

    private struct Step: Equatable {
        var what: String
        var arrived: [Int]
        var events: [MembershipEvent]
    }

    private static let breakages = [
        ("start", ""),
        ("down", "ip link set tlu0 down"),
        ("still down", ""),
        ("up", "ip link set tlu0 up; \(addIPv6)"),
        ("flap", "ip link set tlu1 down; ip link set tlu1 up; \(untilReady)"),
        ("made anew", "ip link del tlu0; \(makeInterface)"),
        ("no IPv6", "ip link set tlu0 mtu 1000"),
        ("IPv6", "ip link set tlu0 mtu 1500; \(addIPv6)"),
        ("no IPv4", "ip link set lo mtu 60"),
        ("IPv4", "ip link set lo mtu 65536; ip addr add 127.0.0.1/8 dev lo"),
        ("end", ""),
    ]
}
