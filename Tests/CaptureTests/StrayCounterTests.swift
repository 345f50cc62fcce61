import Foundation
import Testing
import Wire

@testable import Capture

@Suite(.serialized, .enabled(if: PacketNetwork.isPossible, "needs root, for network namespaces"))
struct StrayCounterTests {
    private static let lines = [
        captureLine(0, "239.9.0.1", sources: ["10.9.0.1"]),
        captureLine(1, "239.9.0.1", sources: ["10.9.0.3"]), captureLine(2, "239.9.0.2", 6000),
    ]

    @Test func countsStraysToThePacketWithoutReadingOne() throws {
        try PacketNetwork().inside {
            let strays = try StrayCounter(lines: Self.lines, interface: "tlpb")
            // A ring beside it tells when all frames have come.
            let ring = try PacketRingSource(lines: Self.lines, interface: "tlpb", options: .init())
            let sender = try FrameSender()
            #expect(strays.read().map(\.value) == [0, 0])
            for round in 0..<2000 {
                try sender.send(TestFrame(payload: be(UInt32(round))).bytes)
                try sender.send(TestFrame(source: "10.9.0.3").bytes)
                try sender.send(TestFrame(group: "239.9.0.2", port: 5000).bytes)
                try sender.send(TestFrame(source: "10.9.0.2").bytes)
                if round % 2 == 0 {
                    try sender.send(TestFrame(port: 7).bytes)
                    // Not ours: other group, another interface's tag, no UDP, a later fragment.
                    try sender.send(TestFrame(group: "239.9.0.7").bytes)
                    try sender.send(TestFrame(tags: [(0x8100, 9)], port: 8).bytes)
                    try sender.send(TestFrame(port: 8, ipProtocol: 6).bytes)
                    try sender.send(TestFrame(port: 8, fragment: 5).bytes)
                }
            }
            try sender.send(TestFrame(payload: lastPayload).bytes)
            #expect(try ring.receiveAll().count == 4000)
            #expect(strays.read().map(\.value) == [3000, 2000])
            #expect(strays.read().map(\.value) == [3000, 2000])
            #expect(strays.read().map(\.place) == [.filter, .filter])
            #expect(ring.counters[.wrongPort] == 3000 + 1000)
            #expect(ring.counters[.wrongSource] == 2000)
        }
    }
}
