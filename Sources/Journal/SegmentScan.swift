import Ticks

/// A stretch of a segment that cannot be read.
public struct DamagedBytes: Equatable, Sendable {
    public var bytes: Range<UInt64>
    public var reason: BlockDamage
    /// Positions that are lost with it, where a readable header tells.
    public var positions: Range<UInt64>?
}

/// A whole walk through a segment, every payload's checksum included: which blocks are there,
/// which bytes are not, and where the data ends. The authority that index and footer are held to.
struct SegmentScan {
    let name: SegmentName
    private(set) var size: UInt64 = 0
    private(set) var identity: UInt64 = 0
    /// Whole blocks, without an index, in the order of the file.
    private(set) var entries: [IndexEntry] = []
    private(set) var headers: [BlockHeader] = []
    private(set) var damages: [DamagedBytes] = []
    /// Behind the last whole block that is not an index.
    private(set) var dataEnd: UInt64 = 0
    /// Behind the last position that this segment tells of, be its tick readable or not: what lies
    /// before must never be given to other ticks.
    private(set) var endPosition: UInt64 = 0
    private(set) var footer: SegmentFooter?
    private(set) var indexOffset: UInt64?
    private var indexEnd: UInt64?
    private(set) var index: [IndexEntry]?

    var hasBlocks: Bool { !entries.isEmpty }

    /// Whether the segment ends as a finished one does.
    var isSealed: Bool { footer != nil && index != nil && indexOffset == footer?.indexOffset }

    /// Whether a writer that is still at it explains an end without index and footer.
    var mayBeGrowing: Bool {
        guard footer == nil else { return false }
        guard index != nil, let indexEnd else { return true }
        return size < indexEnd + UInt64(SegmentFooter.size)
    }

    /// Whether nothing is damaged and data follows the head, which therefore is complete.
    var isWhole: Bool {
        damages.isEmpty && headers.first?.kind == .segment
            && headers.contains { $0.kind == .ticks || $0.kind == .missing }
    }

    init(
        _ name: SegmentName, storage: any JournalStorage, decoder: BlockDecoder
    ) throws(StorageError) {
        self.name = name
        let file = try SegmentFile(name, storage: storage)
        size = try file.size()
        try walk(file, decoder)
        for damage in damages where isSealed || damage.bytes.upperBound <= dataEnd {
            endPosition = max(endPosition, damage.positions?.upperBound ?? 0)
        }
        if isSealed, let footer { endPosition = max(endPosition, footer.endPosition) }
    }

    private mutating func walk(
        _ file: SegmentFile, _ decoder: BlockDecoder
    ) throws(StorageError) {
        var offset: UInt64 = 0
        while offset < size {
            switch try file.item(at: offset, size: size) {
            case .end: return
            case .footer(let footer):
                self.footer = footer
                offset += UInt64(SegmentFooter.size)
            case .block(let header):
                let payload = try file.payload(of: header, at: offset)
                let end = offset + UInt64(header.blockSize)
                if let damage = take(header, payload: payload, at: offset, decoder) {
                    damages.append(
                        DamagedBytes(
                            bytes: offset..<end, reason: damage,
                            positions: header.firstPosition..<header.endPosition))
                }
                offset = end
            case .invalid(let reason):
                let next = try file.nextItem(from: offset + 1, size: size) ?? size
                damages.append(DamagedBytes(bytes: offset..<next, reason: reason))
                offset = next
            }
        }
    }

    /// Enters a block whose header is whole; returns what is wrong with its payload.
    private mutating func take(
        _ header: BlockHeader, payload: UnsafeRawBufferPointer, at offset: UInt64,
        _ decoder: BlockDecoder
    ) -> BlockDamage? {
        do throws(BlockDamage) {
            let body = try decoder.body(of: header, payload: payload)
            if header.kind == .index {
                indexOffset = offset
                indexEnd = offset + UInt64(header.blockSize)
                index = try Self.readIndex(body, count: Int(header.count))
                return nil
            }
        } catch {
            return error
        }
        identity = header.segmentIdentity
        entries.append(IndexEntry(offset: offset, header: header))
        headers.append(header)
        dataEnd = offset + UInt64(header.blockSize)
        endPosition = max(endPosition, header.endPosition)
        return nil
    }

    static func readIndex(
        _ body: UnsafeRawBufferPointer, count: Int
    ) throws(BlockDamage) -> [IndexEntry] {
        guard body.count == count * IndexEntry.encodedSize else { throw .body }
        var cursor = ByteCursor(body)
        var entries: [IndexEntry] = []
        entries.reserveCapacity(count)
        while !cursor.isAtEnd {
            guard let entry = IndexEntry(&cursor) else { throw .body }
            entries.append(entry)
        }
        return entries
    }
}
