import Glibc

/// What lies at an offset of a segment.
enum SegmentItem: Equatable {
    case block(BlockHeader)
    case footer(SegmentFooter)
    /// The file ends here.
    case end
    /// Nothing that a whole block or footer could be.
    case invalid(BlockDamage)
}

/// Reads blocks of one segment's file, trusting nothing in it.
final class SegmentFile {
    let name: SegmentName
    private let file: any JournalFile
    private let headerBytes = UnsafeMutableRawBufferPointer.allocate(
        byteCount: BlockHeader.sizeMax, alignment: 8)
    private var payloadBytes = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 1 << 16, alignment: 64)
    /// Identity of the blocks seen first; others do not belong here.
    private(set) var identity: UInt64?

    init(
        _ name: SegmentName, storage: any JournalStorage, writable: Bool = false
    ) throws(StorageError) {
        self.name = name
        file = try storage.open(name.text, writable: writable)
    }

    deinit {
        file.close()
        headerBytes.deallocate()
        payloadBytes.deallocate()
    }

    func size() throws(StorageError) -> UInt64 { try file.size() }

    /// The item at `offset` in a file of `size` bytes.
    func item(at offset: UInt64, size: UInt64) throws(StorageError) -> SegmentItem {
        if offset >= size { return .end }
        let count = try file.read(into: headerBytes, at: offset)
        let bytes = UnsafeRawBufferPointer(rebasing: headerBytes[0..<count])
        if let footer = SegmentFooter.decode(bytes) {
            guard offset + UInt64(SegmentFooter.size) == size,
                identity == nil || identity == footer.segmentIdentity
            else { return .invalid(.order) }
            return .footer(footer)
        }
        guard let header = BlockHeader.decode(bytes) else {
            return .invalid(size - offset < UInt64(BlockHeader.fixedSize) ? .truncated : .header)
        }
        guard UInt64(header.blockSize) <= size - offset else { return .invalid(.truncated) }
        if let identity, identity != header.segmentIdentity { return .invalid(.order) }
        identity = header.segmentIdentity
        return .block(header)
    }

    /// The compressed payload behind the header at `offset`; valid until the next call.
    func payload(
        of header: BlockHeader, at offset: UInt64
    ) throws(StorageError) -> UnsafeRawBufferPointer {
        let size = Int(header.compressedSize)
        if payloadBytes.count < size {
            payloadBytes.deallocate()
            payloadBytes = .allocate(byteCount: size * 2, alignment: 64)
        }
        let buffer = UnsafeMutableRawBufferPointer(rebasing: payloadBytes[0..<size])
        let count = try file.read(into: buffer, at: offset + UInt64(header.headerSize))
        return UnsafeRawBufferPointer(rebasing: buffer[0..<count])
    }

    /// Where the next whole block or footer of this segment begins, from `offset` on.
    func nextItem(from offset: UInt64, size: UInt64) throws(StorageError) -> UInt64? {
        let chunkSize = 1 << 18
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: 64)
        defer { chunk.deallocate() }
        var start = offset
        while start < size {
            let count = try file.read(into: chunk, at: start)
            // Both magics lie 8 bytes behind the frame's own.
            guard count >= 12, let bytes = UnsafeRawPointer(chunk.baseAddress) else { return nil }
            var at = 0
            while at + 12 <= count,
                let found = memchr(bytes + at, 0x5b, count - 11 - at)
            {
                at = UnsafeRawPointer(found) - bytes
                if Self.looksLikeItem(bytes + at) {
                    switch try item(at: start + UInt64(at), size: size) {
                    case .block, .footer: return start + UInt64(at)
                    case .end, .invalid: break
                    }
                }
                at += 1
            }
            start += UInt64(count - 11)
        }
        return nil
    }

    private static func looksLikeItem(_ bytes: UnsafeRawPointer) -> Bool {
        guard bytes.loadLittle(UInt32.self, at: 0) == BlockHeader.frameMagic else { return false }
        let magic = bytes.loadLittle(UInt32.self, at: 8)
        return magic == BlockHeader.magic || magic == SegmentFooter.magic
    }

    /// Copies everything from `offset` on to a new file, durably, and cuts it off here.
    func moveTail(
        from offset: UInt64, size: UInt64, to newName: String, storage: any JournalStorage
    ) throws(StorageError) {
        let copy = try storage.create(newName)
        defer { copy.close() }
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { chunk.deallocate() }
        var at = offset
        while at < size {
            let count = try file.read(into: chunk, at: at)
            if count == 0 { break }
            try copy.write(UnsafeRawBufferPointer(rebasing: chunk[0..<count]), at: at - offset)
            at += UInt64(count)
        }
        try copy.synchronize()
        try storage.synchronizeDirectory()
        try file.truncate(to: offset)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) {
        try file.write(bytes, at: offset)
    }

    func synchronize() throws(StorageError) { try file.synchronize() }
}

extension JournalStorage {
    /// Names of all segments, in the order of the journal.
    func segmentNames() throws(StorageError) -> [SegmentName] {
        try list().compactMap { SegmentName($0) }.sorted()
    }
}
