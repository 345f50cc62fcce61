import Protocols
import Ticks
import Wire

/// A packet of a file with what `dissect` found in it.
public struct DissectedRecord {
    /// Of the packet in its file, from 1, counting every packet there.
    public var number: UInt64
    /// ns since 1970, UTC; nil if the file has none.
    public var time: UInt64?
    /// ADDRESS:PORT; empty for message files.
    public var source: String
    public var destination: String
    /// The bytes that offsets count in.
    public var payload: [UInt8]
    /// Nil if no feed fits.
    public var packet: DissectedPacket?
    /// What is odd about the packet around the payload.
    public var notes: [String]

    public init(
        number: UInt64, time: UInt64?, source: String, destination: String, payload: [UInt8],
        packet: DissectedPacket?, notes: [String] = []
    ) {
        self.number = number
        self.time = time
        self.source = source
        self.destination = destination
        self.payload = payload
        self.packet = packet
        self.notes = notes
    }

    /// What there is to say where no feed fits.
    public var problem: String { "no known protocol, \(payload.count) bytes" }
}

/// Walks files and hands out every packet with a payload, taken apart.
public final class FileDissection {
    private let guess: ProtocolGuess
    private let streamPacketLengths: [@Sendable (UnsafeRawBufferPointer) -> Int?]
    private let dissector = PacketDissector()
    /// Takes the packets whose IPv4 checksum is wrong, to show them all the same.
    private let lenient = PacketDissector(verifyIPv4Checksum: false)
    /// Packets of the files, and those of them without UDP or TCP payload.
    public private(set) var packets: UInt64 = 0
    public private(set) var withoutPayload: UInt64 = 0
    public private(set) var truncations: [(path: String, truncation: CaptureTruncation)] = []

    /// - Parameter feeds: those to choose from.
    public init(feeds: [FeedDefinition]) {
        guess = ProtocolGuess(feeds: feeds)
        streamPacketLengths = feeds.compactMap(\.transport.streamPacketLength)
    }

    /// Calls `body` for each packet until it returns false.
    public func dissect(path: String, _ body: (DissectedRecord) throws -> Bool) throws {
        switch try InputFile.open(path: path) {
        case .capture(let reader):
            defer { if let cut = reader.truncation { truncations.append((path, cut)) } }
            try dissect(reader, body)
        case .messages(let reader):
            defer { if let cut = reader.truncation { truncations.append((path, cut)) } }
            try dissect(reader, body)
        }
    }

    private func dissect(
        _ reader: CaptureReader, _ body: (DissectedRecord) throws -> Bool
    ) throws {
        var number: UInt64 = 0
        while let record = try reader.next() {
            guard case .packet(let captured) = record else { continue }
            number += 1
            packets += 1
            guard let found = payload(captured) else {
                withoutPayload += 1
                continue
            }
            let datagram = found.datagram
            let time = captured.hasTime ? captured.timeNanoseconds : nil
            var rest = datagram.payload
            repeat {
                let length = found.isTCP ? streamPacketLength(rest) : rest.count
                let payload = UnsafeRawBufferPointer(rebasing: rest.prefix(length))
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(length))
                let packet = guess.dissect(
                    payload,
                    to: ProtocolGuess.Destination(
                        address: datagram.destination, port: datagram.destinationPort,
                        isTCP: found.isTCP),
                    captureTime: time ?? 0)
                let record = DissectedRecord(
                    number: number, time: time,
                    source: "\(datagram.source):\(datagram.sourcePort)",
                    destination: "\(datagram.destination):\(datagram.destinationPort)",
                    payload: Array(payload), packet: packet, notes: found.notes)
                guard try body(record) else { return }
            } while !rest.isEmpty
        }
    }

    /// Bytes of the packet at the beginning of a TCP segment, which may hold several; all of them
    /// where no feed knows better.
    private func streamPacketLength(_ bytes: UnsafeRawBufferPointer) -> Int {
        for length in streamPacketLengths {
            if let length = length(bytes) { return max(length, 1) }
        }
        return bytes.count
    }

    /// The UDP or TCP payload of a packet; nil if there is none.
    private func payload(
        _ packet: CapturedPacket
    ) -> (datagram: Datagram, isTCP: Bool, notes: [String])? {
        switch dissector.dissect(packet) {
        case .datagram(let datagram): return (datagram, false, [])
        case .rejected(let reason):
            var notes: [String] = []
            if reason == .badIPv4Checksum {
                // Senders that leave it to their network cards capture it so.
                notes = ["the IPv4 checksum is wrong"]
                if case .datagram(let datagram) = lenient.dissect(packet) {
                    return (datagram, false, notes)
                }
            }
            guard let segment = dissector.tcpSegment(packet), !segment.payload.isEmpty else {
                return nil
            }
            return (segment, true, notes + ["TCP, not reassembled"])
        }
    }

    private func dissect(
        _ reader: MessageFileReader, _ body: (DissectedRecord) throws -> Bool
    ) throws {
        var number: UInt64 = 0
        while let (blocks, _) = try reader.next() {
            var offset = 0
            while let block = BlockFraming.mold.block(in: blocks, at: offset) {
                offset = block.end
                number += 1
                packets += 1
                let message = UnsafeRawBufferPointer(rebasing: blocks[block.message..<block.end])
                let record = DissectedRecord(
                    number: number, time: nil, source: "", destination: "",
                    payload: Array(message),
                    packet: guess.dissect(message: message, sequence: number))
                guard try body(record) else { return }
            }
        }
    }
}
