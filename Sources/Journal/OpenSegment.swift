/// The segment that a writer is in: the bytes not yet synced, and where they go.
final class OpenSegment {
    let createdTime: UInt64
    private let name: SegmentName
    private let identity: UInt64
    private var file: (any JournalFile)?
    /// Bytes behind the synced ones. They are kept until a sync succeeds: after a failed one the
    /// system may have dropped what it had been given, so that all are written once more.
    let pending = ByteBuffer(capacity: 1 << 20)
    private var writtenCount = 0
    private var syncedSize: UInt64 = 0
    private var nameIsDurable = false
    private var entries: [IndexEntry] = []
    /// Offset of the block that was begun last.
    private var blockOffset: UInt64 = 0
    /// Index and footer have been appended: no block may follow.
    private(set) var isComplete = false

    init(header: SegmentHeader) {
        createdTime = header.createdTime
        identity = header.segmentIdentity
        name = SegmentName(
            number: header.number, tradingDay: header.identity.tradingDay,
            firstPosition: header.firstPosition)
        entries.reserveCapacity(1024)
    }

    /// Size of the file once everything is written.
    var size: UInt64 { syncedSize + UInt64(pending.count) }

    var hasUnsynced: Bool { pending.count > 0 }

    /// Gives the next block its place in the segment.
    func begin(_ header: inout BlockHeader) {
        precondition(!isComplete, "a block behind the footer")
        header.segmentIdentity = identity
        header.ordinal = UInt64(entries.count)
        blockOffset = size
    }

    /// Enters the block that was appended to `pending` into the index.
    func note(_ header: BlockHeader) {
        entries.append(IndexEntry(offset: blockOffset, header: header))
    }

    /// Appends index and footer, once.
    func appendIndex(_ encoder: BlockEncoder, endPosition: UInt64) {
        guard !isComplete else { return }
        isComplete = true
        SegmentSeal.append(
            entries: entries, identity: identity, endPosition: endPosition, at: size, encoder,
            to: pending)
    }

    /// Writes what has not been written, creating the file first if there is none.
    func flush(_ storage: any JournalStorage) throws(JournalError) {
        guard writtenCount < pending.count else { return }
        try JournalError.storage { () throws(StorageError) in
            let file: any JournalFile
            if let open = self.file {
                file = open
            } else {
                file = try storage.create(name.text)
                self.file = file
            }
            let rest = UnsafeRawBufferPointer(rebasing: pending.contents[writtenCount...])
            try file.write(rest, at: syncedSize + UInt64(writtenCount))
        }
        writtenCount = pending.count
    }

    /// Makes everything durable: the bytes, then, the first time, the file's name.
    func sync(_ storage: any JournalStorage) throws(JournalError) {
        try flush(storage)
        guard let file else { return }
        do throws(StorageError) {
            try file.synchronize()
            if !nameIsDurable { try storage.synchronizeDirectory() }
        } catch {
            writtenCount = 0
            throw .storage(error)
        }
        nameIsDurable = true
        syncedSize += UInt64(pending.count)
        pending.truncate(to: 0)
        writtenCount = 0
    }

    func close() {
        file?.close()
        file = nil
    }
}

/// The end of a finished segment: index block and footer.
enum SegmentSeal {
    static func append(
        entries: [IndexEntry], identity: UInt64, endPosition: UInt64, at offset: UInt64,
        _ encoder: BlockEncoder, to output: ByteBuffer
    ) {
        // Entries beyond the format's largest block are left out: the index then lacks blocks, and
        // who needs them scans.
        let kept = entries.prefix(BlockHeader.rawSizeMax / IndexEntry.encodedSize)
        let body = ByteBuffer(capacity: kept.count * IndexEntry.encodedSize)
        for entry in kept { entry.encode(to: body) }
        var header = BlockHeader(kind: .index)
        header.segmentIdentity = identity
        header.ordinal = UInt64(entries.count)
        header.firstPosition = endPosition
        header.endPosition = endPosition
        header.count = UInt32(kept.count)
        encoder.append(body.contents, header: &header, to: output)
        let footer = SegmentFooter(
            segmentIdentity: identity, indexOffset: offset, endPosition: endPosition,
            blockCount: UInt32(entries.count))
        footer.encode(into: output.reserve(SegmentFooter.size))
        output.grow(by: SegmentFooter.size)
    }
}
