import Capture
import Wire

/// Lines, and frames for and around them, whose fate is known.
enum XDPTraffic {
    static let group = IPAddress("239.1.1.1")!
    static let group6 = IPAddress("ff3e::1:2")!

    static func line(
        _ index: UInt16, _ group: IPAddress, _ port: UInt16, sources: [String] = [],
        vlan: UInt16 = 0
    ) -> CaptureLine {
        CaptureLine(
            index: index, name: "test/\(index)",
            address: MulticastAddress(
                group: group, port: port, sources: sources.map { IPAddress($0)! },
                interface: nil, vlan: vlan))
    }

    static let lines = [
        line(0, group, 9000),
        line(1, group, 9001, sources: ["10.1.1.1", "10.1.1.2"]),
        line(2, group, 9002, vlan: 7),
        line(3, group6, 9000),
        line(4, group6, 9001, sources: ["2001:db8::1"]),
        line(5, IPAddress("239.1.1.2")!, 9000),
    ]

    static func frame(
        _ group: IPAddress, _ port: UInt16, _ mark: UInt8, bytes: Int = 40
    ) -> RawFrame {
        RawFrame(
            group: group, port: port, payload: [UInt8](repeating: mark, count: bytes))
    }

    /// What goes over the wire, and which line it must come out of, if any.
    static var traffic: [(frame: RawFrame, line: UInt16?)] {
        var options = frame(group, 9000, 2)
        options.optionBytes = 8
        var sourced = frame(group, 9001, 3)
        sourced.source = IPAddress("10.1.1.2")!
        var foreign = frame(group, 9001, 4)
        foreign.source = IPAddress("10.1.1.3")!
        var tagged = frame(group, 9002, 5)
        tagged.tags = [(0x8100, 7 | 0x6000)]
        var twice = tagged
        twice.payload = [UInt8](repeating: 6, count: 33)
        twice.tags = [(0x88A8, 7), (0x8100, 99)]
        var otherTag = tagged
        otherTag.tags = [(0x8100, 8)]
        var tooTagged = frame(group, 9000, 7)
        tooTagged.tags = [(0x8100, 7)]
        var first = frame(group, 9000, 8)
        first.fragment = 0x2000
        var later = first
        later.fragment = 5
        var elsewhere = first
        elsewhere.group = IPAddress("239.9.9.9")!
        var six = frame(group6, 9000, 9)
        six.source = IPAddress("2001:db8::7")!
        var sourcedSix = frame(group6, 9001, 10)
        sourcedSix.source = IPAddress("2001:db8::1")!
        var foreignSix = sourcedSix
        foreignSix.source = IPAddress("2001:db8::1:1")!
        var fragmentSix = six
        fragmentSix.nextHeader = 44
        // Only the last word of the group is the same.
        var nearlySix = six
        nearlySix.group = IPAddress("ff3f::1:2")!
        return [
            (frame(group, 9000, 1), 0), (options, 0), (sourced, 1), (foreign, nil), (tagged, 2),
            (twice, 2), (otherTag, nil), (tooTagged, nil), (frame(group, 9002, 7), nil),
            (first, nil), (later, nil), (elsewhere, nil), (six, 3), (sourcedSix, 4),
            (foreignSix, nil), (fragmentSix, nil), (nearlySix, nil), (frame(group, 9999, 11), nil),
            (frame(IPAddress("239.1.1.3")!, 9000, 12), nil),
            (frame(IPAddress("239.1.1.2")!, 9000, 13), 5), (frame(group, 9000, 14, bytes: 0), 0),
        ]
    }

    static let expectedDrops: [String: UInt64] = [
        "wrong port": 1, "wrong source": 2, "wrong VLAN": 3, "fragment": 3, "oversize": 0,
        "queue without a socket": 0,
    ]

    /// ARP and a runt.
    static var noise: [[UInt8]] {
        let broadcast = [UInt8](repeating: 0xFF, count: 6) + [2, 0, 0, 0, 0, 1]
        let request: [UInt8] = [0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1]
        return [
            broadcast + request + [UInt8](repeating: 0, count: 34),
            broadcast + [0x08, 0x00, 0x45],
        ]
    }
}
