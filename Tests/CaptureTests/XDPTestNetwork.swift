import Foundation
import Testing
import Wire

/// A network namespace of its own with a pair of virtual Ethernet interfaces, `name`0 and `name`1.
final class XDPTestNetwork: Sendable {
    let name: String
    var near: String { "\(name)0" }
    var far: String { "\(name)1" }

    static let isRoot = geteuid() == 0

    /// `name` of at most 14 bytes.
    init(_ name: String, mtu: Int = 1500, queues: Int = 1) throws {
        self.name = name
        try Self.run("ip netns add \(name)")
        try inside("ip link set lo up")
        let counts = "numrxqueues \(queues) numtxqueues \(queues)"
        try inside("ip link add \(near) mtu \(mtu) \(counts) type veth peer name \(far) \(counts)")
        try inside("ip link set \(far) mtu \(mtu)")
        for interface in [near, far] {
            try inside("sysctl -qw net.ipv6.conf.\(interface).disable_ipv6=1")
            try inside("ethtool -K \(interface) rxvlan off txvlan off")
            try inside("ip link set \(interface) up")
        }
    }

    /// Not left to the last reference, which a finished thread may hold.
    func remove() { _ = try? Self.run("ip netns del \(name)") }

    /// Runs a command of blank-separated words. Throws if it fails.
    @discardableResult
    static func run(_ command: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command.split(separator: " ").map(String.init)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(text: "\(command): \(text)") }
        return text
    }

    @discardableResult
    func inside(_ command: String) throws -> String {
        try Self.run("ip netns exec \(name) \(command)")
    }

    /// Runs `body` on a thread of its own that lives in the namespace.
    func enter<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
        try Self.enter(name, body)
    }

    static func enter<Result: Sendable>(
        _ name: String, _ body: @escaping @Sendable () throws -> Result
    ) throws -> Result {
        let box = Box<Result>()
        let done = DispatchSemaphore(value: 0)
        Thread {
            box.result = Swift.Result {
                try moveThread(to: name)
                return try body()
            }
            done.signal()
        }.start()
        done.wait()
        return try box.result!.get()
    }

    /// setns(2), which the C library's module does not have.
    private static func moveThread(to name: String) throws {
        typealias Call = @convention(c) (Int32, Int32) -> Int32
        let setns = unsafeBitCast(dlsym(nil, "setns"), to: Call.self)
        let descriptor = open("/var/run/netns/\(name)", O_RDONLY)
        defer { close(descriptor) }
        guard setns(descriptor, 0) == 0 else { throw Failure(text: "setns: \(errno)") }
    }

    struct Failure: Error { var text: String }

    private final class Box<Value>: @unchecked Sendable {
        var result: Result<Value, any Error>?
    }
}

/// Sends whole frames out of an interface (AF_PACKET).
final class RawSender {
    private let descriptor: Int32
    private var address = [UInt8](repeating: 0, count: 20)

    init(_ interface: String) throws {
        descriptor = socket(17, Int32(SOCK_RAW.rawValue), 0)
        let index = Int32(if_nametoindex(interface))
        guard descriptor >= 0, index > 0 else {
            throw XDPTestNetwork.Failure(text: "AF_PACKET on \(interface): \(errno)")
        }
        // struct sockaddr_ll: family, protocol, index, hardware type, packet type, address length.
        address.withUnsafeMutableBytes {
            $0.storeBytes(of: 17, as: UInt16.self)
            $0.storeBytes(of: index, toByteOffset: 4, as: Int32.self)
        }
    }

    deinit { close(descriptor) }

    func send(_ frame: [UInt8]) throws {
        let sent = address.withUnsafeBytes {
            sendto(
                descriptor, frame, frame.count, 0,
                $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), 20)
        }
        guard sent == frame.count else {
            throw XDPTestNetwork.Failure(text: "sendto: \(sent), \(errno)")
        }
    }
}

/// Receives whole frames that an interface gives to the stack (AF_PACKET), without VLAN tags.
final class RawReceiver {
    private let descriptor: Int32

    init(_ interface: String) throws {
        let everything = Int32(UInt16(0x0003).bigEndian)
        descriptor = socket(
            17, Int32(SOCK_RAW.rawValue) | Int32(SOCK_NONBLOCK.rawValue), everything)
        var address = [UInt8](repeating: 0, count: 20)
        address.withUnsafeMutableBytes {
            $0.storeBytes(of: 17, as: UInt16.self)
            $0.storeBytes(of: UInt16(0x0003).bigEndian, toByteOffset: 2, as: UInt16.self)
            $0.storeBytes(
                of: Int32(if_nametoindex(interface)), toByteOffset: 4, as: Int32.self)
        }
        let bound = address.withUnsafeBytes {
            bind(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), 20)
        }
        guard bound == 0 else {
            throw XDPTestNetwork.Failure(text: "AF_PACKET on \(interface): \(errno)")
        }
    }

    deinit { close(descriptor) }

    /// What is there by now.
    func frames() -> [[UInt8]] {
        var found: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count >= 0 {
            found.append(Array(buffer[..<count]))
        }
        return found
    }
}

/// Frames as bytes, also such as no stack would send.
struct RawFrame {
    var group: IPAddress
    var port: UInt16
    var source = IPAddress("10.1.1.1")!
    var tags: [(type: UInt16, vlan: UInt16)] = []
    var optionBytes = 0
    /// Flags and offset of the IPv4 header.
    var fragment: UInt16 = 0
    /// Of the IPv6 header.
    var nextHeader: UInt8 = 17
    var payload: [UInt8]

    var bytes: [UInt8] {
        var frame: [UInt8] = [0x01, 0, 0x5E, 1, 1, 1, 2, 0, 0, 0, 0, 1]
        for tag in tags { frame += big(tag.type) + big(tag.vlan) }
        let udp = big(UInt16(5000)) + big(port) + big(UInt16(8 + payload.count)) + [0, 0] + payload
        guard let to = group.v4, let from = source.v4 else {
            frame +=
                big(UInt16(0x86DD)) + [0x60, 0, 0, 0] + big(UInt16(udp.count)) + [nextHeader, 16]
            for address in [source, group] {
                for half in [address.high, address.low] { frame += big(half) }
            }
            return frame + udp
        }
        var header: [UInt8] = [UInt8(0x45 + optionBytes / 4), 0]
        header += big(UInt16(20 + optionBytes + udp.count)) + [0, 1] + big(fragment)
        header += [16, 17, 0, 0] + big(from) + big(to)
        header += [UInt8](repeating: 1, count: optionBytes)
        var sum = 0
        for index in stride(from: 0, to: header.count, by: 2) {
            sum += Int(header[index]) << 8 | Int(header[index + 1])
        }
        while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
        header.replaceSubrange(10..<12, with: big(~UInt16(sum)))
        return frame + big(UInt16(0x0800)) + header + udp
    }

    private func big<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}
