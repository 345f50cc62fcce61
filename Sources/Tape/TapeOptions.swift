import CTapeline
import Ticks

/// What a publisher creates; all of it is allocated at the start.
public struct TapeOptions: Sendable {
    /// Ticks that the ring holds: a power of two, 1024 or more.
    public var ringCapacity: Int
    public var instrumentCapacity: Int
    /// Bytes for instrument details.
    public var blobSize: Int
    /// Position of the first tick: where an earlier run's journal ended.
    public var firstPosition: UInt64
    /// YYYYMMDD, 0 if unknown.
    public var tradingDay: UInt32
    public var configurationHash: UInt64
    /// Feed names, joined by commas; at most 255 bytes.
    public var feeds: String
    public var channels: [ChannelDescription]
    public var lines: [TapeLine]
    /// Names of the counters, at most 55 bytes each.
    public var counters: [String]
    /// The publisher waits for the journal: it overwrites nothing that is not journaled yet.
    public var isGated: Bool

    public init(
        ringCapacity: Int = 1 << 20, instrumentCapacity: Int = 65_536, blobSize: Int = 16 << 20,
        firstPosition: UInt64 = 0, tradingDay: UInt32 = 0, configurationHash: UInt64 = 0,
        feeds: String = "", channels: [ChannelDescription] = [], lines: [TapeLine] = [],
        counters: [String] = [], isGated: Bool = false
    ) {
        self.ringCapacity = ringCapacity
        self.instrumentCapacity = instrumentCapacity
        self.blobSize = blobSize
        self.firstPosition = firstPosition
        self.tradingDay = tradingDay
        self.configurationHash = configurationHash
        self.feeds = feeds
        self.channels = channels
        self.lines = lines
        self.counters = counters
        self.isGated = isGated
    }
}

extension TapeOptions {
    /// Throws if no tape can be like this.
    func check() throws(TapeError) {
        guard ringCapacity >= 1024, ringCapacity & (ringCapacity - 1) == 0,
            ringCapacity <= 1 << 36
        else { throw .invalidCapacity(ringCapacity) }
        guard (0..<1 << 24).contains(instrumentCapacity) else {
            throw .invalidSize(of: "instruments", instrumentCapacity)
        }
        guard (0...1 << 40).contains(blobSize) else {
            throw .invalidSize(of: "instrument details", blobSize)
        }
        guard channels.count <= 1 << 16 else {
            throw .invalidSize(of: "channels", channels.count)
        }
        guard lines.count <= 1 << 24 else { throw .invalidSize(of: "lines", lines.count) }
    }
}

/// A line as the tape's line table names it.
public struct TapeLine: Sendable, Hashable {
    public var channel: UInt16
    public var id: UInt8
    /// At most 31 bytes.
    public var name: String

    public init(channel: UInt16, id: UInt8, name: String) {
        self.channel = channel
        self.id = id
        self.name = name
    }
}

/// Offsets and sizes of everything behind the header, computed once from the options.
struct TapeGeometry {
    let channelOffset: Int
    let lineOffset: Int
    let counterOffset: Int
    let instrumentOffset: Int
    let topOffset: Int
    let blobOffset: Int
    let ringOffset: Int
    let ringBytes: Int
    var totalSize: Int { ringOffset + ringBytes }

    init(_ options: TapeOptions) {
        func aligned(_ offset: Int, to size: Int) -> Int { (offset + size - 1) / size * size }
        channelOffset = Int(TAPELINE_HEADER_SIZE)
        lineOffset = channelOffset + options.channels.count * MemoryLayout<tapeline_channel>.stride
        counterOffset = lineOffset + options.lines.count * MemoryLayout<tapeline_line>.stride
        instrumentOffset =
            counterOffset + options.counters.count * MemoryLayout<tapeline_counter>.stride
        // Entry 0 stays empty: ids count from 1.
        topOffset =
            instrumentOffset
            + (options.instrumentCapacity + 1) * MemoryLayout<tapeline_instrument>.stride
        blobOffset =
            topOffset + (options.instrumentCapacity + 1) * MemoryLayout<tapeline_top>.stride
        let hugePage = 2 << 20
        ringOffset = aligned(blobOffset + options.blobSize, to: hugePage)
        ringBytes = options.ringCapacity * MemoryLayout<Tick>.stride
    }
}
