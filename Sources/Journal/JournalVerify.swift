import Ticks

/// Examines a journal without changing it. Needs no lock; a segment that is still being written is
/// judged up to its last whole block.
public struct JournalVerify {
    private let storage: any JournalStorage
    private let decoder = BlockDecoder()

    public init(storage: any JournalStorage) { self.storage = storage }

    /// Checks everything: checksums, zstd, columns, times and counts against the headers, blocks in
    /// turn, positions in one line, index and footer against what is there.
    ///
    /// - Parameter progress: called after each segment with its number, from 1, and how many there
    ///   are.
    public func verify(
        progress: (_ segment: Int, _ count: Int) -> Void = { _, _ in }
    ) throws(JournalError) -> JournalReport {
        try JournalError.storage { () throws(StorageError) in
            var report = JournalReport()
            let catalog = DefinitionsCatalog()
            var expected: UInt64?
            let names = try storage.segmentNames()
            for (i, name) in names.enumerated() {
                let scan = try SegmentScan(name, storage: storage, decoder: decoder)
                var segment = try examine(scan, catalog)
                if i == names.count - 1 && scan.mayBeGrowing { segment.forgiveTail() }
                report.note(scan.headers, expected: &expected, start: name.firstPosition)
                report.segments.append(segment)
                progress(i + 1, names.count)
            }
            report.definitions = catalog.all
            return report
        }
    }

    /// Tells what is there, from headers and definitions alone: fast, and blind to damaged ticks.
    public func describe() throws(JournalError) -> JournalReport {
        try JournalError.storage { () throws(StorageError) in
            var report = JournalReport()
            let catalog = DefinitionsCatalog()
            var expected: UInt64?
            for name in try storage.segmentNames() {
                let file = try SegmentFile(name, storage: storage)
                let size = try file.size()
                let found = try SegmentIndex.headers(of: file, decoder: decoder)
                var segment = SegmentReport(
                    name: name.text, bytes: size,
                    positions: name.firstPosition..<name.firstPosition)
                for (offset, entry) in found {
                    guard case .block(let header) = try file.item(at: offset, size: size) else {
                        segment.problems.append(
                            SegmentProblem(
                                bytes: offset..<offset, reason: .header,
                                positions: entry.firstPosition..<entry.endPosition))
                        continue
                    }
                    segment.note(header)
                    if header.kind == .segment || header.kind == .definitions {
                        let payload = try file.payload(of: header, at: offset)
                        learn(header, payload, at: offset, &segment, catalog)
                    }
                }
                if size >= UInt64(SegmentFooter.size),
                    case .footer = try file.item(
                        at: size - UInt64(SegmentFooter.size), size: size)
                {
                    segment.isFinished = true
                }
                report.note(
                    found.map(\.header), expected: &expected, start: name.firstPosition)
                report.segments.append(segment)
            }
            report.definitions = catalog.all
            return report
        }
    }

    private func examine(
        _ scan: SegmentScan, _ catalog: DefinitionsCatalog
    ) throws(StorageError) -> SegmentReport {
        let start = scan.name.firstPosition
        var report = SegmentReport(
            name: scan.name.text, bytes: scan.size, positions: start..<start)
        report.isFinished = scan.isSealed
        for damage in scan.damages {
            report.problems.append(
                SegmentProblem(
                    bytes: damage.bytes, reason: damage.reason, positions: damage.positions))
        }
        let file = try SegmentFile(scan.name, storage: storage)
        var ordinal: UInt64 = 0
        for (entry, header) in zip(scan.entries, scan.headers) {
            report.note(header)
            if header.ordinal != ordinal && scan.damages.isEmpty {
                report.add(.order, entry)
            }
            ordinal = header.ordinal + 1
            let payload = try file.payload(of: header, at: entry.offset)
            learn(header, payload, at: entry.offset, &report, catalog)
        }
        if let header = report.header, header.segmentIdentity != scan.identity {
            report.problems.append(SegmentProblem(bytes: 0..<0, reason: .order))
        }
        judgeEnd(scan, &report)
        return report
    }

    /// Reads a block's content and holds it to its header.
    private func learn(
        _ header: BlockHeader, _ payload: UnsafeRawBufferPointer, at offset: UInt64,
        _ report: inout SegmentReport, _ catalog: DefinitionsCatalog
    ) {
        do throws(BlockDamage) {
            switch header.kind {
            case .segment:
                let body = try decoder.body(of: header, payload: payload)
                guard let segment = SegmentHeader.decode(body) else { throw .body }
                report.header = segment
            case .definitions:
                let body = try decoder.body(of: header, payload: payload)
                guard let definitions = DefinitionsCodec.decode(body) else { throw .body }
                catalog.merge(definitions)
            case .ticks, .image:
                let ticks = try decoder.ticks(of: header, payload: payload)
                var times = header
                times.noteTimes(ticks)
                if header.kind == .ticks { catalog.advance(over: ticks, header: header) }
                guard times == header else { throw .header }
            case .missing, .index: break
            }
        } catch {
            report.problems.append(
                SegmentProblem(
                    bytes: offset..<offset + UInt64(header.blockSize), reason: error,
                    positions: header.firstPosition..<header.endPosition))
        }
    }

    private func judgeEnd(_ scan: SegmentScan, _ report: inout SegmentReport) {
        if scan.isSealed {
            let isSame =
                scan.index == scan.entries && scan.footer?.endPosition == scan.endPosition
                && scan.footer.map { Int($0.blockCount) } == scan.entries.count
            if !isSame && scan.damages.isEmpty {
                report.problems.append(
                    SegmentProblem(bytes: scan.dataEnd..<scan.size, reason: .footer))
            }
        } else {
            report.tailBytes = scan.size - scan.dataEnd
            report.problems.append(
                SegmentProblem(bytes: scan.dataEnd..<scan.size, reason: .footer))
        }
    }
}

extension SegmentReport {
    mutating func note(_ header: BlockHeader) {
        blocks += 1
        switch header.kind {
        case .ticks:
            ticks += UInt64(header.count)
            tickBytes += UInt64(header.blockSize)
            captureTimes = Self.extend(captureTimes, header.captureTimeMin, header.captureTimeMax)
            if header.exchangeTimeMax > 0 {
                exchangeTimes = Self.extend(
                    exchangeTimes, header.exchangeTimeMin, header.exchangeTimeMax)
            }
        case .image: imageTicks += UInt64(header.count)
        case .missing: missing.append(header.firstPosition..<header.endPosition)
        case .segment, .definitions, .index: break
        }
        if header.endPosition > positions.upperBound {
            positions = positions.lowerBound..<header.endPosition
        }
    }

    mutating func add(_ reason: BlockDamage, _ entry: IndexEntry) {
        problems.append(
            SegmentProblem(
                bytes: entry.offset..<entry.offset + UInt64(entry.size), reason: reason,
                positions: entry.firstPosition..<entry.endPosition))
    }

    /// The last segment may be in the middle of a write.
    mutating func forgiveTail() {
        let dataEnd = bytes - tailBytes
        problems.removeAll {
            $0.bytes.lowerBound >= dataEnd
                && ($0.reason == .footer || $0.reason == .truncated || $0.reason == .header)
        }
    }

    private static func extend(
        _ range: ClosedRange<UInt64>?, _ low: UInt64, _ high: UInt64
    ) -> ClosedRange<UInt64> {
        // A header that lies about its order is reported, not trapped on.
        let (low, high) = (min(low, high), max(low, high))
        guard let range else { return low...high }
        return min(range.lowerBound, low)...max(range.upperBound, high)
    }
}

extension JournalReport {
    /// Holds the positions of a segment's blocks to one line.
    mutating func note(_ headers: [BlockHeader], expected: inout UInt64?, start: UInt64) {
        for header in headers where header.kind == .ticks || header.kind == .missing {
            let next = expected ?? start
            if header.firstPosition > next { holes.append(next..<header.firstPosition) }
            if header.firstPosition < next {
                overlaps.append(header.firstPosition..<min(next, header.endPosition))
            }
            expected = max(next, header.endPosition)
        }
    }
}
