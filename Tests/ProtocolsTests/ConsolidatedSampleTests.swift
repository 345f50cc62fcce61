import Foundation
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// A capture of real messages, and what it holds.
private struct Sample: CustomTestStringConvertible, Sendable {
    let feed: String
    let path: String
    /// Keys of the messages in their order; blank where there is none but Line Integrity.
    let keys: String
    var testDescription: String { path }

    init(_ feed: String, _ path: String, _ keys: String) {
        self.feed = feed
        self.path = "one-message/" + path
        self.keys = keys
    }

    static let all = [
        Sample("cqs", "Siac/Cqs.Cta.v1.91/LongQuoteMessage.pcap", "QL"),
        Sample("cqs", "Siac/Cqs.Cta.v2.10.a/A_S_Symbol_Reference_Data.pcap", "AS AS"),
        Sample("cqs", "Siac/Cqs.Cta.v2.10.a/C_A_Start_of_Day.pcap", "CA"),
        Sample("cqs", "Siac/Cqs.Cta.v2.10.a/C_C_FINRA_Close.pcap", "CC"),
        Sample("cqs", "Siac/Cqs.Cta.v2.10.a/C_O_FINRA_Open.pcap", "CO"),
        Sample("cqs", "Siac/Cqs.Cta.v2.10.a/C_T_Line_Integrity.pcap", ""),
        Sample("cqs", "Siac/Cqs.Cta.v2.10.a/C_Z_End_of_Day.pcap", "CZ"),
        Sample("cqs", "Siac/Cqs.Cta.v2.10.a/M_K_MWCB_Decline_Level_Status.pcap", "MK"),
        Sample("cqs", "Siac/Cqs.Cta.v2.10.a/Q_L_Long_Quote.pcap", "QL"),
        Sample("cts", "Siac/Cts.Cta.v1.91/IndexMessage.pcap", "II"),
        Sample("cts", "Siac/Cts.Cta.v1.91/LineIntegrityMessage.pcap", ""),
        Sample("cts", "Siac/Cts.Cta.v1.91/LongTradeMessage.pcap", "TL"),
        Sample("cts", "Siac/Cts.Cta.v1.91/ShortTradeMessage.pcap", "TT"),
        Sample("cts", "Siac/Cts.Cta.v1.91/TradingStatusMessage.pcap", "TS"),
        Sample("cts", "Siac/Cts.Cta.v2.10/TradeCorrectionMessage.pcap", "TC"),
        Sample("cts", "Siac/Cts.Cta.v2.9/LineIntegrityMessage.pcap", ""),
        Sample("cts", "Siac/Cts.Cta.v2.9/LongTradeMessage.pcap", "TL"),
        Sample("cts", "Siac/Cts.Cta.v2.9/MultipleMessages.pcap", "TL TL"),
        Sample("cts", "Siac/Cts.Cta.v2.9/TradingStatusMessage.pcap", "TS"),
        Sample(
            "cts", "Siac/Cts.Cta.v2.11.b/A_A_Start_of_End_of_Day_Summary.pcap",
            "AA ST SP SP SP SP"),
        Sample(
            "cts", "Siac/Cts.Cta.v2.11.b/A_B_End_of_End_of_Day_Summary.pcap",
            "SP SP SP SP SP SP SP AB"),
        Sample(
            "cts", "Siac/Cts.Cta.v2.11.b/A_C_Start_of_Start_of_Day_Summary.pcap",
            "AC SA SB SB SB SB SB SB SB SB SB SB SB SB SB SB"),
        Sample(
            "cts", "Siac/Cts.Cta.v2.11.b/A_D_End_of_Start_of_Day_Summary.pcap",
            "SA SB SB SB SB SB SB SB SB SB SB SB SB SB SB SB SB SB AD"),
        Sample("cts", "Siac/Cts.Cta.v2.11.b/A_S_Symbol_Reference_Data.pcap", "AS AS"),
        Sample("cts", "Siac/Cts.Cta.v2.11.b/C_A_Start_of_Day.pcap", "CA"),
        Sample("cts", "Siac/Cts.Cta.v2.11.b/C_T_Line_Integrity.pcap", ""),
        Sample("cts", "Siac/Cts.Cta.v2.11.b/C_Z_End_of_Day.pcap", "CZ"),
        Sample("cts", "Siac/Cts.Cta.v2.11.b/M_K_MWCB_Decline_Level_Status.pcap", "MK"),
        Sample(
            "cts",
            "Siac/Cts.Cta.v2.11.b/M_V_Fractional_Approximate_Adjusted_Volume_Market_Center.pcap",
            "MV"),
        Sample(
            "cts", "Siac/Cts.Cta.v2.11.b/P_E_Fractional_Prior_Day_Trade_Cancel-Error.pcap", "PE"),
        Sample("cts", "Siac/Cts.Cta.v2.11.b/P_R_Fractional_Prior_Day_Trade.pcap", "PR"),
        Sample("cts", "Siac/Cts.Cta.v2.11.b/T_E_Fractional_Trade_Cancel-Error.pcap", "TE"),
        Sample("cts", "Siac/Cts.Cta.v2.11.b/T_R_Fractional_Long_Trade.pcap", "TR"),
        Sample("cts", "Siac/Cts.Cta.v2.11.b/T_S_Trading_Status.pcap", "TS"),
        Sample("uqdf", "Nasdaq/Uqdf.Output.Utp.v1.5/QuoteShortFormMessage.pcap", "QE"),
        Sample("uqdf", "Nasdaq/Uqdf.Output.Utp.v1.5/QuoteLongFormMessage.pcap", "QF"),
        Sample(
            "uqdf", "Nasdaq/Uqdf.Output.Utp.v1.5/LimitUpLimitDownPriceBandMessage.pcap", "AP"),
        Sample("opra", "Siac/Opra.Recipient.v6.2/AdministrativeMessage.pcap", "C"),
        Sample("opra", "Siac/Opra.Recipient.v6.2/ControlMessage.pcap", ""),
        Sample("opra", "Siac/Opra.Recipient.v6.2/LongEquityAndIndexQuoteMessage.pcap", "k"),
        Sample("opra", "Siac/Opra.Recipient.v6.2/ShortEquityAndIndexQuoteMessage.pcap", "q"),
    ]
}

/// Messages that the processors sent. The numbers below were read off the captures' bytes.
@Suite struct ConsolidatedSampleTests {
    private static let hasSamples = TestFiles.sample("one-message/Siac") != nil
    private static let skipped: Comment = "no samples: set TAPELINE_SAMPLES"

    /// Whose prices the ticks of a quote tell that changes the national best.
    private let ownAndNational = [QuoteDetail.participant, .participant, .national, .national]
        .map(\.rawValue)

    /// Payloads of all datagrams.
    private func payloads(_ path: String) throws -> [[UInt8]] {
        let reader = try CaptureReader(path: path)
        var payloads: [[UInt8]] = []
        while let record = try reader.next() {
            guard case .packet(let packet) = record,
                case .datagram(let datagram) = PacketDissector().dissect(packet)
            else { continue }
            payloads.append([UInt8](datagram.payload))
        }
        return payloads
    }

    private func ticks(_ name: String) throws -> [TickView] {
        let sample = try #require(Sample.all.first { $0.path.hasSuffix(name) })
        let path = try #require(TestFiles.sample(sample.path))
        let bench = try ConsolidatedBench(sample.feed)
        return try payloads(path).flatMap { try bench.packet($0) }
    }

    @Test(.enabled(if: hasSamples, skipped), arguments: Sample.all)
    fileprivate func everyMessageIsKnown(sample: Sample) throws {
        let path = try #require(TestFiles.sample(sample.path))
        let bench = try ConsolidatedBench(sample.feed)
        let packets = try payloads(path)
        #expect(packets.count == 1)
        for packet in packets { _ = try bench.packet(packet) }
        let expected = Dictionary(
            sample.keys.split(separator: " ").map { (String($0), 1) }, uniquingKeysWith: +)
        let found = Dictionary(
            bench.counters.messages.map { ($0.name, Int($0.count)) }, uniquingKeysWith: +)
        #expect(found == expected)
        #expect(bench.counters.unknownType == 0 && bench.counters.unexpectedLength == 0)
        #expect(bench.counters.unrepresentable == 0)
    }

    /// Taken apart field by field, nothing is left over or contradicts its description.
    @Test(.enabled(if: hasSamples, skipped), arguments: Sample.all)
    fileprivate func everyMessageDissects(sample: Sample) throws {
        let path = try #require(TestFiles.sample(sample.path))
        let dissector = FeedDissector(try #require(FeedRegistry.find(sample.feed)))
        for payload in try payloads(path) {
            let packet = payload.withUnsafeBytes { dissector.dissect($0) }
            #expect(!packet.isMalformed && packet.problems.isEmpty && packet.contradictions == 0)
            // The transport reads Line Integrity, and dissecting shows it all the same.
            let idle = sample.feed == "opra" ? "H" : "CT"
            #expect(
                packet.messages.compactMap(\.key?.text).joined(separator: " ")
                    == (sample.keys.isEmpty ? idle : sample.keys))
            #expect(packet.kind == (sample.keys.isEmpty ? "heartbeat" : "data"))
            for message in packet.messages {
                #expect(message.status == .whole && message.problem.isEmpty)
                #expect(message.extraBytes == 0 && message.contradictions == 0)
            }
        }
    }

    @Test(.enabled(if: hasSamples, skipped)) func quotesOfCQS() throws {
        let ticks = try ticks("Cqs.Cta.v1.91/LongQuoteMessage.pcap")
        let view = TickView(
            kind: .quote, instrument: "STOR", time: 1_540_480_512_526_286_000,
            sequence: 19_878_165)
        let own = [byte("K"), byte("R"), 32, 32]
        let best = [byte("Z"), byte("R"), 0, byte("A")]
        #expect(
            ticks
                == event(
                    view,
                    [
                        TickView.quote(.participant, .bid, 29_450_000_000, 1_000_000, own),
                        TickView.quote(.participant, .ask, 29_470_000_000, 1_000_000, own),
                        TickView.quote(.national, .bid, 29_460_000_000, 3_000_000, best),
                        TickView.quote(.national, .ask, 29_470_000_000, 2_000_000, best),
                    ]))
        let none = try self.ticks("Q_L_Long_Quote.pcap")
        #expect(none.map(\.instrument) == Array(repeating: "LVWR.WS", count: 4))
        #expect(none.map(\.detail) == ownAndNational)
        #expect(none.allSatisfy { $0.price == 0 && $0.quantity == 0 })
    }

    @Test(.enabled(if: hasSamples, skipped)) func tradesOfCTS() throws {
        func trade(_ name: String) throws -> TickView { try #require(try ticks(name).first) }
        let long = try trade("Cts.Cta.v1.91/LongTradeMessage.pcap")
        #expect(long.instrument == "ALLE" && long.kind == .trade)
        #expect(long.price == 80_810_000_000 && long.quantity == 17_000_000)
        #expect(long.extra == letters(" F I") && long.detail == byte("N"))
        #expect(long.orderID == 53_078_603_287_364)
        let short = try trade("Cts.Cta.v1.91/ShortTradeMessage.pcap")
        #expect(short.instrument == "AMP" && short.extra == letters("   I"))
        #expect(short.price == 132_730_000_000 && short.quantity == 20_000_000)
        let fractional = try trade("T_R_Fractional_Long_Trade.pcap")
        #expect(fractional.instrument == "KSS" && fractional.extra == letters("  TI"))
        #expect(fractional.price == 13_300_000_000 && fractional.quantity == 91_000_000)
        let prior = try ticks("P_R_Fractional_Prior_Day_Trade.pcap")
        #expect(prior[0].instrument == "JPM" && prior[0].quantity == 169_078)
        #expect(prior[0].price == 295_328_700_000 && prior[0].flags == .nonPrintable)
        #expect(prior[1].quantity == 1_775_521_393_086_957_828)
        let void = try ticks("P_E_Fractional_Prior_Day_Trade_Cancel-Error.pcap")
        #expect(void.map(\.kind) == [.tradeBreak, .statistic] && void[0].instrument == "IR")
        #expect(void[1].quantity == 1_775_137_905_238_452_000)
    }

    @Test(.enabled(if: hasSamples, skipped)) func cancelsAndCorrectionsOfCTS() throws {
        let cancel = try ticks("T_E_Fractional_Trade_Cancel-Error.pcap")
        #expect(cancel[0].kind == .tradeBreak && cancel[0].instrument == "KRC")
        #expect(cancel[0].orderID == 71_688_462_092_854)
        #expect(cancel[0].price == 28_450_000_000 && cancel[0].quantity == 5_000_000_000)
        #expect(
            cancel.dropFirst().compactMap(\.price) == [
                28_470_000_000, 28_480_000_000, 28_130_000_000, 28_470_000_000, 28_470_000_000,
                28_130_000_000, 28_130_000_000,
            ])
        #expect(
            cancel.dropFirst().compactMap(\.quantity) == [122_168_040_893, 65_409_040_893])
        #expect(cancel[1].extra == letters("VC") && cancel[5].extra == letters("DM"))
        let correct = try ticks("TradeCorrectionMessage.pcap")
        #expect(correct.prefix(2).map(\.kind) == [.tradeCorrect, .tradeCorrect])
        #expect(correct[0].orderID == 79_372_259_309_390)
        #expect(correct[1].orderID == 79_372_292_471_090)
        #expect(correct.prefix(2).map(\.price) == [5_572_700_000, 5_572_700_000])
        #expect(correct.prefix(2).map(\.extra) == [letters(" 7 V"), letters(" 7ZV")])
        #expect(
            correct.dropFirst(2).compactMap(\.quantity)
                == [19_217_623_000_000, 12_270_330_000_000])
    }

    @Test(.enabled(if: hasSamples, skipped)) func statusOfCTS() throws {
        let band = try ticks("Cts.Cta.v1.91/TradingStatusMessage.pcap")
        #expect(band.map(\.price) == [nil, nil, nil, 3_800_000_000, 5_800_000_000])
        #expect(band[3].detail == LimitsDetail.bandLower.rawValue && band[0].extra == letters("F"))
        let restriction = try ticks("T_S_Trading_Status.pcap")
        #expect(
            restriction.map(\.detail) == [
                StatusDetail.trading.rawValue, StatusDetail.tradingReason.rawValue,
                StatusDetail.shortSaleRestriction.rawValue,
            ])
        #expect(restriction[2].extra == letters("C"))
        let index = try ticks("IndexMessage.pcap")
        #expect(index.map(\.price) == [50_226_700_000] && index[0].instrument == "NEAR.IV")
        let volumes = try ticks("Adjusted_Volume_Market_Center.pcap")
        #expect(volumes.count == 18)
        #expect(volumes[0].extra == letters("AM") && volumes[0].quantity == 6_080_609_000_000)
        #expect(volumes[17].quantity == 173_916_977_000_000)
        let summary = try ticks("A_A_Start_of_End_of_Day_Summary.pcap")
        #expect(
            summary[1...4].map(\.price)
                == [10_210_000_000, 10_350_000_000, 10_210_000_000, nil])
        #expect(summary[4].quantity == 15_357_000_000)
    }

    @Test(.enabled(if: hasSamples, skipped)) func quotesOfUQDF() throws {
        let short = try ticks("QuoteShortFormMessage.pcap")
        #expect(short.map(\.instrument) == ["AKAM", "AKAM"])
        #expect(short.map(\.price) == [51_230_000_000, 51_240_000_000])
        #expect(short.map(\.quantity) == [1_000_000, 1_000_000])
        #expect(short[0].time == 0x1474_8f30_d344_9460)
        #expect(short[0].extra == letters("KR  ") && short[0].flags == .offBook)
        let long = try ticks("QuoteLongFormMessage.pcap")
        #expect(long.map(\.detail) == ownAndNational)
        #expect(
            long.map(\.price)
                == [767_250_000_000, 767_310_000_000, 767_250_000_000, 767_260_000_000])
        #expect(long.map(\.quantity) == [3_000_000, 2_000_000, 3_000_000, 1_000_000])
        #expect(long[2].extra == letters("KR\0A") && long[3].extra == letters("ZR\0A"))
        let band = try ticks("LimitUpLimitDownPriceBandMessage.pcap")
        #expect(band.map(\.price) == [8_870_000_000, 10_840_000_000])
        // The participant gives no time: the processor's.
        #expect(band[0].time == 0x1474_8f47_6010_2c50 && band[0].instrument == "ANDA")
    }

    @Test(.enabled(if: hasSamples, skipped)) func quotesOfOPRA() throws {
        let short = try ticks("ShortEquityAndIndexQuoteMessage.pcap")
        #expect(short.map(\.price) == [14_100_000_000, 14_650_000_000, 14_100_000_000])
        #expect(short.map(\.quantity) == [43, 2, 50])
        #expect(short[2].extra == letters("N"))
        #expect(Set(short.map(\.instrument)) == ["AMZN  231229C00133000"])
        let long = try ticks("LongEquityAndIndexQuoteMessage.pcap")
        #expect(Set(long.map(\.instrument)) == ["AMZN  240119C00165250"])
        #expect(long.map(\.price) == [610_000_000, 630_000_000, 610_000_000])
        #expect(long.map(\.quantity) == [239, 495, 243])
    }
}
