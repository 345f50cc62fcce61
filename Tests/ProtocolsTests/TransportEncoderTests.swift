import Testing
import Ticks
import Wire

/// Lower-case hexadecimal digits of `bytes`.
func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}

/// moldudp64.md §4.
@Suite struct MoldUDP64EncoderTests {
    let session = MoldUDP64Encoder.session("0000000001")

    @Test func writesHeartbeatAndEndOfSession() {
        var bytes: [UInt8] = []
        MoldUDP64Encoder.appendHeartbeat(session: session, nextSequence: 7, to: &bytes)
        #expect(hex(bytes) == "30303030303030303031" + "0000000000000007" + "0000")
        bytes = []
        MoldUDP64Encoder.appendEndOfSession(session: session, nextSequence: 7, to: &bytes)
        #expect(hex(bytes) == "30303030303030303031" + "0000000000000007" + "ffff")
    }

    @Test func writesData() {
        var bytes: [UInt8] = []
        MoldUDP64Encoder.appendPacket(
            session: session, sequence: 5, messages: [Array("abc".utf8), []], to: &bytes)
        #expect(
            hex(bytes) == "30303030303030303031" + "0000000000000005" + "0002" + "0003616263"
                + "0000")
    }

    @Test func setsTheCountAfterwards() {
        var bytes: [UInt8] = [9, 9]
        MoldUDP64Encoder.appendHeader(session: session, sequence: 5, count: 0, to: &bytes)
        MoldUDP64Encoder.setCount(0x0102, ofPacketAt: 2, in: &bytes)
        #expect(hex(bytes) == "0909" + "30303030303030303031" + "0000000000000005" + "0102")
    }

    @Test func padsTheSession() {
        var bytes: [UInt8] = []
        MoldUDP64Encoder.appendHeartbeat(
            session: MoldUDP64Encoder.session("AB"), nextSequence: 1, to: &bytes)
        #expect(hex(bytes.prefix(10)) == "4142" + String(repeating: "20", count: 8))
    }
}

/// iex.md §7: a segment from the exchange's own documents.
@Suite struct IEXTPEncoderTests {
    @Test func writesHeaderAndBlocks() {
        let trade = String(
            "54 00 ac63c02096866d14 5a49455854202020 64000000 241d0f0000000000"
                + " 968f060000000000"
        ).replacing(" ", with: "")
        let level = "38 01 ac63c02096866d14 5a49455854202020 e4250000 241d0f0000000000"
            .replacing(" ", with: "")
        let stream = IEXTPEncoder.Stream(protocolID: 0x8004, sessionID: 1_116_143_616)
        var bytes: [UInt8] = []
        let next = IEXTPEncoder.appendSegment(
            stream: stream, streamOffset: 0x21a68c, sequence: 50122,
            sendTime: 0x146d_8696_20c2_45ec, messages: [unhex(trade), unhex(level)], to: &bytes)
        #expect(
            hex(bytes) == "010004800100000000008742480002008ca6210000000000cac3000000000000"
                + "ec45c22096866d14" + "2600" + trade + "1e00" + level)
        #expect(next == 0x21a68c + 72)
    }

    @Test func writesAHeartbeat() {
        var bytes: [UInt8] = []
        let stream = IEXTPEncoder.Stream(protocolID: 0x8003, channelID: 2, sessionID: 3)
        let next = IEXTPEncoder.appendSegment(
            stream: stream, streamOffset: 4, sequence: 5, sendTime: 6, messages: [], to: &bytes)
        #expect(
            hex(bytes) == "0100038002000000030000000000000004000000000000000500000000000000"
                + "0600000000000000")
        #expect(next == 4)
    }
}

/// The bytes that `digits` spell.
func unhex(_ digits: String) -> [UInt8] {
    let values = digits.utf8.map { UInt8($0 > 0x60 ? $0 - 0x57 : $0 - 0x30) }
    return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
}
