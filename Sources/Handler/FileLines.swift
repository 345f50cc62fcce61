import Tape
import Ticks
import Wire

/// The lines that come from capture files, merged by capture time.
final class FileLines {
    /// A line of a file: the packets to its destination, all if nil.
    private struct Line {
        let destination: DestinationKey?
        let route: LineRoute
        let trailer: SwitchTrailer
    }

    private final class File {
        let path: String
        let reader: CaptureReader
        let routes: [Line]
        var next: CapturedPacket?

        init(path: String, reader: CaptureReader, routes: [Line]) {
            self.path = path
            self.reader = reader
            self.routes = routes
        }

        func advance() throws(CaptureFileError) {
            next = nil
            while let record = try reader.next() {
                if case .packet(let packet) = record {
                    next = packet
                    return
                }
            }
        }
    }

    typealias DestinationKey = OfflineDecoder.DestinationKey
    private var files: [File] = []
    private let dissector = PacketDissector()
    private(set) var packetsRead: UInt64 = 0
    private(set) var unmatched: UInt64 = 0
    private(set) var rejected: UInt64 = 0
    /// Packets of lines with a switch's stamps that had none.
    private(set) var withoutTrailer: UInt64 = 0
    private(set) var truncations: [(path: String, truncation: CaptureTruncation)] = []

    /// Multiple of the files' own pace; nil for as fast as possible.
    private let speed: Double?
    /// Time of the first packet, and the monotonic time when it was fed.
    private var start: (packet: UInt64, real: UInt64)?

    /// Monotonic ns.
    private let now: () -> UInt64

    init(
        _ lines: [LineConfiguration], speed: Double?,
        now: @escaping () -> UInt64 = TapeReader.monotonicNanoseconds
    ) throws(CaptureFileError) {
        self.speed = speed
        self.now = now
        var routes: [String: [Line]] = [:]
        var order: [String] = []
        for line in lines {
            guard case .file(let path, let destination) = line.source else { continue }
            if routes[path] == nil { order.append(path) }
            let key = destination.flatMap { destination in
                IPAddress(destination.group).map {
                    DestinationKey(address: $0, port: destination.port)
                }
            }
            routes[path, default: []].append(
                Line(destination: key, route: line.route, trailer: line.trailer))
        }
        for path in order {
            let file = File(
                path: path, reader: try CaptureReader(path: path), routes: routes[path] ?? [])
            try file.advance()
            files.append(file)
        }
    }

    var isEmpty: Bool { files.isEmpty }

    enum Outcome {
        /// Packets were fed.
        case fed
        /// The next packet's time has not come.
        case waiting
        case finished
    }

    /// Feeds up to `most` packets, oldest first, at their own pace if there is one.
    func feed(_ input: CoreInput, most: Int) throws(CaptureFileError) -> Outcome {
        for index in 0..<most {
            var oldest: File?
            for file in files {
                guard let packet = file.next else { continue }
                if let best = oldest?.next, best.timeNanoseconds <= packet.timeNanoseconds {
                    continue
                }
                oldest = file
            }
            guard let file = oldest, let packet = file.next else { return .finished }
            guard isDue(packet) else { return index > 0 ? .fed : .waiting }
            take(packet, file, input)
            try file.advance()
            if file.next == nil, let cut = file.reader.truncation {
                truncations.append((file.path, cut))
            }
        }
        return .fed
    }

    /// Packets without a time are always due.
    private func isDue(_ packet: CapturedPacket) -> Bool {
        guard let speed, packet.hasTime else { return true }
        let now = now()
        guard let start else {
            start = (packet.timeNanoseconds, now)
            return true
        }
        let ahead = Double(packet.timeNanoseconds) - Double(start.packet)
        return Double(now - start.real) * speed >= ahead
    }

    private func take(_ packet: CapturedPacket, _ file: File, _ input: CoreInput) {
        packetsRead += 1
        guard case .datagram(let datagram) = dissector.dissect(packet) else {
            rejected += 1
            return
        }
        let key = DestinationKey(
            address: datagram.destination, port: datagram.destinationPort)
        guard
            let match = file.routes.first(where: { $0.destination == nil || $0.destination == key })
        else {
            unmatched += 1
            return
        }
        let stamp = match.trailer.time(in: packet, of: datagram)
        if stamp == nil, match.trailer != .none { withoutTrailer += 1 }
        input.packet(
            match.route,
            captureTime: stamp ?? (packet.hasTime ? packet.timeNanoseconds : 0),
            timeSource: stamp == nil ? .file : .hardware, payload: datagram.payload)
    }
}
