import CPcap
import Foundation
import TestSupport
import Testing
import Wire

@testable import Capture

/// A network namespace of its own with a pair of virtual Ethernet interfaces: what is sent on "tlpa"
/// comes in on "tlpb". Needs root. Gone when the object is.
final class PacketNetwork {
    static let isPossible = geteuid() == 0 && output(of: "ip", ["-V"]) != nil

    private let namespace: String

    init(mtu: Int = 1500) throws {
        namespace =
            "tlp-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0...9999))"
        try Self.ip("netns", "add", namespace)
        try ip(
            "link", "add", "tlpa", "mtu", "\(mtu)", "type", "veth", "peer", "name", "tlpb",
            "mtu", "\(mtu)")
        for interface in ["lo", "tlpa", "tlpb"] { try ip("link", "set", interface, "up") }
    }

    deinit { _ = output(of: "ip", ["netns", "del", namespace]) }

    func ip(_ arguments: String...) throws {
        try #require(output(of: "ip", ["-n", namespace] + arguments) != nil, "ip \(arguments)")
    }

    private static func ip(_ arguments: String...) throws {
        try #require(output(of: "ip", arguments) != nil, "ip \(arguments)")
    }

    /// Runs `body` with the thread inside the namespace: sockets belong to where they are made.
    func inside(_ body: () throws -> Void) throws {
        // setns(2) is a GNU call, which Swift does not import.
        typealias Call = @convention(c) (Int32, Int32) -> Int32
        let enter = unsafeBitCast(dlsym(nil, "setns"), to: Call.self)
        let outside = open("/proc/thread-self/ns/net", O_RDONLY)
        let inside = open("/run/netns/\(namespace)", O_RDONLY)
        defer {
            // A thread that stays in the wrong place would spoil other tests.
            precondition(enter(outside, 0) == 0)
            close(outside)
            close(inside)
        }
        try #require(enter(inside, 0) == 0)
        try body()
    }
}

/// Puts frames on a wire as they are.
final class FrameSender {
    private let handle: OpaquePointer

    init(_ interface: String = "tlpa") throws {
        handle = try #require(pcap_create(interface, nil) ?? nil)
        try #require(pcap_activate(handle) >= 0)
    }

    deinit { pcap_close(handle) }

    func send(_ frame: [UInt8]) throws {
        try #require(pcap_inject(handle, frame, frame.count) == Int32(frame.count))
    }
}

/// What a test got from a source.
struct Received: Equatable {
    var line: UInt16
    var payload: [UInt8]
}

/// The payload that ends a run of frames.
let lastPayload: [UInt8] = Array("the end".utf8)

extension PacketSource {
    /// Takes and gives back datagrams until the one with `lastPayload`, or for so long that it cannot
    /// come any more.
    func receiveAll(batch: Int = 16) throws -> [Received] {
        let datagrams = UnsafeMutablePointer<CapturedDatagram>.allocate(capacity: batch)
        defer { datagrams.deallocate() }
        var received: [Received] = []
        for _ in 0..<200 {
            while true {
                let count = try poll(into: datagrams, capacity: batch)
                if count == 0 { break }
                for index in 0..<count {
                    let payload = [UInt8](datagrams[index].payload)
                    if payload == lastPayload {
                        release(datagrams, count: count)
                        return received
                    }
                    received.append(Received(line: datagrams[index].line, payload: payload))
                }
                release(datagrams, count: count)
            }
            var waiting = pollfd(fd: fileDescriptors[0], events: Int16(POLLIN), revents: 0)
            _ = Glibc.poll(&waiting, 1, 50)
        }
        Issue.record("the last datagram has not come")
        return received
    }

    /// Returns when so many packets are lost, or cannot be any more.
    func awaitDrops(_ count: UInt64) {
        for _ in 0..<200 where readDrops()[0].value < count { _ = Glibc.poll(nil, 0, 10) }
    }
}

func captureLine(
    _ index: UInt16, _ group: String, _ port: UInt16 = 5000, sources: [String] = [],
    vlan: UInt16 = 0
) -> CaptureLine {
    CaptureLine(
        index: index, name: "test/\(index)",
        address: MulticastAddress(
            group: IPAddress(group)!, port: port, sources: sources.map { IPAddress($0)! },
            vlan: vlan))
}
