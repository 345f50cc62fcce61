import Books
import Foundation
import Handler
import TestSupport
import Testing
import Ticks
import Wire

/// A real capture of nine CME channels on two lines each, every one of them with losses of its own.
@Suite struct MDP3SampleTests {
    private static let file = "cme/Cme.Mdp3.Sbe.v9.1.Example.pcap"

    private struct Arrival: Hashable {
        var channel: Int
        var line: Int
        var sequence: UInt64
    }

    /// What the capture holds, read without the handler's arbitration.
    private struct Contents {
        var routes: [LineDestination: LineRoute] = [:]
        /// The last two digits of the ports.
        var ports: [Int] = []
        var arrivals: Set<Arrival> = []

        init(path: String) throws {
            let reader = try CaptureReader(bytes: Array(Data(contentsOf: URL(filePath: path))))
            let dissector = PacketDissector()
            while case .packet(let packet)? = try reader.next() {
                guard case .datagram(let datagram) = dissector.dissect(packet),
                    [14, 15].contains(datagram.destinationPort / 1000),
                    case .packet(let header) = MDP3Packet.parse(datagram.payload)
                else { continue }
                let port = Int(datagram.destinationPort)
                let channel = ports.firstIndex(of: port % 1000) ?? ports.count
                if channel == ports.count { ports.append(port % 1000) }
                let line = port / 1000 - 14
                routes[
                    LineDestination(
                        group: "\(datagram.destination)", port: datagram.destinationPort)] =
                    LineRoute(channel: channel, line: line)
                arrivals.insert(
                    Arrival(channel: channel, line: line, sequence: header.firstSequence))
            }
        }

        /// Sequences that some line carried, by channel.
        func carried(_ channel: Int) -> Set<UInt64> {
            Set(arrivals.filter { $0.channel == channel }.map(\.sequence))
        }
    }

    @Test(.enabled(if: TestFiles.sample(file) != nil, "no samples: set TAPELINE_SAMPLES"))
    func oneLineFillsWhatTheOtherLost() throws {
        let path = try #require(TestFiles.sample(Self.file))
        let contents = try Contents(path: path)
        #expect(contents.ports.count == 9)
        let feed = try #require(FeedProtocol(rawValue: "mdp3"))
        let bench = try CoreBench(
            contents.ports.map {
                ChannelConfiguration(
                    name: "14\($0)", feedProtocol: feed, windowNanoseconds: 100_000_000)
            }, instruments: 5000)
        let decoder = OfflineDecoder(core: bench.core, routes: contents.routes)
        try decoder.decode(path: path)
        bench.core.finish()

        #expect(decoder.report.packetsRead == 100)
        #expect(!bench.ticks.contains { $0.tickKind == .gap })
        for (index, channel) in bench.core.totals().channels.enumerated() {
            #expect(channel.total.delivered == UInt64(contents.carried(index).count))
            #expect(channel.total.lost == 0 && channel.total.rejected == 0)
            #expect(channel.decoder.unknownType + channel.decoder.unexpectedLength == 0)
        }
        // README of the samples: what one line lacks, and the other brings.
        for (port, sequence, lacking) in [
            (315, 1_160_085, 0), (360, 911_523, 0), (361, 1_028_099, 0), (348, 579_465, 1),
        ] as [(Int, UInt64, Int)] {
            let channel = try #require(contents.ports.firstIndex(of: port))
            #expect(
                !contents.arrivals.contains(
                    Arrival(channel: channel, line: lacking, sequence: sequence)))
            let ticks = bench.ticks.filter {
                Int($0.channel) == channel && $0.sequence == sequence && $0.instrument != 0
            }
            #expect(!ticks.isEmpty && ticks.allSatisfy { Int($0.line) == 1 - lacking })
        }
        checkBooks(bench)
    }

    /// Levels stay sorted, and uncrossed where both sides are known; no event is left open.
    private func checkBooks(_ bench: CoreBench) {
        let books = bench.core.books
        books.checkInvariants()
        var sides = 0
        var crossed = 0
        for instrument in 1...UInt32(bench.core.directory.entries.count) {
            for side in [Side.bid, .ask] {
                let prices = books.levels(instrument, side).map(\.price)
                let sorted = prices.sorted { side == .bid ? $0 > $1 : $0 < $1 }
                #expect(prices == sorted && Set(prices).count == prices.count)
                #expect(prices.count <= 10)
                sides += prices.isEmpty ? 0 : 1
            }
            let (bid, ask) = (books.levels(instrument, .bid), books.levels(instrument, .ask))
            if let bid = bid.first, let ask = ask.first, bid.price >= ask.price { crossed += 1 }
        }
        #expect(sides > 100 && crossed == 0)
        #expect(books.counters.impossibleValue == 0 && books.counters.eventsTimedOut == 0)
        #expect(books.counters.ordersOfLevelBooks > 0)
    }
}
