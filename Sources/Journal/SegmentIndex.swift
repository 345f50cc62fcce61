/// Finds a segment's blocks without reading their payloads: through the footer, or by walking from
/// header to header.
enum SegmentIndex {
    /// Offsets and headers of all blocks that can be found. Headers out of the index carry what
    /// `IndexEntry` does.
    static func headers(
        of file: SegmentFile, decoder: BlockDecoder
    ) throws(StorageError) -> [(offset: UInt64, header: BlockHeader)] {
        let size = try file.size()
        if let entries = try indexed(file, size: size, decoder) {
            return entries.map { ($0.offset, BlockHeader($0)) }
        }
        return try walk(file, size: size).blocks
    }

    /// Behind the last position that a segment tells its readers of, be the tick readable or not.
    static func endPosition(of file: SegmentFile) throws(StorageError) -> UInt64 {
        let (blocks, footerEnd) = try walk(file, size: try file.size())
        return blocks.reduce(footerEnd) { max($0, $1.header.endPosition) }
    }

    /// From header to header: blocks, and the largest position that a footer names.
    private static func walk(
        _ file: SegmentFile, size: UInt64
    ) throws(StorageError) -> (blocks: [(offset: UInt64, header: BlockHeader)], footerEnd: UInt64) {
        var found: [(UInt64, BlockHeader)] = []
        var footerEnd: UInt64 = 0
        var offset: UInt64 = 0
        while offset < size {
            switch try file.item(at: offset, size: size) {
            case .end: return (found, footerEnd)
            case .footer(let footer):
                footerEnd = max(footerEnd, footer.endPosition)
                offset += UInt64(SegmentFooter.size)
            case .block(let header):
                if header.kind != .index { found.append((offset, header)) }
                offset += UInt64(header.blockSize)
            case .invalid:
                guard let next = try file.nextItem(from: offset + 1, size: size) else {
                    return (found, footerEnd)
                }
                offset = next
            }
        }
        return (found, footerEnd)
    }

    private static func indexed(
        _ file: SegmentFile, size: UInt64, _ decoder: BlockDecoder
    ) throws(StorageError) -> [IndexEntry]? {
        guard size >= UInt64(SegmentFooter.size) else { return nil }
        let footerOffset = size - UInt64(SegmentFooter.size)
        guard case .footer(let footer) = try file.item(at: footerOffset, size: size),
            footer.indexOffset < footerOffset,
            case .block(let header) = try file.item(at: footer.indexOffset, size: size),
            header.kind == .index, header.segmentIdentity == footer.segmentIdentity,
            // An index that had to leave blocks out does not find them.
            header.count == footer.blockCount
        else { return nil }
        let payload = try file.payload(of: header, at: footer.indexOffset)
        do throws(BlockDamage) {
            let body = try decoder.body(of: header, payload: payload)
            return try SegmentScan.readIndex(body, count: Int(header.count))
        } catch {
            return nil
        }
    }
}

extension BlockHeader {
    /// What an index entry tells of a block.
    fileprivate init(_ entry: IndexEntry) {
        self.init(kind: entry.kind)
        count = entry.count
        firstPosition = entry.firstPosition
        endPosition = entry.endPosition
        captureTimeMin = entry.captureTimeMin
        captureTimeMax = entry.captureTimeMax
    }
}
