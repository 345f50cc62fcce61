import CLinux
import Foundation
import Glibc
import Ticks
import Wire

/// The input log: everything that the core's ticks are a function of, as one pcapng file.
///
/// Packets stand in it as UDP over IPv4, one interface for each line and time source; what is no
/// packet stands in custom blocks. Other tools read the packets and skip the rest.
public enum InputLog {
    /// Private enterprise number of documentation (RFC 5612); the tag behind it makes it ours.
    static let enterprise: UInt32 = 32_473
    private static let tag: UInt64 = 0x474F_4C45_5041_54  // "TAPELOG", little-endian

    /// What is no packet.
    public enum Entry {
        /// First of all: what the core was configured with.
        case configuration(CoreConfiguration)
        /// What an earlier run of the day had left.
        case resume(ResumeState)
        /// A clock tick, UTC ns.
        case clock(UInt64)
        /// The handler's own alert.
        case alert(AlertCause, sequence: UInt64, quantity: Int64)
        /// What the capture layer learned about a line.
        case lineState(LineRoute, LineStateDetail, place: DropPlace?, count: UInt64)
        /// A step of the wall clock.
        case clockStep(nanoseconds: Int64)
        /// The run ended cleanly here.
        case finish
    }

    private enum Kind: UInt32 {
        case configuration = 1
        case resume = 2
        case clock = 3
        case alert = 4
        case finish = 5
        case lineState = 6
        case clockStep = 7
    }

    static func encode(_ entry: Entry) -> [UInt8] {
        switch entry {
        case .configuration(let configuration): frame(.configuration, json(configuration))
        case .resume(let state): frame(.resume, json(state))
        case .clock(let time): frame(.clock, words([time]))
        case .alert(let cause, let sequence, let quantity):
            frame(
                .alert,
                words([UInt64(cause.rawValue), sequence, UInt64(bitPattern: quantity)]))
        case .lineState(let route, let state, let place, let count):
            frame(
                .lineState,
                words([
                    UInt64(route.channel), UInt64(route.line), UInt64(state.rawValue),
                    UInt64(place?.rawValue ?? 0), count,
                ]))
        case .clockStep(let nanoseconds):
            frame(.clockStep, words([UInt64(bitPattern: nanoseconds)]))
        case .finish: frame(.finish, [])
        }
    }

    /// Nil if the block is none of ours, or damaged.
    public static func decode(enterprise: UInt32, data: UnsafeRawBufferPointer) -> Entry? {
        guard enterprise == self.enterprise, data.count >= 16,
            data.loadUnaligned(fromByteOffset: 0, as: UInt64.self) == tag,
            let kind = Kind(
                rawValue: data.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        else { return nil }
        let length = Int(data.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
        guard length <= data.count - 16 else { return nil }
        let body = UnsafeRawBufferPointer(rebasing: data[16..<(16 + length)])
        switch kind {
        case .configuration:
            let configuration = decoded(CoreConfiguration.self, body)
            return configuration.flatMap { $0.isSound ? .configuration($0) : nil }
        case .resume:
            return decoded(ResumeState.self, body).map { .resume($0) }
        case .clock:
            return length == 8 ? .clock(body.loadUnaligned(as: UInt64.self)) : nil
        case .alert:
            guard length == 24,
                let cause = AlertCause(
                    rawValue: UInt8(truncatingIfNeeded: body.loadUnaligned(as: UInt64.self)))
            else { return nil }
            return .alert(
                cause, sequence: body.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                quantity: body.loadUnaligned(fromByteOffset: 16, as: Int64.self))
        case .lineState:
            return lineState(body)
        case .clockStep:
            return length == 8
                ? .clockStep(nanoseconds: body.loadUnaligned(as: Int64.self)) : nil
        case .finish:
            return .finish
        }
    }

    private static func lineState(_ body: UnsafeRawBufferPointer) -> Entry? {
        guard body.count == 40 else { return nil }
        let words = (0..<5).map { body.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        guard words[0] < 4096, words[1] < 250,
            let state = LineStateDetail(rawValue: UInt8(truncatingIfNeeded: words[2]))
        else { return nil }
        return .lineState(
            LineRoute(channel: Int(words[0]), line: Int(words[1])), state,
            place: DropPlace(rawValue: UInt8(truncatingIfNeeded: words[3])), count: words[4])
    }

    private static func frame(_ kind: Kind, _ body: [UInt8]) -> [UInt8] {
        words([tag]) + words([kind.rawValue, UInt32(body.count)]) + body
    }

    private static func words<Word: FixedWidthInteger>(_ values: [Word]) -> [UInt8] {
        values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    }

    private static func json<Value: Encodable>(_ value: Value) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return (try? encoder.encode(value)).map { Array($0) } ?? []
    }

    private static func decoded<Value: Decodable>(
        _ type: Value.Type, _ body: UnsafeRawBufferPointer
    ) -> Value? {
        try? JSONDecoder().decode(type, from: Data(body))
    }

    /// The route and time source that an interface of an input log stands for.
    static func route(_ interface: CaptureInterface) -> (LineRoute, TimeSource)? {
        guard let words = interface.description?.split(separator: " "), words.count == 4,
            words[0] == "tapeline", let channel = Int(words[1]), let line = Int(words[2]),
            let raw = UInt16(words[3]), let source = TimeSource(rawValue: raw)
        else { return nil }
        return (LineRoute(channel: channel, line: line), source)
    }

    static func description(_ route: LineRoute, _ source: TimeSource) -> String {
        "tapeline \(route.channel) \(route.line) \(source.rawValue)"
    }
}

/// Writes an input log from the core thread: bytes collect in chunks that a thread of its own
/// writes. If the disk cannot keep up the core waits: an input log with a hole would be none.
public final class InputLogWriter: @unchecked Sendable {
    private let path: String
    private let descriptor: Int32
    private var chunk: [UInt8] = []
    private var pcapng: PcapngWriter
    private var interfaces: [InterfaceKey: UInt32] = [:]
    private var builders: [Int: FrameBuilder] = [:]
    private let configuration: CoreConfiguration
    private static let chunkSize = 1 << 20
    private static let queueMax = 64

    private struct InterfaceKey: Hashable {
        var route: LineRoute
        var source: TimeSource
    }

    private let condition = NSCondition()
    private var queue: [[UInt8]] = []
    private var isClosing = false
    private var failure: OutputError?

    public init(path: String, force: Bool, configuration: CoreConfiguration) throws(OutputError) {
        self.path = path
        self.configuration = configuration
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL)
        descriptor = open(path, flags, 0o644)
        if descriptor < 0 {
            throw errno == EEXIST
                ? .exists(path: path) : .system(path: path, call: "open", code: errno)
        }
        pcapng = PcapngWriter(
            comment: "input log: decode it to get the run's ticks", userApplication: "tapeline",
            to: &chunk)
        let thread = Thread { [self] in writeChunks() }
        thread.name = "input-log"
        append(.configuration(configuration))
        thread.start()
    }

    public func append(_ entry: InputLog.Entry) {
        InputLog.encode(entry).withUnsafeBytes {
            pcapng.appendCustom(enterprise: InputLog.enterprise, data: $0, to: &chunk)
        }
        handOverIfFull()
    }

    public func append(
        _ route: LineRoute, captureTime: UInt64, timeSource: TimeSource,
        payload: UnsafeRawBufferPointer
    ) {
        let interface = interface(route, timeSource)
        guard let builder = builders[route.channel << 8 | route.line] else { return }
        frame.removeAll(keepingCapacity: true)
        builder.append(payload: payload, to: &frame)
        frame.withUnsafeBytes {
            pcapng.appendPacket(
                $0, interface: interface, timeNanoseconds: captureTime, to: &chunk)
        }
        handOverIfFull()
    }
    private var frame: [UInt8] = []

    /// The addresses in the log only tell lines apart for other tools: 239.0.CHANNEL.LINE.
    private func interface(_ route: LineRoute, _ source: TimeSource) -> UInt32 {
        let key = InterfaceKey(route: route, source: source)
        if let known = interfaces[key] { return known }
        let channel = configuration.channels[route.channel]
        let name = "\(channel.name)/\(channel.lines[route.line])"
        let id = pcapng.appendInterface(
            name: name, linkType: .raw, description: InputLog.description(route, source),
            to: &chunk)
        interfaces[key] = id
        let group = UInt32(239 << 24) | UInt32(route.channel & 0xFF) << 8 | UInt32(route.line)
        builders[route.channel << 8 | route.line] = FrameBuilder(
            source: IPAddress(v4: 0x0A00_0001), sourcePort: 1,
            destination: IPAddress(v4: group), destinationPort: 26_400, linkType: .raw)
        return id
    }

    private func handOverIfFull() {
        if chunk.count >= Self.chunkSize { handOver() }
    }

    private func handOver() {
        condition.lock()
        while queue.count >= Self.queueMax, failure == nil { condition.wait() }
        queue.append(chunk)
        condition.signal()
        condition.unlock()
        chunk = []
        chunk.reserveCapacity(Self.chunkSize + 65_536)
    }

    private func writeChunks() {
        while true {
            condition.lock()
            while queue.isEmpty && !isClosing { condition.wait() }
            guard !queue.isEmpty else {
                condition.unlock()
                break
            }
            let next = queue.removeFirst()
            condition.broadcast()
            condition.unlock()
            let code = write(next)
            if code != 0 {
                condition.lock()
                failure = failure ?? .system(path: path, call: "write", code: code)
                condition.broadcast()
                condition.unlock()
            }
        }
        condition.lock()
        isDone = true
        condition.broadcast()
        condition.unlock()
    }
    private var isDone = false

    private func write(_ bytes: [UInt8]) -> Int32 {
        var start = 0
        while start < bytes.count {
            let written = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + start, bytes.count - start)
            }
            if written < 0 {
                if errno == EINTR { continue }
                return errno
            }
            start += written
        }
        return 0
    }

    /// Writes what is left, syncs and closes. Throws if any write failed.
    public func close() throws(OutputError) {
        handOver()
        condition.lock()
        isClosing = true
        condition.broadcast()
        while !isDone { condition.wait() }
        let failure = failure
        condition.unlock()
        if fdatasync(descriptor) != 0, failure == nil {
            let code = errno
            Glibc.close(descriptor)
            throw .system(path: path, call: "fdatasync", code: code)
        }
        Glibc.close(descriptor)
        if let failure { throw failure }
    }
}

/// What an input log begins with.
public struct InputLogHead: Sendable {
    public var configuration: CoreConfiguration
    public var resume: ResumeState?

    /// Reads the head of a capture file; nil if it is no input log. `path` must name a regular file.
    public static func read(path: String) throws(CaptureFileError) -> InputLogHead? {
        try read(try CaptureReader(path: path))
    }

    /// Reads the head from a reader that has delivered nothing yet.
    public static func read(_ reader: CaptureReader) throws(CaptureFileError) -> InputLogHead? {
        guard case .custom(let enterprise, let data)? = try reader.next(),
            case .configuration(let configuration)? = InputLog.decode(
                enterprise: enterprise, data: data)
        else { return nil }
        var head = InputLogHead(configuration: configuration, resume: nil)
        if case .custom(let enterprise, let data)? = try reader.next(),
            case .resume(let state)? = InputLog.decode(enterprise: enterprise, data: data)
        {
            head.resume = state
        }
        return head
    }
}
