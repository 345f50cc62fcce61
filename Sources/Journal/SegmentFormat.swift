import CLinux
import Ticks

/// What a run of the handler writes into every segment.
public struct JournalIdentity: Equatable, Sendable {
    /// Year × 10,000 + month × 100 + day.
    public var tradingDay: UInt32
    /// Generation of the tape that is recorded.
    public var generation: UInt64
    public var configHash: UInt64
    public var feeds: [String]

    public init(tradingDay: UInt32, generation: UInt64, configHash: UInt64, feeds: [String]) {
        self.tradingDay = tradingDay
        self.generation = generation
        self.configHash = configHash
        self.feeds = feeds
    }
}

/// What a segment says about itself in its first block.
public struct SegmentHeader: Equatable, Sendable {
    public var identity: JournalIdentity
    /// Number of the segment in its journal, from 1.
    public var number: UInt64
    /// Tape position at which it begins.
    public var firstPosition: UInt64
    /// ns since the Unix epoch, UTC.
    public var createdTime: UInt64

    static let bodyVersion: UInt16 = 1

    func encode(to buffer: ByteBuffer) {
        buffer.append(Self.bodyVersion)
        buffer.append(TickColumns.version)
        buffer.append(identity.tradingDay)
        buffer.append(identity.generation)
        buffer.append(identity.configHash)
        buffer.append(number)
        buffer.append(firstPosition)
        buffer.append(createdTime)
        buffer.append(UInt32(identity.feeds.count))
        for feed in identity.feeds { buffer.append(feed) }
    }

    static func decode(_ body: UnsafeRawBufferPointer) -> SegmentHeader? {
        var cursor = ByteCursor(body)
        guard cursor.read(UInt16.self) == bodyVersion,
            cursor.read(UInt16.self) == TickColumns.version,
            let day = cursor.read(UInt32.self), let generation = cursor.read(UInt64.self),
            let configHash = cursor.read(UInt64.self), let number = cursor.read(UInt64.self),
            let firstPosition = cursor.read(UInt64.self),
            let createdTime = cursor.read(UInt64.self), let feedCount = cursor.read(UInt32.self)
        else { return nil }
        var feeds: [String] = []
        for _ in 0..<feedCount {
            guard let feed = cursor.readText() else { return nil }
            feeds.append(feed)
        }
        let identity = JournalIdentity(
            tradingDay: day, generation: generation, configHash: configHash, feeds: feeds)
        return SegmentHeader(
            identity: identity, number: number, firstPosition: firstPosition,
            createdTime: createdTime)
    }

    /// A number that differs between segments: blocks of another one are told by it.
    var segmentIdentity: UInt64 {
        var mixed = identity.generation
        for value in [identity.configHash, number, firstPosition, createdTime] {
            mixed = (mixed ^ value) &* 0x9e37_79b9_7f4a_7c15
            mixed ^= mixed >> 29
        }
        return mixed
    }
}

/// Name of a segment's file: `<number>-<trading day>-<first position>.tlj`, zero-padded, so that
/// names sort as the journal runs, whatever the clock did.
public struct SegmentName: Hashable, Comparable, Sendable {
    public var number: UInt64
    public var tradingDay: UInt32
    public var firstPosition: UInt64

    static let suffix = ".tlj"
    static let cutSuffix = ".cut"

    public init(number: UInt64, tradingDay: UInt32, firstPosition: UInt64) {
        self.number = number
        self.tradingDay = tradingDay
        self.firstPosition = firstPosition
    }

    /// Nil for names that this type does not make.
    public init?(_ text: String) {
        guard text.hasSuffix(Self.suffix) else { return nil }
        let parts = text.dropLast(Self.suffix.count).split(
            separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let number = UInt64(parts[0]), let day = UInt32(parts[1]),
            let position = UInt64(parts[2]), max(number, position) < BlockHeader.positionLimit
        else { return nil }
        self.init(number: number, tradingDay: day, firstPosition: position)
        guard text == self.text else { return nil }
    }

    public var text: String {
        func padded(_ value: UInt64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return padded(number, 8) + "-" + padded(UInt64(tradingDay), 8) + "-"
            + padded(firstPosition, 20) + Self.suffix
    }

    public static func < (one: SegmentName, other: SegmentName) -> Bool {
        one.number < other.number
    }
}

/// The last 48 bytes of a finished segment: a zstd skippable frame (FORMAT.md, "Footer").
struct SegmentFooter: Equatable {
    var segmentIdentity: UInt64
    /// Offset of the index block's header.
    var indexOffset: UInt64
    var endPosition: UInt64
    /// Blocks before the index.
    var blockCount: UInt32

    static let size = 48
    /// "TLJF"
    static let magic: UInt32 = 0x464a_4c54

    func encode(into bytes: UnsafeMutableRawPointer) {
        bytes.storeLittle(BlockHeader.frameMagic, at: 0)
        bytes.storeLittle(UInt32(Self.size - 8), at: 4)
        bytes.storeLittle(Self.magic, at: 8)
        bytes.storeLittle(BlockHeader.version, at: 12)
        bytes.storeLittle(UInt16(0), at: 14)
        bytes.storeLittle(blockCount, at: 16)
        bytes.storeLittle(segmentIdentity, at: 20)
        bytes.storeLittle(indexOffset, at: 28)
        bytes.storeLittle(endPosition, at: 36)
        bytes.storeLittle(clinux_crc32c(0, bytes, 44), at: 44)
    }

    static func decode(_ bytes: UnsafeRawBufferPointer) -> SegmentFooter? {
        guard bytes.count >= size, let at = bytes.baseAddress,
            at.loadLittle(UInt32.self, at: 0) == BlockHeader.frameMagic,
            at.loadLittle(UInt32.self, at: 4) == UInt32(size - 8),
            at.loadLittle(UInt32.self, at: 8) == magic,
            at.loadLittle(UInt16.self, at: 12) == BlockHeader.version,
            at.loadLittle(UInt16.self, at: 14) == 0,
            clinux_crc32c(0, at, 44) == at.loadLittle(UInt32.self, at: 44),
            at.loadLittle(UInt64.self, at: 36) < BlockHeader.positionLimit
        else { return nil }
        return SegmentFooter(
            segmentIdentity: at.loadLittle(UInt64.self, at: 20),
            indexOffset: at.loadLittle(UInt64.self, at: 28),
            endPosition: at.loadLittle(UInt64.self, at: 36),
            blockCount: at.loadLittle(UInt32.self, at: 16))
    }
}

/// One block, as the index tells of it.
public struct IndexEntry: Equatable, Sendable {
    /// Of the block's header in the file.
    public var offset: UInt64
    public var kind: BlockKind
    public var count: UInt32
    /// Header and payload.
    public var size: UInt32
    public var firstPosition: UInt64
    public var endPosition: UInt64
    public var captureTimeMin: UInt64
    public var captureTimeMax: UInt64

    static let encodedSize = 56

    init(offset: UInt64, header: BlockHeader) {
        self.offset = offset
        kind = header.kind
        count = header.count
        size = UInt32(header.blockSize)
        firstPosition = header.firstPosition
        endPosition = header.endPosition
        captureTimeMin = header.captureTimeMin
        captureTimeMax = header.captureTimeMax
    }

    func encode(to buffer: ByteBuffer) {
        buffer.append(offset)
        buffer.append(UInt64(kind.rawValue))
        buffer.append(count)
        buffer.append(size)
        buffer.append(firstPosition)
        buffer.append(endPosition)
        buffer.append(captureTimeMin)
        buffer.append(captureTimeMax)
    }

    init?(_ cursor: inout ByteCursor) {
        guard let offset = cursor.read(UInt64.self), let code = cursor.read(UInt64.self),
            code <= 255, let kind = BlockKind(rawValue: UInt8(code)),
            let count = cursor.read(UInt32.self), let size = cursor.read(UInt32.self),
            let first = cursor.read(UInt64.self), let end = cursor.read(UInt64.self),
            let timeMin = cursor.read(UInt64.self), let timeMax = cursor.read(UInt64.self)
        else { return nil }
        self.offset = offset
        self.kind = kind
        self.count = count
        self.size = size
        firstPosition = first
        endPosition = end
        captureTimeMin = timeMin
        captureTimeMax = timeMax
    }
}
