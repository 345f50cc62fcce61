import Protocols
import Simulation
import Ticks
import Wire

/// A simulated day as both lines of a channel brought it: a pcap file in memory.
struct CapturedDay {
    let pcap: [UInt8]
    let packets: Int
    let messages: Int

    /// Nothing is lost. The simulated day is thinner than a real one, so that most of its packets hold
    /// one or two messages; with `fillsPackets` the venue waits longer and packets are full.
    init(messages: Int, seed: UInt64, fillsPackets: Bool) throws {
        let day = try ITCH50Day(
            ITCH50DayConfiguration(
                messages: messages, symbols: SimulatedDay.symbols, seed: seed,
                date: try TradingDay(parsing: Settings.date)))
        var configuration = LinePacketizerConfiguration(
            session: MoldUDP64Encoder.session("BENCH"))
        if fillsPackets { configuration.flushNanoseconds = 100_000_000 }
        var lines = FaultyLines(
            LinePacketizer(day, configuration: configuration),
            lines: [LineFaults(), LineFaults()], seed: seed)
        let builders = try [LineAddress.lineA, .lineB].map(Self.frames)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(messages * 80)
        PcapWriter.appendHeader(to: &bytes)
        var frame: [UInt8] = []
        var packets = 0
        while let delivery = lines.next() {
            frame.removeAll(keepingCapacity: true)
            _ = delivery.payload.withUnsafeBytes {
                builders[delivery.line].append(payload: $0, to: &frame)
            }
            frame.withUnsafeBytes {
                PcapWriter.appendPacket($0, timeNanoseconds: delivery.time, to: &bytes)
            }
            packets += 1
        }
        pcap = bytes
        self.packets = packets
        self.messages = Int(lines.truth.messages)
    }

    private static func frames(_ line: LineAddress) throws -> FrameBuilder {
        guard let source = IPAddress(line.source), let group = IPAddress(line.group),
            let builder = FrameBuilder(
                source: source, sourcePort: line.sourcePort, destination: group,
                destinationPort: line.port)
        else { throw BenchmarkError.differs("\(line.group) is no place for a line") }
        return builder
    }

    var parameters: [(String, String)] {
        [
            ("messages", grouped(messages)), ("packets of both lines", grouped(packets)),
            ("symbols", grouped(SimulatedDay.symbols)), ("pcap bytes", grouped(pcap.count)),
        ]
    }
}
