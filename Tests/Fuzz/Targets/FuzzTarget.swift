import Handler
import Simulation

/// The parts that read bytes from elsewhere. Every target takes any bytes at all and stops the
/// process where a promise is broken: a trap, an account that does not add up, books that
/// contradict themselves, an error where none may be.
enum FuzzTarget: RawRepresentable, Hashable, CaseIterable, Sendable {
    /// A capture file, packet by packet, and through the offline decoder.
    case capture
    /// Datagrams of two MoldUDP64 lines through the whole core.
    case itch50
    /// The same with IEX-TP: DEEP or TOPS, as the first byte says.
    case iex
    /// A message file through the core into every text format.
    case messages
    /// An input log: configuration, resume state, packets, clock.
    case inputlog
    /// A segment's file through reader, verification and recovery.
    case journal
    /// A configuration file.
    case config
    /// Datagrams made from a feed's description, through core, decoder and dissect.
    case feed(FeedProtocol)

    private static let named: [String: FuzzTarget] = [
        "capture": .capture, "itch50": .itch50, "iex": .iex, "messages": .messages,
        "inputlog": .inputlog, "journal": .journal, "config": .config,
    ]

    static let allCases: [FuzzTarget] =
        [.capture, .itch50, .iex, .messages, .inputlog, .journal, .config]
        + FeedProtocol.allCases.map { .feed($0) }

    /// `feed-NAME` for the feeds of the registry.
    var rawValue: String {
        switch self {
        case .feed(let feed): "feed-\(feed.rawValue)"
        default: "\(self)"
        }
    }

    init?(rawValue: String) {
        if let target = Self.named[rawValue] {
            self = target
        } else if rawValue.hasPrefix("feed-"),
            let feed = FeedProtocol(rawValue: String(rawValue.dropFirst(5)))
        {
            self = .feed(feed)
        } else {
            return nil
        }
    }

    func run(_ bytes: [UInt8]) {
        switch self {
        case .capture: CaptureTarget.run(bytes)
        case .itch50: StreamTarget.runITCH50(bytes)
        case .iex: StreamTarget.runIEX(bytes)
        case .messages: MessageFileTarget.run(bytes)
        case .inputlog: InputLogTarget.run(bytes)
        case .journal: JournalTarget.run(bytes)
        case .config: ConfigurationTarget.run(bytes)
        case .feed(let feed): ProtocolTarget.run(bytes, feed)
        }
    }

    /// Valid inputs, the same ones every time, to begin from.
    func seeds() throws -> [[UInt8]] {
        switch self {
        case .capture: try CaptureTarget.seeds()
        case .itch50: try StreamTarget.itch50Seeds()
        case .iex: StreamTarget.iexSeeds()
        case .messages: try MessageFileTarget.seeds()
        case .inputlog: try InputLogTarget.seeds()
        case .journal: try JournalTarget.seeds()
        case .config: ConfigurationTarget.seeds()
        case .feed(let feed): ProtocolTarget.seeds(feed)
        }
    }
}

/// Bytes taken from the front; what is not there reads as zeros.
struct ByteTaker {
    private let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isEmpty: Bool { offset >= bytes.count }

    mutating func byte() -> UInt8 {
        defer { offset += 1 }
        return offset < bytes.count ? bytes[offset] : 0
    }

    mutating func word() -> UInt16 { UInt16(byte()) | UInt16(byte()) << 8 }

    mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        let start = min(offset, bytes.count)
        let end = min(start + count, bytes.count)
        offset = end
        return bytes[start..<end]
    }

    mutating func rest() -> ArraySlice<UInt8> { take(bytes.count) }
}

/// A broken promise stops the process and says where; `precondition` is silent in release.
func require(
    _ condition: @autoclosure () -> Bool, _ message: String = "a promise is broken",
    file: StaticString = #file, line: UInt = #line
) {
    if !condition() { fatalError(message, file: file, line: line) }
}

/// Touches the ends of a range, for the address sanitizer to judge it.
func touch(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first, let last = bytes.last else { return }
    sink = sink &+ UInt64(first) &+ UInt64(last)
}
nonisolated(unsafe) private var sink: UInt64 = 0
