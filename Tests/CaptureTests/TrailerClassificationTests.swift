import TestSupport
import Testing
import Ticks
import Wire

@testable import Capture

/// A capture switch's header in front of the tag and the datagram of a line.
@Suite struct TrailerClassificationTests {
    private static let captured: UInt64 = 1_700_000_000_170_404_442
    private static let ip = """
        450000260001000040117fc10a000001ef010203 03e8672000121a3d 48454c4c4f574f524c44
        """

    private func classify(_ header: String, vlan: UInt16) -> (CapturedDatagram?, CaptureCounters) {
        let counters = CaptureCounters()
        let line = CaptureLine(
            index: 5, name: "c/A",
            address: MulticastAddress(
                group: IPAddress(v4: 0xEF01_0203), port: 26_400, vlan: vlan),
            trailer: .arista)
        var classifier = FrameClassifier(lines: [line], counters: counters)
        let frame = bytes(hex: "01005e010203020000000001" + header + Self.ip)
        let datagram = frame.withUnsafeBytes { frame in
            classifier.classify(
                CapturedPacket(
                    bytes: frame, timeNanoseconds: Self.captured,
                    originalLength: UInt32(frame.count)),
                timeSource: .kernel, frame: 0)
        }
        return (datagram, counters)
    }

    @Test func stampBecomesTheCaptureTime() {
        let (datagram, counters) = classify("d28b00010110 6553f100 075bcd15 0800", vlan: 0)
        #expect(datagram?.time == 1_700_000_000_123_456_789)
        #expect(datagram?.timeSource == .hardware)
        #expect(datagram?.line == 5)
        #expect(counters[.noTrailer] == 0)
    }

    @Test func tagBehindTheHeaderIsFound() {
        let header = "d28b00010110 6553f100 075bcd15 8100 0064 0800"
        #expect(classify(header, vlan: 100).0?.line == 5)
        let (datagram, counters) = classify(header, vlan: 0)
        #expect(datagram == nil)
        #expect(counters[.wrongVLAN] == 1)
    }

    @Test func lineWithoutItsStampIsCounted() {
        let (datagram, counters) = classify("0800", vlan: 0)
        #expect(datagram?.time == Self.captured)
        #expect(datagram?.timeSource == .kernel)
        #expect(counters[.noTrailer] == 1)
    }
}
