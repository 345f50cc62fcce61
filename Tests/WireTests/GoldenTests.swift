import Foundation
import Testing
import Wire

/// Captures that nobody here wrote, against what tshark reads out of them.
@Suite struct GoldenTests {
    private static let captures = Place.files(
        under: Place.fixtures.appendingPathComponent("captures"),
        withExtensions: ["pcap", "pcapng"])

    /// Captures too large to keep, whose golden tables are here.
    private static let sampleNames = ["IgmpPackets", "ip4_fragments", "raw_ip", "sll"]

    private func golden(_ name: String) throws -> [GoldenRow] {
        GoldenRow.parse(
            try String(
                contentsOf: Place.fixtures.appendingPathComponent("golden/\(name).tsv"),
                encoding: .utf8))
    }

    @Test func allFixturesAreThere() {
        #expect(Self.captures.count == 58)
    }

    @Test(arguments: captures)
    func fixtureReadsAsInTshark(_ file: URL) throws {
        let rows = try golden(file.deletingPathExtension().lastPathComponent)
        let reading = try Reading(path: file.path)
        #expect(reading.error == nil)
        #expect(reading.truncation == nil)
        #expect(GoldenRow.contradictions(rows, reading.packets) == [])
        #expect(
            reading.packets.allSatisfy {
                $0.linkType == reading.interfaces[$0.interface].linkType
            })
    }

    @Test(
        .enabled(if: Place.samples != nil, "set TAPELINE_SAMPLES to a directory of samples"),
        arguments: sampleNames)
    func sampleReadsAsInTshark(_ name: String) throws {
        let samples = try #require(Place.samples)
        let rows = try golden(name)
        let reading = try Reading(path: samples.appendingPathComponent("pcap/\(name).pcap").path)
        #expect(reading.error == nil)
        #expect(reading.truncation == nil)
        #expect(GoldenRow.contradictions(rows, reading.packets) == [])
    }

    /// Otherwise an implementation that rejects everything would justify itself.
    @Test func fixturesHoldDatagramsAndEveryCommonRejection() throws {
        var datagrams = 0
        var reasons: Set<PacketRejection> = []
        for file in Self.captures {
            for packet in try Reading(path: file.path).packets {
                switch packet.outcome {
                case .datagram: datagrams += 1
                case .rejected(let reason): reasons.insert(reason)
                }
            }
        }
        #expect(datagrams > 70)
        #expect(reasons.isSuperset(of: [.otherProtocol, .fragment, .cutBySnapLength]))
    }

    @Test(
        .enabled(
            if: Place.samples != nil && Tool.exists("mergecap") && Tool.exists("tshark"),
            "needs samples (TAPELINE_SAMPLES), mergecap and tshark"))
    func messagesOfAllVenuesReadAsInTshark() throws {
        let samples = try #require(Place.samples)
        let files = Place.files(
            under: samples.appendingPathComponent("one-message"), withExtensions: ["pcap"])
        try #require(files.count > 250)
        let scratch = try TemporaryDirectory()
        let merged = scratch.url.appendingPathComponent("merged.pcapng")
        _ = try Tool.output(["mergecap", "-a", "-w", merged.path] + files.map(\.path))
        let rows = try Tool.dissect(merged)
        let single = try files.flatMap { try Reading(path: $0.path).packets }
        #expect(GoldenRow.contradictions(rows, single) == [])
        #expect(GoldenRow.contradictions(rows, try Reading(path: merged.path).packets) == [])
    }

    /// The whole day through a pipe, its first packets against tshark.
    @Test(
        .enabled(
            if: Place.samples != nil && Tool.exists("tshark"),
            "needs samples (TAPELINE_SAMPLES) and tshark"))
    func iexDayReadsThroughAPipe() throws {
        let samples = try #require(Place.samples)
        let scratch = try TemporaryDirectory()
        let file = samples.appendingPathComponent("iex/DEEP10.pcap.gz").path
        let pipe = try Feeder(scratch, command: "zcat \(file)")
        let reader = try CaptureReader(path: pipe.path)
        let dissector = PacketDissector()
        var packets: [OwnedPacket] = []
        var count = 0
        var datagrams = 0
        while case .packet(let packet)? = try reader.next() {
            count += 1
            let dissection = dissector.dissect(packet)
            if case .datagram = dissection { datagrams += 1 }
            if count > 1000 { continue }
            packets.append(
                OwnedPacket(
                    bytes: [UInt8](packet.bytes), time: packet.timeNanoseconds,
                    originalLength: packet.originalLength, interface: packet.interface,
                    linkType: packet.linkType, fcsLength: 0, outcome: dissection.owned))
        }
        #expect(count == 121_314)
        #expect(datagrams == 121_314)
        let cut = CaptureTruncation(part: .packet, byteOffset: 22_195_748, bytesPresent: 476)
        #expect(reader.truncation == cut)
        let head = scratch.url.appendingPathComponent("head.pcap")
        _ = try Tool.output(["sh", "-c", "zcat \(file) | head -c 4000000 > \(head.path)"])
        let rows = try Tool.dissect(head, isCut: true)
        #expect(GoldenRow.contradictions(Array(rows.prefix(1000)), packets) == [])
    }
}

/// A named pipe that a shell command writes to.
final class Feeder {
    let path: String
    private let process = Process()

    init(_ directory: TemporaryDirectory, command: String) throws {
        path = directory.url.appendingPathComponent("pipe").path
        guard mkfifo(path, 0o600) == 0 else { throw Tool.Failure(message: "mkfifo failed") }
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "\(command) > \(path)"]
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit { process.waitUntilExit() }
}
