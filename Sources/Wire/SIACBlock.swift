import Ticks

/// The block in which CTA and OPRA send their messages: the two differ in a byte of the header and
/// in letters (others.md §3, §5).
struct SIACBlock: Sendable {
    let headerSize: Int
    /// The header's third field: which feed this is.
    let feed: UInt8
    let versions: ClosedRange<UInt8>
    let sequenceOffset: Int
    let countOffset: Int
    /// Seconds since 1970, then nanoseconds, 32 bits each.
    let timeOffset: Int
    let checksumOffset: Int
    let framing: BlockFraming
    /// Where category and type stand in a message, and the category of control messages.
    let categoryOffset: Int
    let typeOffset: Int
    let control: UInt8
    let startOfDay: UInt8
    let reset: UInt8
    let lineIntegrity: UInt8

    static let retransmissionOffset = 4
    static let retransmitted = UInt8(ascii: "V")

    /// Checks the header, the byte sum and where the messages end.
    ///
    /// Control messages travel alone. Line Integrity and Reset are not delivered: one carries the
    /// last number sent, the other the number that comes next.
    func parse(_ payload: UnsafeRawBufferPointer) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        guard versions.contains(base.load(as: UInt8.self)) else { return .rejected(.wrongVersion) }
        guard base.load(fromByteOffset: 3, as: UInt8.self) == feed else {
            return .rejected(.wrongProtocol)
        }
        let size = Int(big(base, 1, UInt16.self))
        let count = Int(base.load(fromByteOffset: countOffset, as: UInt8.self))
        guard size >= headerSize, size <= payload.count, count > 0 else {
            return .rejected(.badLength)
        }
        let block = UnsafeRawBufferPointer(rebasing: payload[..<size])
        guard checksum(block) == big(base, checksumOffset, UInt16.self) else {
            return .rejected(.badChecksum)
        }
        let body = UnsafeRawBufferPointer(rebasing: block[headerSize...])
        let whole = wholeBlocks(in: body, announced: count, framing: framing)
        var left = body.count - whole.bytes
        if left == 1, whole.count == count, body[body.count - 1] == 0 { left = 0 }
        var packet = TransportPacket(
            session: SessionIdentifier(high: 0, low: 0),
            firstSequence: UInt64(big(base, sequenceOffset, UInt32.self)),
            messageCount: whole.count, announcedCount: count, kind: .data,
            sendTime: time(base),
            blocks: UnsafeRawBufferPointer(rebasing: body[..<whole.bytes]),
            trailingBytes: left + payload.count - size)
        if count == 1, body.count > typeOffset, body[categoryOffset] == control {
            setControl(body[typeOffset], isRepeated: base[Self.retransmissionOffset], &packet)
        }
        return .packet(packet)
    }

    private func setControl(_ type: UInt8, isRepeated: UInt8, _ packet: inout TransportPacket) {
        switch type {
        case lineIntegrity:
            packet.kind = .heartbeat
            packet.firstSequence += 1
        case reset:
            packet.kind = .heartbeat
            packet.resetsSequence = isRepeated != Self.retransmitted
        case startOfDay:
            packet.resetsSequence = isRepeated != Self.retransmitted
            return
        default:
            return
        }
        packet.messageCount = 0
        packet.announcedCount = 0
        packet.blocks = UnsafeRawBufferPointer(rebasing: packet.blocks[..<0])
    }

    /// Low 16 bits of the sum of all bytes but the sum's own.
    func checksum(_ block: UnsafeRawBufferPointer) -> UInt16 {
        var sum: UInt32 = 0
        for byte in block { sum &+= UInt32(byte) }
        sum &-= UInt32(block[checksumOffset]) &+ UInt32(block[checksumOffset + 1])
        return UInt16(truncatingIfNeeded: sum)
    }

    /// Appends a pad byte, then writes size and checksum of a block whose other fields stand.
    func finish(_ bytes: inout [UInt8]) {
        if bytes.count % 2 != 0 { bytes.append(0) }
        bytes.putWire(UInt16(truncatingIfNeeded: bytes.count), at: 1, bigEndian: true)
        let sum = bytes.withUnsafeBytes { checksum($0) }
        bytes.putWire(sum, at: checksumOffset, bigEndian: true)
    }

    /// A block of messages; `idle` is the Line Integrity message.
    func encode(_ contents: PacketContents, version: UInt8, original: UInt8, idle: [UInt8])
        -> [UInt8]
    {
        let messages = contents.isHeartbeat ? [idle] : contents.messages
        // A heartbeat names the next number, Line Integrity carries the last one.
        let number = contents.isHeartbeat ? max(contents.sequence, 1) - 1 : contents.sequence
        var bytes: [UInt8] = []
        _ = bytes.appendWire(headerSize)
        bytes[0] = version
        bytes[3] = feed
        bytes[Self.retransmissionOffset] = original
        bytes.putWire(UInt32(truncatingIfNeeded: number), at: sequenceOffset, bigEndian: true)
        bytes[countOffset] = UInt8(truncatingIfNeeded: messages.count)
        let seconds = UInt32(truncatingIfNeeded: contents.sendTime / 1_000_000_000)
        let nanoseconds = UInt32(contents.sendTime % 1_000_000_000)
        bytes.putWire(seconds, at: timeOffset, bigEndian: true)
        bytes.putWire(nanoseconds, at: timeOffset + 4, bigEndian: true)
        for message in messages { bytes += message }
        finish(&bytes)
        return bytes
    }

    private func time(_ base: UnsafeRawPointer) -> UInt64 {
        UInt64(big(base, timeOffset, UInt32.self)) * 1_000_000_000
            + UInt64(big(base, timeOffset + 4, UInt32.self))
    }

    @inline(__always)
    private func big<Value: FixedWidthInteger & BitwiseCopyable>(
        _ base: UnsafeRawPointer, _ offset: Int, _ type: Value.Type
    ) -> Value {
        Value(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: type))
    }
}

extension UnsafeRawPointer {
    fileprivate subscript(offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }
}
