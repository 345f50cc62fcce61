public import Ticks

/// What a journal says next.
public enum JournalEvent {
    /// A segment begins.
    case segment(SegmentHeader)
    /// Definitions that the ticks from here on refer to.
    case definitions(JournalDefinitions)
    /// Ticks flagged *snapshot* that rebuild the books as they stand at `position`; large images
    /// come in several events. Valid until the next call.
    case image(position: UInt64, ticks: UnsafeBufferPointer<Tick>)
    /// Consecutive ticks. Valid until the next call.
    case ticks(firstPosition: UInt64, ticks: UnsafeBufferPointer<Tick>)
    /// The writer noted that these positions were not recorded.
    case missing(Range<UInt64>)
    case damaged(JournalDamage)
}

/// A part of a journal that cannot be read.
public struct JournalDamage: Equatable, Sendable {
    public var segment: String
    /// In the segment's file; empty if only positions show that something is missing.
    public var bytes: Range<UInt64>
    public var reason: BlockDamage
    /// Positions that are lost with it; empty if none.
    public var positions: Range<UInt64>
}

/// Reads a journal from a place to its end, and on as it grows. Needs no lock.
public final class JournalReader {
    private let storage: any JournalStorage
    private let fixedNames: [SegmentName]?
    private let decoder = BlockDecoder(checksContents: false)
    private var names: [SegmentName]
    private var nameIndex = 0
    private var file: SegmentFile?
    private var offset: UInt64 = 0
    /// Position that the next tick should have.
    private var expected: UInt64
    /// Ticks below this position were not asked for.
    private var from: UInt64 = 0
    /// Bytes skipped, to be reported once the next position is known.
    private var skipped: (bytes: Range<UInt64>, reason: BlockDamage)?

    /// Reads the whole directory, or the given segments (file names) of it, in their order.
    public init(
        storage: any JournalStorage, segments: [String]? = nil
    ) throws(JournalError) {
        self.storage = storage
        fixedNames = segments.map { $0.compactMap { SegmentName($0) }.sorted() }
        let found = try JournalError.storage { () throws(StorageError) in
            try storage.segmentNames()
        }
        names = fixedNames ?? found
        expected = names.first?.firstPosition ?? 0
    }

    /// Position that the next tick will have if nothing is missing.
    public var position: UInt64 { max(expected, from) }

    /// The next event, or nil if there is none (yet): a journal that is being written may have
    /// more at a later call, and what its writer has not finished is no damage.
    public func next() throws(JournalError) -> JournalEvent? {
        try JournalError.storage { () throws(StorageError) in
            while true {
                guard try openSegment(), let file else { return nil }
                let size = try file.size()
                switch try file.item(at: offset, size: size) {
                case .block(let header):
                    if let event = try take(header, file) { return event }
                case .footer(let footer):
                    if let damage = damageAtEnd(file, footer.endPosition) {
                        return .damaged(damage)
                    }
                    leaveSegment()
                case .end:
                    if let damage = damageAtEnd(file, expected) { return .damaged(damage) }
                    guard try isFollowed(file, size: size) else { return nil }
                    leaveSegment()
                case .invalid(let reason):
                    if let next = try file.nextItem(from: offset + 1, size: size) {
                        skip(to: next, reason)
                    } else {
                        guard try isFollowed(file, size: size) else { return nil }
                        skip(to: size, reason)
                    }
                }
            }
        }
    }

    /// Goes to `position`: the head of its segment (definitions, image) comes first, then, unless
    /// `fromSegmentStart`, later definitions, then ticks from `position` on.
    ///
    /// - Parameter fromSegmentStart: deliver the ticks between the image and `position`, too, as
    ///   books need them.
    public func seek(
        position: UInt64, fromSegmentStart: Bool = false
    ) throws(JournalError) {
        try refreshNames()
        file = nil
        offset = 0
        skipped = nil
        nameIndex = names.lastIndex { $0.firstPosition <= position } ?? 0
        let start = names.isEmpty ? 0 : names[nameIndex].firstPosition
        from = fromSegmentStart ? start : max(position, start)
        expected = start
    }

    /// Goes to the first tick captured at `captureTime` (ns UTC) or later; to the end if there is
    /// none.
    ///
    /// - Returns: the position gone to.
    @discardableResult
    public func seek(
        captureTime: UInt64, fromSegmentStart: Bool = false
    ) throws(JournalError) -> UInt64 {
        try refreshNames()
        var end: UInt64 = names.first?.firstPosition ?? 0
        for name in names {
            let target = try JournalError.storage { () throws(StorageError) in
                try find(captureTime: captureTime, in: name, end: &end)
            }
            if let target {
                try seek(position: target, fromSegmentStart: fromSegmentStart)
                return target
            }
        }
        try seek(position: end, fromSegmentStart: fromSegmentStart)
        return end
    }

    private func find(
        captureTime: UInt64, in name: SegmentName, end: inout UInt64
    ) throws(StorageError) -> UInt64? {
        let file = try SegmentFile(name, storage: storage)
        for (at, header) in try SegmentIndex.headers(of: file, decoder: decoder) {
            end = max(end, header.endPosition)
            guard header.kind == .ticks, header.captureTimeMax >= captureTime else { continue }
            guard case .block(let whole) = try file.item(at: at, size: try file.size()) else {
                continue
            }
            let payload = try file.payload(of: whole, at: at)
            do throws(BlockDamage) {
                let ticks = try decoder.ticks(of: whole, payload: payload)
                if let index = ticks.firstIndex(where: { $0.captureTime >= captureTime }) {
                    return whole.firstPosition + UInt64(index)
                }
            } catch {
                // What cannot be read holds no tick to go to; reading on reports it.
                continue
            }
        }
        return nil
    }

    /// Looks for segments that came since; the present one keeps its place.
    private func refreshNames() throws(JournalError) {
        try JournalError.storage { () throws(StorageError) in try refresh() }
    }

    private func refresh() throws(StorageError) {
        guard fixedNames == nil else { return }
        let current = nameIndex < names.count ? names[nameIndex] : nil
        let last = names.last
        let found = try storage.segmentNames()
        if names.isEmpty, let first = found.first { expected = max(expected, first.firstPosition) }
        names = found
        if let current {
            nameIndex = names.firstIndex { $0 >= current } ?? names.count
        } else if let last {
            nameIndex = names.firstIndex { $0 > last } ?? names.count
        }
    }

    private func openSegment() throws(StorageError) -> Bool {
        while file == nil {
            if nameIndex >= names.count { try refresh() }
            guard nameIndex < names.count else { return false }
            do throws(StorageError) {
                file = try SegmentFile(names[nameIndex], storage: storage)
                offset = 0
            } catch {
                // ENOENT: moved aside since, as opening for writing does with empty ones.
                guard error.code == 2 else { throw error }
                nameIndex += 1
            }
        }
        return true
    }

    private func leaveSegment() {
        file = nil
        nameIndex += 1
    }

    /// Whether another segment follows and this one, looked at again, has not grown.
    private func isFollowed(_ file: SegmentFile, size: UInt64) throws(StorageError) -> Bool {
        if nameIndex + 1 >= names.count { try refresh() }
        guard nameIndex + 1 < names.count else { return false }
        return try file.size() == size
    }

    private func skip(to end: UInt64, _ reason: BlockDamage) {
        skipped = ((skipped?.bytes.lowerBound ?? offset)..<end, reason)
        offset = end
    }

    /// What was skipped at the end of a segment, whose last position is `end`; told once.
    private func damageAtEnd(_ file: SegmentFile, _ end: UInt64) -> JournalDamage? {
        let first = max(expected, from)
        let lost = first..<max(first, end)
        guard skipped != nil || !lost.isEmpty else { return nil }
        let damage = JournalDamage(
            segment: file.name.text, bytes: skipped?.bytes ?? offset..<offset,
            reason: skipped?.reason ?? .order, positions: lost)
        skipped = nil
        expected = max(expected, end)
        return damage
    }

    /// Handles the block at `offset`; nil if there is nothing to tell.
    private func take(
        _ header: BlockHeader, _ file: SegmentFile
    ) throws(StorageError) -> JournalEvent? {
        let advances = header.kind == .ticks || header.kind == .missing
        if advances, let damage = hole(before: header, file) { return .damaged(damage) }
        let start = offset
        offset += UInt64(header.blockSize)
        if advances && header.endPosition <= max(expected, from) {
            // Not asked for, or told before.
            expected = max(expected, header.endPosition)
            return nil
        }
        if header.kind == .index { return nil }
        let payload = try file.payload(of: header, at: start)
        do throws(BlockDamage) {
            return try event(header, payload)
        } catch {
            let positions = max(expected, header.firstPosition)..<max(expected, header.endPosition)
            expected = positions.upperBound
            return .damaged(
                JournalDamage(
                    segment: file.name.text, bytes: start..<offset, reason: error,
                    positions: advances ? positions : expected..<expected))
        }
    }

    /// What is missing between the last position and this block, if anything is.
    private func hole(before header: BlockHeader, _ file: SegmentFile) -> JournalDamage? {
        let first = max(header.firstPosition, expected)
        guard skipped != nil || first > expected else { return nil }
        let damage = JournalDamage(
            segment: file.name.text, bytes: skipped?.bytes ?? offset..<offset,
            reason: skipped?.reason ?? .order,
            positions: min(max(expected, from), first)..<first)
        skipped = nil
        expected = first
        return damage.positions.isEmpty && damage.bytes.isEmpty ? nil : damage
    }

    private func event(
        _ header: BlockHeader, _ payload: UnsafeRawBufferPointer
    ) throws(BlockDamage) -> JournalEvent? {
        switch header.kind {
        case .segment:
            let body = try decoder.body(of: header, payload: payload)
            guard let segment = SegmentHeader.decode(body) else { throw .body }
            return .segment(segment)
        case .definitions:
            let body = try decoder.body(of: header, payload: payload)
            guard let definitions = DefinitionsCodec.decode(body) else { throw .body }
            return .definitions(definitions)
        case .image:
            let ticks = try decoder.ticks(of: header, payload: payload)
            return .image(position: header.firstPosition, ticks: ticks)
        case .ticks:
            let ticks = try decoder.ticks(of: header, payload: payload)
            let first = max(header.firstPosition, expected, from)
            expected = header.endPosition
            let known = UnsafeBufferPointer(
                rebasing: ticks[Int(first - header.firstPosition)...])
            return .ticks(firstPosition: first, ticks: known)
        case .missing:
            let first = max(header.firstPosition, expected, from)
            expected = header.endPosition
            return .missing(first..<header.endPosition)
        case .index: return nil
        }
    }
}
