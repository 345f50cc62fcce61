public import Ticks

/// Where a channel's sequence numbers stand.
public struct ChannelState: Hashable, Sendable {
    public var channel: UInt16
    /// Number of the epoch in the trading day, from 1; 0 if none has begun.
    public var epoch: UInt32
    public var session: SessionIdentifier
    /// The sequence number expected next.
    public var nextSequence: UInt64

    public init(
        channel: UInt16, epoch: UInt32 = 0,
        session: SessionIdentifier = SessionIdentifier(high: 0, low: 0), nextSequence: UInt64 = 0
    ) {
        self.channel = channel
        self.epoch = epoch
        self.session = session
        self.nextSequence = nextSequence
    }

    /// Moves on past one tick of this channel.
    ///
    /// An `epoch` tick carries the epoch's number in `extra`, its first sequence, and its session in
    /// `orderID` and `quantity`; a `gap` tick covers `quantity` sequences. Ticks that the handler
    /// made itself move nothing. A message is behind us with its last tick.
    public mutating func apply(_ tick: Tick) {
        // Orders and trades, nearly all ticks, need no more than this.
        if tick.kind <= TickKind.trade.rawValue && !tick.has(.snapshot) {
            // A journal may end between the ticks of one message: it is whole with its last one.
            // Behind the largest number there is none: it wraps, and changes nothing.
            let isWhole = UInt64(tick.flags & TickFlags.lastOfEvent.rawValue)
            nextSequence = max(nextSequence, tick.sequence &+ isWhole)
            return
        }
        switch tick.tickKind {
        case .epoch:
            session = SessionIdentifier(
                high: tick.orderID, low: UInt64(bitPattern: tick.quantity))
            if tick.extra != 0 && tick.extra != epoch {
                epoch = tick.extra
                nextSequence = tick.sequence
            } else {
                nextSequence = max(nextSequence, tick.sequence)
            }
        case .gap:
            let count = tick.quantity > 0 ? UInt64(tick.quantity) : 0
            let end = tick.sequence.addingReportingOverflow(count)
            if !end.overflow { nextSequence = max(nextSequence, end.partialValue) }
        case .gapFilled, .heartbeat, .lineState, .alert:
            break
        default:
            guard !tick.has(.snapshot) && tick.sequence < .max else { return }
            // Levels are one tick a message, and last-of-event there tells of the venue's event.
            let isWhole = tick.has(.lastOfEvent) || tick.tickKind == .level
            nextSequence = max(nextSequence, isWhole ? tick.sequence + 1 : tick.sequence)
        }
    }
}

/// What ticks refer to: channels with their state, and instruments.
public struct JournalDefinitions: Equatable, Sendable {
    public var channels: [ChannelDescription]
    public var states: [ChannelState]
    public var instruments: [Instrument]

    public init(
        channels: [ChannelDescription] = [], states: [ChannelState] = [],
        instruments: [Instrument] = []
    ) {
        self.channels = channels
        self.states = states
        self.instruments = instruments
    }

    public var isEmpty: Bool { channels.isEmpty && states.isEmpty && instruments.isEmpty }
}

/// Body of a definitions block (FORMAT.md, "Definitions"): entries of tag, length and fields.
enum DefinitionsCodec {
    enum Tag: UInt8 {
        case channel = 1
        case state = 2
        case instrument = 3
    }

    /// A body is closed once it is this long.
    static let bodySizeTarget = 1 << 18
    /// Longest `details` that is kept; what is beyond is cut off.
    static let detailsSizeMax = 1 << 16

    /// Calls `body` with each finished body and the number of its entries.
    static func encode(
        _ definitions: JournalDefinitions, body: (UnsafeRawBufferPointer, Int) -> Void
    ) {
        let buffer = ByteBuffer(capacity: bodySizeTarget + (bodySizeTarget >> 1))
        var entries = 0
        func entry(_ tag: Tag, _ fields: () -> Void) {
            buffer.append(tag.rawValue)
            let lengthAt = buffer.count
            buffer.append(UInt32(0))
            fields()
            let length = UInt32(buffer.count - lengthAt - 4)
            buffer.bytes.storeLittle(length, at: lengthAt)
            entries += 1
            if buffer.count >= bodySizeTarget { flush() }
        }
        func flush() {
            guard entries > 0 else { return }
            body(buffer.contents, entries)
            buffer.truncate(to: 0)
            entries = 0
        }
        for channel in definitions.channels { entry(.channel) { append(channel, to: buffer) } }
        for state in definitions.states { entry(.state) { append(state, to: buffer) } }
        for instrument in definitions.instruments {
            entry(.instrument) { append(instrument, to: buffer) }
        }
        flush()
    }

    /// Returns nil if the body is not well formed. Entries with unknown tags are skipped.
    static func decode(_ body: UnsafeRawBufferPointer) -> JournalDefinitions? {
        var definitions = JournalDefinitions()
        var cursor = ByteCursor(body)
        while !cursor.isAtEnd {
            guard let tag = cursor.read(UInt8.self), let size = cursor.read(UInt32.self),
                let bytes = cursor.readBytes(Int(size))
            else { return nil }
            var fields = ByteCursor(bytes)
            switch Tag(rawValue: tag) {
            case .channel:
                guard let channel = readChannel(&fields) else { return nil }
                definitions.channels.append(channel)
            case .state:
                guard let state = readState(&fields) else { return nil }
                definitions.states.append(state)
            case .instrument:
                guard let instrument = readInstrument(&fields) else { return nil }
                definitions.instruments.append(instrument)
            case nil: break
            }
        }
        return definitions
    }

    private static func append(_ channel: ChannelDescription, to buffer: ByteBuffer) {
        buffer.append(channel.id)
        buffer.append(channel.unit.rawValue)
        buffer.append(channel.name)
        buffer.append(channel.venue)
        buffer.append(channel.protocolName)
    }

    private static func readChannel(_ fields: inout ByteCursor) -> ChannelDescription? {
        guard let id = fields.read(UInt16.self), let code = fields.read(UInt8.self),
            let unit = SequenceUnit(rawValue: code), let name = fields.readText(),
            let venue = fields.readText(), let protocolName = fields.readText()
        else { return nil }
        return ChannelDescription(
            id: id, name: name, venue: venue, protocolName: protocolName, unit: unit)
    }

    private static func append(_ state: ChannelState, to buffer: ByteBuffer) {
        buffer.append(state.channel)
        buffer.append(state.epoch)
        buffer.append(state.nextSequence)
        buffer.append(state.session.high)
        buffer.append(state.session.low)
    }

    private static func readState(_ fields: inout ByteCursor) -> ChannelState? {
        guard let channel = fields.read(UInt16.self), let epoch = fields.read(UInt32.self),
            let next = fields.read(UInt64.self), let high = fields.read(UInt64.self),
            let low = fields.read(UInt64.self)
        else { return nil }
        return ChannelState(
            channel: channel, epoch: epoch, session: SessionIdentifier(high: high, low: low),
            nextSequence: next)
    }

    private static func append(_ instrument: Instrument, to buffer: ByteBuffer) {
        buffer.append(instrument.id)
        buffer.append(instrument.code)
        buffer.append(instrument.tickSize)
        buffer.append(instrument.lotSize)
        buffer.append(instrument.channel)
        buffer.append(instrument.symbol)
        buffer.append(instrument.venue)
        buffer.append(instrument.currency)
        let details = instrument.details
        buffer.append(
            details.utf8.count <= detailsSizeMax
                ? details
                : String(decoding: details.utf8.prefix(detailsSizeMax), as: UTF8.self))
    }

    private static func readInstrument(_ fields: inout ByteCursor) -> Instrument? {
        guard let id = fields.read(UInt32.self), let code = fields.read(UInt64.self),
            let tickSize = fields.read(Int64.self), let lotSize = fields.read(Int64.self),
            let channel = fields.read(UInt16.self), let symbol = fields.readText(),
            let venue = fields.readText(), let currency = fields.readText(),
            let details = fields.readText()
        else { return nil }
        return Instrument(
            id: id, symbol: symbol, venue: venue, code: code, tickSize: tickSize,
            lotSize: lotSize, channel: channel, currency: currency, details: details)
    }
}
