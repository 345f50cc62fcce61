import CTapeline
import Glibc
import Synchronization
import Ticks

/// The tables behind the header: directory, channels, lines, counters.
extension TapePublisher {
    static func initialize(
        _ object: TapeObject, name: String, options: TapeOptions, generation: UInt64
    ) {
        let geometry = object.geometry
        var header = tapeline_header()
        header.magic = tapeline_tape_magic
        header.version = UInt32(TAPELINE_LAYOUT_VERSION)
        header.headerSize = UInt32(TAPELINE_HEADER_SIZE)
        header.generation = generation
        header.totalSize = UInt64(geometry.totalSize)
        header.ringOffset = UInt64(geometry.ringOffset)
        header.ringCapacity = UInt64(options.ringCapacity)
        header.firstPosition = options.firstPosition
        header.channelOffset = UInt64(geometry.channelOffset)
        header.lineOffset = UInt64(geometry.lineOffset)
        header.counterOffset = UInt64(geometry.counterOffset)
        header.instrumentOffset = UInt64(geometry.instrumentOffset)
        header.topOffset = UInt64(geometry.topOffset)
        header.blobOffset = UInt64(geometry.blobOffset)
        header.blobSize = UInt64(options.blobSize)
        header.channelCount = UInt32(options.channels.count)
        header.lineCount = UInt32(options.lines.count)
        header.counterCount = UInt32(options.counters.count)
        header.instrumentCapacity = UInt32(options.instrumentCapacity)
        header.tradingDay = options.tradingDay
        header.publisherProcess = UInt32(getpid())
        header.configHash = options.configurationHash
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        header.startTime = UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
        setText(&header.name, name)
        setText(&header.feeds, options.feeds)
        header.claimed = options.firstPosition
        header.published = options.firstPosition
        header.journaled = options.firstPosition
        header.state = UInt64(TAPELINE_STATE_LIVE)
        object.base.assumingMemoryBound(to: tapeline_header.self).pointee = header
        for (index, channel) in options.channels.enumerated() {
            var entry = tapeline_channel()
            entry.id = channel.id
            entry.unit = channel.unit.rawValue
            setText(&entry.name, channel.name)
            setText(&entry.venue, channel.venue)
            setText(&entry.protocol, channel.protocolName)
            object.entry(geometry.channelOffset, index).pointee = entry
        }
        for (index, line) in options.lines.enumerated() {
            var entry = tapeline_line()
            entry.channel = line.channel
            entry.id = line.id
            setText(&entry.name, line.name)
            object.entry(geometry.lineOffset, index).pointee = entry
        }
        for (index, name) in options.counters.enumerated() {
            var entry = tapeline_counter()
            setText(&entry.name, name)
            object.entry(geometry.counterOffset, index).pointee = entry
        }
        var empty = tapeline_top()
        empty.bidPrice = Price.none
        empty.askPrice = Price.none
        for instrument in 0...options.instrumentCapacity {
            object.entry(geometry.topOffset, instrument).pointee = empty
        }
    }

    /// Copies as much of the text as fits, zero-terminated, never half a character.
    static func setText<Field>(_ field: inout Field, _ text: String) {
        withUnsafeMutableBytes(of: &field) { bytes in
            var length = 0
            for character in text {
                let size = character.utf8.count
                if length + size >= bytes.count { break }
                for byte in character.utf8 {
                    bytes[length] = byte
                    length += 1
                }
            }
            for index in length..<bytes.count { bytes[index] = 0 }
        }
    }

    /// Adds or changes a directory entry. Ids must be dense: a new one is the count plus 1.
    public func setInstrument(_ instrument: Instrument) {
        let id = Int(instrument.id)
        guard id > 0, id <= options.instrumentCapacity else { return }
        let entry: UnsafeMutablePointer<tapeline_instrument> = object.entry(
            object.geometry.instrumentOffset, id)
        let details = storeDetails(instrument.details, replacing: entry.pointee)
        withGuard(entry) {
            entry.pointee.id = instrument.id
            Self.setText(&entry.pointee.symbol, instrument.symbol)
            Self.setText(&entry.pointee.venue, instrument.venue)
            entry.pointee.code = instrument.code
            entry.pointee.tickSize = instrument.tickSize
            entry.pointee.lotSize = instrument.lotSize
            entry.pointee.channel = instrument.channel
            Self.setText(&entry.pointee.currency, instrument.currency)
            entry.pointee.detailsOffset = details.offset
            entry.pointee.detailsLength = details.length
        }
        let count = Self.atomic(object.base, \.instrumentCount)
        if UInt64(id) > count.pointee.load(ordering: .relaxed) {
            count.pointee.store(UInt64(id), ordering: .releasing)
        }
    }

    /// Appends details to the blob area; unchanged ones keep their place, and where the area is full
    /// the entry goes without.
    private func storeDetails(_ details: String, replacing old: tapeline_instrument)
        -> (offset: UInt64, length: UInt32)
    {
        var details = details
        return details.withUTF8 { bytes in
            guard let start = bytes.baseAddress, !bytes.isEmpty else { return (0, 0) }
            if bytes.count == Int(old.detailsLength),
                memcmp(object.base + Int(old.detailsOffset), start, bytes.count) == 0
            {
                return (old.detailsOffset, old.detailsLength)
            }
            let used = Self.atomic(object.base, \.blobUsed)
            let filled = Int(used.pointee.load(ordering: .relaxed))
            guard filled + bytes.count <= options.blobSize else { return (0, 0) }
            let offset = object.geometry.blobOffset + filled
            memcpy(object.base + offset, start, bytes.count)
            used.pointee.store(UInt64(filled + bytes.count), ordering: .releasing)
            return (UInt64(offset), UInt32(bytes.count))
        }
    }

    /// Rewrites a channel's status; `index` counts in the order of the options.
    public func updateChannel(_ index: Int, _ body: (inout tapeline_channel) -> Void) {
        let entry: UnsafeMutablePointer<tapeline_channel> = object.entry(
            object.geometry.channelOffset, index)
        withGuard(entry) { body(&entry.pointee) }
    }

    /// Rewrites a line's status; `index` counts in the order of the options.
    public func updateLine(_ index: Int, _ body: (inout tapeline_line) -> Void) {
        let entry: UnsafeMutablePointer<tapeline_line> = object.entry(
            object.geometry.lineOffset, index)
        withGuard(entry) { body(&entry.pointee) }
    }

    /// Sets a counter; `index` counts in the order of the options.
    public func setCounter(_ index: Int, _ value: UInt64) {
        let entry: UnsafeMutablePointer<tapeline_counter> = object.entry(
            object.geometry.counterOffset, index)
        UnsafeMutableRawPointer(entry).assumingMemoryBound(to: Atomic<UInt64>.self).pointee
            .store(value, ordering: .relaxed)
    }
}

extension TapeObject {
    /// Entry `index` of the table at `offset`.
    func entry<Entry>(_ offset: Int, _ index: Int) -> UnsafeMutablePointer<Entry> {
        (base + offset).assumingMemoryBound(to: Entry.self) + index
    }
}
