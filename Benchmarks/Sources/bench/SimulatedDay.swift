import CReference
import Foundation
import Simulation
import Ticks

/// A simulated ITCH 5.0 day in memory: message blocks as MoldUDP64 and message files frame them, cut
/// into packets.
final class SimulatedDay {
    static let symbols = 8_000
    /// Of ITCH messages, that many fill an Ethernet frame.
    static let messagesPerPacket = 27
    /// Length field and longest message.
    private static let blockBytesMax = 52

    let messages: Int
    let midnight: UInt64
    let bytes: UnsafeMutableRawBufferPointer
    /// Of `bytes`, those that hold blocks.
    let byteCount: Int
    let packets: [reference_packet]

    init(messages: Int, seed: UInt64) throws {
        self.messages = messages
        let date = try TradingDay(parsing: Settings.date)
        midnight = date.midnightNanoseconds
        bytes = .allocate(byteCount: messages * Self.blockBytesMax, alignment: 64)
        var day = try ITCH50Day(
            ITCH50DayConfiguration(
                messages: messages, symbols: Self.symbols, seed: seed, date: date))
        var message: [UInt8] = []
        var packets: [reference_packet] = []
        packets.reserveCapacity(messages / Self.messagesPerPacket + 1)
        var packet = reference_packet(offset: 0, size: 0, messages: 0)
        var offset = 0
        while day.next(into: &message) {
            bytes[offset] = UInt8(message.count >> 8)
            bytes[offset + 1] = UInt8(message.count & 0xFF)
            UnsafeMutableRawBufferPointer(rebasing: bytes[(offset + 2)...])
                .copyBytes(from: message)
            offset += 2 + message.count
            packet.messages += 1
            if packet.messages == Self.messagesPerPacket {
                packet.size = UInt32(offset - Int(packet.offset))
                packets.append(packet)
                packet = reference_packet(offset: UInt64(offset), size: 0, messages: 0)
            }
            message.removeAll(keepingCapacity: true)
        }
        if packet.messages > 0 {
            packet.size = UInt32(offset - Int(packet.offset))
            packets.append(packet)
        }
        self.packets = packets
        byteCount = offset
    }

    deinit { bytes.deallocate() }

    var blocks: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[0..<byteCount])
    }

    /// Runs `body` with the first byte and the packets, as C takes them.
    func withPackets<Result>(
        _ range: Range<Int>,
        _ body: (UnsafePointer<UInt8>, UnsafePointer<reference_packet>, Int) -> Result
    ) -> Result {
        packets.withUnsafeBufferPointer { packets in
            guard let first = packets.baseAddress,
                let base = blocks.bindMemory(to: UInt8.self).baseAddress
            else { preconditionFailure("a day has messages") }
            return body(base, first + range.lowerBound, range.count)
        }
    }

    func write(to url: URL) throws {
        try Data(
            bytesNoCopy: bytes.baseAddress!, count: byteCount, deallocator: .none
        ).write(to: url)
    }

    var parameters: [(String, String)] {
        [
            ("messages", grouped(messages)), ("symbols", grouped(Self.symbols)),
            ("messages a packet", "\(Self.messagesPerPacket)"),
        ]
    }
}

/// A hash over all bytes of ticks.
struct TickDigest {
    private(set) var value: UInt64 = 0x9E37_79B9_7F4A_7C15
    private(set) var count = 0

    mutating func add(_ ticks: UnsafeBufferPointer<Tick>) {
        for word in UnsafeRawBufferPointer(ticks).bindMemory(to: UInt64.self) { add(word) }
        count += ticks.count
    }

    mutating func add(_ word: UInt64) {
        value = (value ^ word) &* 0xD6E8_FEB8_6659_FD93
        value ^= value >> 32
    }
}
