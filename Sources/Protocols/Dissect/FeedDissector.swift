import Wire

/// Takes packets of one feed apart: its transport, then its messages.
public struct FeedDissector {
    public let feed: FeedDefinition
    public let description: ProtocolDescription
    private let messages: MessageDissector
    /// How messages lie inside a block, where the channel numbers packets.
    private let inner: BlockFraming?

    public init(_ feed: FeedDefinition) {
        self.feed = feed
        description = feed.description()
        messages = MessageDissector(description, feed: feed.name)
        inner = BlockFraming(description: description.inner)
    }

    /// A payload as the feed's transport reads it. `isRejected` if it is no packet of it.
    public func dissect(_ payload: UnsafeRawBufferPointer) -> DissectedPacket {
        switch feed.transport.parse(payload, TransportOptions()) {
        case .rejected(let reason):
            var packet = DissectedPacket(
                feed: feed.name, transport: feed.transport.name, kind: DissectedPacket.rejected)
            packet.problems = ["the transport refuses it: \(reason.text)"]
            return packet
        case .packet(let transport):
            return dissect(transport, payload)
        }
    }

    /// One message without a packet around it, as message files have them.
    public func dissect(message: UnsafeRawBufferPointer, sequence: UInt64) -> DissectedPacket {
        var packet = DissectedPacket(feed: feed.name, transport: "file", kind: "data")
        packet.sequence = sequence
        packet.announcedMessages = 1
        packet.messages = [messages.dissect(message, at: 0, sequence: sequence)]
        return packet
    }

    private func dissect(
        _ transport: TransportPacket, _ payload: UnsafeRawBufferPointer
    ) -> DissectedPacket {
        var packet = DissectedPacket(
            feed: feed.name, transport: feed.transport.name, kind: "\(transport.kind)")
        packet.sequence = transport.firstSequence
        packet.announcedMessages = transport.announcedCount
        packet.trailingBytes = transport.trailingBytes
        (packet.header, packet.contradictions) = messages.header(payload)
        if packet.header.isEmpty { packet.header = Self.header(transport) }
        var start = 0
        if let blocks = transport.blocks.baseAddress, let base = payload.baseAddress {
            start = blocks - base
        }
        var offset = 0
        var count = 0
        while count < transport.messageCount,
            let block = feed.transport.framing.block(in: transport.blocks, at: offset)
        {
            let bytes = UnsafeRawBufferPointer(
                rebasing: transport.blocks[block.message..<block.end])
            let sequence: UInt64
            switch (transport.kind, feed.transport.unit) {
            case (.data, .messages): sequence = transport.firstSequence &+ UInt64(count)
            default: sequence = transport.firstSequence
            }
            if let inner {
                take(bytes, framing: inner, at: start + block.message, sequence, &packet)
            } else {
                packet.messages.append(
                    messages.dissect(bytes, at: start + block.message, sequence: sequence))
            }
            offset = block.end
            count += 1
        }
        if transport.announcedCount == 0 { takeUncounted(payload, &packet) }
        if transport.messageCount < transport.announcedCount {
            packet.problems.append(
                "\(transport.announcedCount) messages are announced, \(transport.messageCount) lie "
                    + "whole")
        }
        return packet
    }

    /// Heartbeats may be messages themselves, which the transport reads and hands on to nobody (line
    /// integrity, sequence, control).
    private func takeUncounted(_ payload: UnsafeRawBufferPointer, _ packet: inout DissectedPacket) {
        let start = messages.headerSize
        guard start > 0, payload.count > start else { return }
        let body = UnsafeRawBufferPointer(rebasing: payload[start...])
        let framing = inner ?? feed.transport.framing
        var offset = 0
        while offset < body.count, let block = framing.block(in: body, at: offset) {
            packet.messages.append(
                messages.dissect(
                    UnsafeRawBufferPointer(rebasing: body[block.message..<block.end]),
                    at: start + block.message, sequence: 0))
            offset = block.end
        }
        packet.trailingBytes = max(0, packet.trailingBytes - offset)
    }

    /// The messages of a packet of a channel that numbers packets.
    private func take(
        _ block: UnsafeRawBufferPointer, framing: BlockFraming, at start: Int, _ sequence: UInt64,
        _ packet: inout DissectedPacket
    ) {
        var offset = min(description.innerAfter, block.count)
        let body = UnsafeRawBufferPointer(rebasing: block[offset...])
        let skipped = offset
        offset = 0
        while offset < body.count, let message = framing.block(in: body, at: offset) {
            packet.messages.append(
                messages.dissect(
                    UnsafeRawBufferPointer(rebasing: body[message.message..<message.end]),
                    at: start + skipped + message.message, sequence: sequence))
            offset = message.end
        }
        guard offset < body.count else { return }
        packet.trailingBytes += body.count - offset
        // Zeros behind the last message pad the packet; anything else is a message cut off.
        if body[offset...].contains(where: { $0 != 0 }) {
            packet.problems.append("the message at \(start + skipped + offset) is cut")
        }
    }

    /// What the transport knows, for descriptions without a header.
    private static func header(_ transport: TransportPacket) -> [DissectedField] {
        func field(_ name: String, _ value: UInt64) -> DissectedField {
            DissectedField(
                name: name, offset: 0, length: 0,
                value: .number(WireNumber(bits: value, isSigned: false)))
        }
        return [
            field("sequence", transport.firstSequence),
            field("count", UInt64(transport.announcedCount)),
        ]
    }
}

extension BlockFraming {
    /// `u16le@0 inclusive`, `u16be@0 exclusive`; nil for anything else.
    init?(description: String) {
        let words = description.split(separator: " ")
        guard words.count == 2, words[0].first == "u", let at = words[0].firstIndex(of: "@"),
            let offset = Int(words[0][words[0].index(after: at)...]),
            let bits = Int(words[0].dropFirst().prefix { $0.isNumber }), bits % 8 == 0
        else { return nil }
        let bigEndian = words[0][..<at].hasSuffix("be")
        self =
            words[1] == "inclusive"
            ? .inclusive(at: offset, width: bits / 8, bigEndian: bigEndian)
            : .prefixed(width: bits / 8, bigEndian: bigEndian)
    }
}
