import CLinux

/// What a block of a segment holds.
public enum BlockKind: UInt8, CaseIterable, Sendable {
    /// What the segment is; the first block of every segment.
    case segment = 1
    case definitions = 2
    /// Ticks flagged *snapshot* that rebuild the books as they stand at the block's position.
    case image = 3
    case ticks = 4
    /// Positions that were not recorded; has no payload.
    case missing = 5
    /// One entry for every block before it; the last block of a finished segment.
    case index = 6
}

/// The header in front of every block: a zstd skippable frame (FORMAT.md, "Block header").
public struct BlockHeader: Equatable, Sendable {
    public var kind: BlockKind
    /// Tells the blocks of one segment from whatever else a disk may hold.
    public var segmentIdentity: UInt64 = 0
    /// Number of the block in its segment, from 0.
    public var ordinal: UInt64 = 0
    /// Tape positions of the block: of its first tick, and behind its last. Equal if the block
    /// moves no position.
    public var firstPosition: UInt64 = 0
    public var endPosition: UInt64 = 0
    /// Ticks, or entries of definitions or index.
    public var count: UInt32 = 0
    public var rawSize: UInt32 = 0
    public var compressedSize: UInt32 = 0
    /// CRC-32C of the compressed payload.
    public var payloadChecksum: UInt32 = 0
    /// Smallest and largest times of the ticks, ns UTC; 0 if there is none.
    public var captureTimeMin: UInt64 = 0
    public var captureTimeMax: UInt64 = 0
    /// Exchange times of zero are left out.
    public var exchangeTimeMin: UInt64 = 0
    public var exchangeTimeMax: UInt64 = 0
    /// State, before the block's first tick, of the first 255 channels that occur in it.
    public var channels: [ChannelState] = []

    public init(kind: BlockKind) { self.kind = kind }

    static let frameMagic: UInt32 = 0x184d_2a5b
    /// "TLJB"
    static let magic: UInt32 = 0x424a_4c54
    static let version: UInt16 = 1
    /// No tape reaches it (a billion ticks a second for 146 years); what claims to is damaged. So
    /// positions can be counted on without an overflow.
    static let positionLimit: UInt64 = 1 << 62
    static let fixedSize = 104
    static let channelEntrySize = 32
    static let channelsMax = 255
    static let sizeMax = fixedSize + channelsMax * channelEntrySize
    /// Most that a payload may unpack to.
    static let rawSizeMax = 8 << 20
    static let compressedSizeMax = rawSizeMax + (rawSizeMax >> 7) + 1024

    public var headerSize: Int { Self.fixedSize + channels.count * Self.channelEntrySize }
    /// Header and payload.
    public var blockSize: Int { headerSize + Int(compressedSize) }

    /// Writes `headerSize` bytes.
    func encode(into bytes: UnsafeMutableRawPointer) {
        precondition(channels.count <= Self.channelsMax)
        bytes.storeLittle(Self.frameMagic, at: 0)
        bytes.storeLittle(UInt32(headerSize - 8), at: 4)
        bytes.storeLittle(Self.magic, at: 8)
        bytes.storeLittle(Self.version, at: 12)
        bytes.storeLittle(kind.rawValue, at: 14)
        bytes.storeLittle(UInt8(channels.count), at: 15)
        bytes.storeLittle(UInt32(0), at: 16)
        bytes.storeLittle(payloadChecksum, at: 20)
        bytes.storeLittle(compressedSize, at: 24)
        bytes.storeLittle(rawSize, at: 28)
        bytes.storeLittle(segmentIdentity, at: 32)
        bytes.storeLittle(ordinal, at: 40)
        bytes.storeLittle(firstPosition, at: 48)
        bytes.storeLittle(endPosition, at: 56)
        bytes.storeLittle(count, at: 64)
        bytes.storeLittle(UInt32(0), at: 68)
        bytes.storeLittle(captureTimeMin, at: 72)
        bytes.storeLittle(captureTimeMax, at: 80)
        bytes.storeLittle(exchangeTimeMin, at: 88)
        bytes.storeLittle(exchangeTimeMax, at: 96)
        var at = Self.fixedSize
        for state in channels {
            bytes.storeLittle(state.channel, at: at)
            bytes.storeLittle(UInt16(0), at: at + 2)
            bytes.storeLittle(state.epoch, at: at + 4)
            bytes.storeLittle(state.nextSequence, at: at + 8)
            bytes.storeLittle(state.session.high, at: at + 16)
            bytes.storeLittle(state.session.low, at: at + 24)
            at += Self.channelEntrySize
        }
        bytes.storeLittle(clinux_crc32c(0, bytes, headerSize), at: 16)
    }

    /// Reads a header from the start of `bytes`; nil unless everything about it is as it must be.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> BlockHeader? {
        guard bytes.count >= fixedSize, let at = bytes.baseAddress,
            at.loadLittle(UInt32.self, at: 0) == frameMagic,
            at.loadLittle(UInt32.self, at: 8) == magic,
            at.loadLittle(UInt16.self, at: 12) == version,
            let kind = BlockKind(rawValue: at.loadLittle(UInt8.self, at: 14))
        else { return nil }
        let channelCount = Int(at.loadLittle(UInt8.self, at: 15))
        let size = fixedSize + channelCount * channelEntrySize
        guard bytes.count >= size, Int(at.loadLittle(UInt32.self, at: 4)) == size - 8,
            checksum(at, size: size) == at.loadLittle(UInt32.self, at: 16)
        else { return nil }
        var header = BlockHeader(kind: kind)
        header.payloadChecksum = at.loadLittle(UInt32.self, at: 20)
        header.compressedSize = at.loadLittle(UInt32.self, at: 24)
        header.rawSize = at.loadLittle(UInt32.self, at: 28)
        header.segmentIdentity = at.loadLittle(UInt64.self, at: 32)
        header.ordinal = at.loadLittle(UInt64.self, at: 40)
        header.firstPosition = at.loadLittle(UInt64.self, at: 48)
        header.endPosition = at.loadLittle(UInt64.self, at: 56)
        header.count = at.loadLittle(UInt32.self, at: 64)
        header.captureTimeMin = at.loadLittle(UInt64.self, at: 72)
        header.captureTimeMax = at.loadLittle(UInt64.self, at: 80)
        header.exchangeTimeMin = at.loadLittle(UInt64.self, at: 88)
        header.exchangeTimeMax = at.loadLittle(UInt64.self, at: 96)
        for i in 0..<channelCount {
            let entry = at + fixedSize + i * channelEntrySize
            var state = ChannelState(channel: entry.loadLittle(UInt16.self, at: 0))
            state.epoch = entry.loadLittle(UInt32.self, at: 4)
            state.nextSequence = entry.loadLittle(UInt64.self, at: 8)
            state.session.high = entry.loadLittle(UInt64.self, at: 16)
            state.session.low = entry.loadLittle(UInt64.self, at: 24)
            header.channels.append(state)
        }
        return header.isConsistent ? header : nil
    }

    /// The checksum that the header should carry: of its bytes with that field as zero.
    private static func checksum(_ bytes: UnsafeRawPointer, size: Int) -> UInt32 {
        var zero: UInt32 = 0
        let head = clinux_crc32c(0, bytes, 16)
        let middle = clinux_crc32c(head, &zero, 4)
        return clinux_crc32c(middle, bytes + 20, size - 20)
    }

    /// Whether sizes, count and positions can belong together.
    private var isConsistent: Bool {
        guard rawSize <= UInt32(Self.rawSizeMax),
            compressedSize <= UInt32(Self.compressedSizeMax),
            endPosition >= firstPosition, endPosition < Self.positionLimit
        else { return false }
        let advance = endPosition - firstPosition
        switch kind {
        case .ticks:
            return count > 0 && advance == UInt64(count) && Int(count) <= TickColumns.ticksMax
        case .image: return advance == 0 && Int(count) <= TickColumns.ticksMax
        case .missing: return advance > 0 && compressedSize == 0 && count == 0
        case .segment, .definitions, .index: return advance == 0
        }
    }
}
