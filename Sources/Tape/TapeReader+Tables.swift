import CTapeline
import Synchronization
import Ticks

/// The tape's tables as Swift values. Readers of ticks need none of this.
extension TapeReader {
    /// Directory entries 1 … `instrumentCount`.
    public var instrumentCount: Int {
        let count = atomic(\.instrumentCount).pointee.load(ordering: .acquiring)
        return Int(min(count, UInt64(header.instrumentCapacity)))
    }

    public func instrument(_ id: UInt32) -> Instrument? {
        guard id > 0, Int(id) <= instrumentCount,
            let entry = entry(
                at: header.instrumentOffset, Int(id), as: tapeline_instrument.self)
        else { return nil }
        return Instrument(
            id: entry.id, symbol: Self.text(entry.symbol), venue: Self.text(entry.venue),
            code: entry.code, tickSize: entry.tickSize, lotSize: entry.lotSize,
            channel: entry.channel, currency: Self.text(entry.currency),
            details: details(entry))
    }

    private func details(_ entry: tapeline_instrument) -> String {
        let low = header.blobOffset
        let end = low + header.blobSize
        guard entry.detailsOffset >= low, entry.detailsOffset <= end,
            UInt64(entry.detailsLength) <= end - entry.detailsOffset
        else { return "" }
        let offset = Int(entry.detailsOffset)
        let length = Int(entry.detailsLength)
        return String(
            decoding: UnsafeBufferPointer(start: base + offset, count: length), as: UTF8.self)
    }

    public func channels() -> [tapeline_channel] {
        (0..<Int(header.channelCount)).compactMap {
            entry(at: header.channelOffset, $0, as: tapeline_channel.self)
        }
    }

    public func lines() -> [tapeline_line] {
        (0..<Int(header.lineCount)).compactMap {
            entry(at: header.lineOffset, $0, as: tapeline_line.self)
        }
    }

    /// Name and value of every counter.
    public func counters() -> [(name: String, value: UInt64)] {
        (0..<Int(header.counterCount)).map { index in
            let entry =
                base + Int(header.counterOffset)
                + index * MemoryLayout<tapeline_counter>.stride
            let value = UnsafeMutableRawPointer(mutating: entry)
                .assumingMemoryBound(to: Atomic<UInt64>.self).pointee.load(ordering: .relaxed)
            let counter = UnsafeRawPointer(entry).load(as: tapeline_counter.self)
            return (Self.text(counter.name), value)
        }
    }

    /// A zero-terminated field as text.
    public static func text<Field>(_ field: Field) -> String {
        withUnsafeBytes(of: field) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
