import Ticks

/// What a writer that goes on with a journal has to know.
public struct RecoveredJournal: Equatable, Sendable {
    /// Position at which the journal goes on.
    public var nextPosition: UInt64 = 0
    public var nextSegmentNumber: UInt64 = 1
    /// Channels with their last state, and the instrument directory.
    public var definitions = JournalDefinitions()
    /// Of the newest segment that can be read; nil for an empty journal.
    public var lastSegment: SegmentHeader?
    /// Largest capture time of the newest ticks, ns UTC.
    public var lastCaptureTime: UInt64 = 0
    public var repairs: [JournalRepair] = []
}

/// What opening a journal found wrong, and what it did about it.
public enum JournalRepair: Equatable, Sendable {
    /// Bytes behind the last whole block were moved to another file.
    case tailCut(segment: String, offset: UInt64, size: UInt64, movedTo: String)
    /// A file without one whole block was renamed.
    case movedAside(segment: String, movedTo: String)
    /// Bytes between whole blocks cannot be read. They stay where they are.
    case damaged(segment: String, bytes: Range<UInt64>, reason: BlockDamage)
    /// Index and footer were written.
    case indexRebuilt(segment: String)
}

/// Brings a journal in order after its writer ended, however it ended, and reads where it stands.
///
/// Content never makes this fail. The caller holds the storage's lock.
struct JournalRecovery {
    private let storage: any JournalStorage
    private let decoder = BlockDecoder()
    private let catalog = DefinitionsCatalog()

    init(storage: any JournalStorage) { self.storage = storage }

    func run() throws(JournalError) -> RecoveredJournal {
        try JournalError.storage { () throws(StorageError) in
            var recovered = RecoveredJournal()
            var names = try storage.segmentNames()
            recovered.nextSegmentNumber = try highestNumber() + 1
            // A segment begins where positions had come to, whatever is left of the one before.
            recovered.nextPosition = names.map(\.firstPosition).max() ?? 0
            var newest: SegmentScan?
            while let name = names.last {
                let scan = try SegmentScan(name, storage: storage, decoder: decoder)
                if scan.hasBlocks {
                    newest = scan
                    break
                }
                try moveAside(name, &recovered)
                names.removeLast()
            }
            guard let newest else { return recovered }
            try seal(newest, &recovered)
            // A segment whose head is incomplete does not stand alone: the one before helps.
            if !newest.isWhole, names.count >= 2 {
                let earlier = try SegmentScan(
                    names[names.count - 2], storage: storage, decoder: decoder)
                try learn(earlier, &recovered)
            }
            try learn(newest, &recovered)
            // Readers take positions of what is damaged as told, also those of a tail that was not cut,
            // and of a block that reaches into what sealing has appended.
            for name in names.suffix(2) {
                let file = try SegmentFile(name, storage: storage)
                recovered.nextPosition = max(
                    recovered.nextPosition, try SegmentIndex.endPosition(of: file))
            }
            recovered.definitions = catalog.all
            return recovered
        }
    }

    /// Segments moved aside keep their numbers, so that none is used twice.
    private func highestNumber() throws(StorageError) -> UInt64 {
        var highest: UInt64 = 0
        for name in try storage.list() {
            let digits = name.prefix { $0.isNumber }
            guard name.hasSuffix(SegmentName.suffix) || name.hasSuffix(SegmentName.cutSuffix),
                let number = UInt64(digits), number < BlockHeader.positionLimit
            else { continue }
            highest = max(highest, number)
        }
        return highest
    }

    private func moveAside(
        _ name: SegmentName, _ recovered: inout RecoveredJournal
    ) throws(StorageError) {
        let newName = try freeName(name.text)
        try storage.rename(name.text, to: newName)
        try storage.synchronizeDirectory()
        recovered.repairs.append(.movedAside(segment: name.text, movedTo: newName))
    }

    /// A name for what is cut from `name` that no file has.
    private func freeName(_ name: String) throws(StorageError) -> String {
        let taken = Set(try storage.list())
        var number = 1
        while true {
            let candidate = "\(name).\(number)\(SegmentName.cutSuffix)"
            if !taken.contains(candidate) { return candidate }
            number += 1
        }
    }

    /// Cuts what follows the last whole block, gives the segment its index, and makes it durable.
    private func seal(
        _ scan: SegmentScan, _ recovered: inout RecoveredJournal
    ) throws(StorageError) {
        let name = scan.name.text
        for damage in scan.damages where scan.isSealed || damage.bytes.upperBound <= scan.dataEnd {
            recovered.repairs.append(
                .damaged(segment: name, bytes: damage.bytes, reason: damage.reason))
        }
        let file = try SegmentFile(scan.name, storage: storage, writable: true)
        if !scan.isSealed {
            if scan.dataEnd < scan.size {
                let newName = try freeName(name)
                try file.moveTail(
                    from: scan.dataEnd, size: scan.size, to: newName, storage: storage)
                recovered.repairs.append(
                    .tailCut(
                        segment: name, offset: scan.dataEnd, size: scan.size - scan.dataEnd,
                        movedTo: newName))
            }
            let output = ByteBuffer(capacity: 1 << 16)
            SegmentSeal.append(
                entries: scan.entries, identity: scan.identity, endPosition: scan.endPosition,
                at: scan.dataEnd, BlockEncoder(ticksMax: 1, level: 1), to: output)
            try file.write(output.contents, at: scan.dataEnd)
            recovered.repairs.append(.indexRebuilt(segment: name))
        }
        // Also what was whole may be in the system's memory only.
        try file.synchronize()
        try storage.synchronizeDirectory()
    }

    /// Gathers definitions, states and the position from a segment.
    private func learn(
        _ scan: SegmentScan, _ recovered: inout RecoveredJournal
    ) throws(StorageError) {
        let file = try SegmentFile(scan.name, storage: storage)
        recovered.nextPosition = max(recovered.nextPosition, scan.endPosition)
        for (entry, header) in zip(scan.entries, scan.headers) {
            let payload = try file.payload(of: header, at: entry.offset)
            do throws(BlockDamage) {
                switch header.kind {
                case .segment:
                    let body = try decoder.body(of: header, payload: payload)
                    recovered.lastSegment = SegmentHeader.decode(body) ?? recovered.lastSegment
                case .definitions:
                    let body = try decoder.body(of: header, payload: payload)
                    if let definitions = DefinitionsCodec.decode(body) {
                        catalog.merge(definitions)
                    }
                case .ticks:
                    let ticks = try decoder.ticks(of: header, payload: payload)
                    catalog.advance(over: ticks, header: header)
                    recovered.lastCaptureTime = header.captureTimeMax
                case .image, .missing, .index: break
                }
            } catch {
                recovered.repairs.append(
                    .damaged(
                        segment: scan.name.text,
                        bytes: entry.offset..<entry.offset + UInt64(entry.size), reason: error))
            }
        }
    }
}
