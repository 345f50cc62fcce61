import Ticks

/// Writes the ticks of one message after the other into space that is large enough.
struct TickEmitter {
    private let ticks: UnsafeMutableRawPointer
    private let captureTime: UInt64
    /// The tick's last two words as far as they are the same for the whole packet.
    private let channelWord: UInt64
    private let flagsWord: UInt64
    private(set) var count = 0

    /// Of the message being decoded.
    var sequence: UInt64 = 0
    var exchangeTime: UInt64 = 0
    var instrument: UInt32 = 0

    @inline(__always)
    init(ticks: UnsafeMutablePointer<Tick>, context: DeliveryContext) {
        self.ticks = UnsafeMutableRawPointer(ticks)
        captureTime = context.captureTime
        channelWord = UInt64(context.channel) << 32
        flagsWord = UInt64(context.flags.rawValue) | UInt64(context.line) << 16
    }

    /// Writes the tick in eight words: field by field it would take fourteen stores.
    @inline(__always)
    mutating func emit(
        _ kind: TickKind, orderID: UInt64 = 0, price: Int64 = Price.none,
        quantity: Int64 = Quantity.none, side: Side = .none, flags more: TickFlags = .lastOfEvent,
        detail: UInt8 = 0, extra: UInt32 = 0
    ) {
        let tick = ticks + count &* MemoryLayout<Tick>.stride
        tick.storeBytes(of: exchangeTime, toByteOffset: 0, as: UInt64.self)
        tick.storeBytes(of: captureTime, toByteOffset: 8, as: UInt64.self)
        tick.storeBytes(of: sequence, toByteOffset: 16, as: UInt64.self)
        tick.storeBytes(of: orderID, toByteOffset: 24, as: UInt64.self)
        tick.storeBytes(of: price, toByteOffset: 32, as: Int64.self)
        tick.storeBytes(of: quantity, toByteOffset: 40, as: Int64.self)
        let place =
            channelWord | UInt64(instrument) | UInt64(kind.rawValue) << 48
            | UInt64(side.rawValue) << 56
        tick.storeBytes(of: place, toByteOffset: 48, as: UInt64.self)
        let rest =
            flagsWord | UInt64(more.rawValue) | UInt64(detail) << 24 | UInt64(extra) << 32
        tick.storeBytes(of: rest, toByteOffset: 56, as: UInt64.self)
        count &+= 1
    }

    @inline(__always)
    mutating func status(
        _ detail: StatusDetail, _ extra: UInt32, flags: TickFlags = .lastOfEvent
    ) {
        emit(.status, flags: flags, detail: detail.rawValue, extra: extra)
    }

    /// The instrument's book is empty. Nothing is told for one that found no place in the directory:
    /// without an instrument, the tick would empty the books of the whole channel.
    @inline(__always)
    mutating func clearBook(
        _ side: Side = .none, quantity: Int64 = Quantity.none, flags: TickFlags = .lastOfEvent,
        extra: UInt32 = 0
    ) {
        guard instrument != 0 else { return }
        emit(.clear, quantity: quantity, side: side, flags: flags, extra: extra)
    }

    /// Takes the last tick back, to be written later.
    mutating func takeLast() -> Tick {
        count &-= 1
        return ticks.load(fromByteOffset: count &* MemoryLayout<Tick>.stride, as: Tick.self)
    }

    /// Writes a tick that was taken back.
    mutating func put(_ tick: Tick) {
        ticks.storeBytes(
            of: tick, toByteOffset: count &* MemoryLayout<Tick>.stride, as: Tick.self)
        count &+= 1
    }

    /// Marks the last tick written as the last of its event: for messages whose number of ticks
    /// turns out while they are written. `first` is the count before the message.
    @inline(__always)
    func endEvent(since first: Int) {
        guard count > first else { return }
        let flags = ticks + (count &- 1) &* MemoryLayout<Tick>.stride + 56
        let value = flags.load(as: UInt16.self) | TickFlags.lastOfEvent.rawValue
        flags.storeBytes(of: value, as: UInt16.self)
    }
}
