import Foundation
import Protocols
import Testing
import Ticks
import Wire

/// The samples' directory: `TAPELINE_SAMPLES`, else `shared/samples` beside the checkout.
private func sampleDirectory() -> URL? {
    if let path = ProcessInfo.processInfo.environment["TAPELINE_SAMPLES"] {
        return URL(filePath: path)
    }
    var place = URL(filePath: #filePath)
    while place.path.count > 1 {
        place.deleteLastPathComponent()
        let candidate = place.appending(path: "shared/samples")
        if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
    }
    return nil
}

/// A recorded message and the call that must write it.
private struct Sample: CustomTestStringConvertible, Sendable {
    let file: String
    let hex: String
    let encode: @Sendable (inout [UInt8]) -> Void
    var testDescription: String { file }
}

/// `iex/*.dump` of the samples (Apache-2.0, WojciechZankowski/iextrading4j-hist), the fields as
/// iex.md reads them. The bytes are here too, so that the test does not need the files.
private let samples: [Sample] = [
    Sample(file: "IEXSystemEventMessage", hex: "5353eee655c130e0f314") {
        IEXEncoder.systemEvent(event: UInt8(ascii: "S"), timestamp: 0x14f3_e030_c155_e6ee, to: &$0)
    },
    Sample(
        file: "IEXSecurityDirectoryMessage",
        hex: "4480a1dbdd5d98def3145a4558495420202064000000a08601000000000001"
    ) {
        IEXEncoder.securityDirectory(
            flags: 0x80, timestamp: 0x14f3_de98_5ddd_dba1, symbol: "ZEXIT", roundLotSize: 100,
            adjustedPreviousClose: 100_000, luldTier: 1, to: &$0)
    },
    Sample(
        file: "IEXTradingStatusMessage",
        hex: "48487a1f930a24e1f3145a575a5a542020204e412020"
    ) {
        IEXEncoder.tradingStatus(
            status: UInt8(ascii: "H"), timestamp: 0x14f3_e124_0a93_1f7a, symbol: "ZWZZT",
            reason: "NA", to: &$0)
    },
    Sample(
        file: "IEXOperationalHaltStatusMessage", hex: "4f4e2150f05c98def3144141202020202020"
    ) {
        IEXEncoder.operationalHalt(
            status: UInt8(ascii: "N"), timestamp: 0x14f3_de98_5cf0_5021, symbol: "AA", to: &$0)
    },
    Sample(
        file: "IEXShortSalePriceTestStatusMessage",
        hex: "50013eb09f8f21e1f31441434554202020204e"
    ) {
        IEXEncoder.shortSaleTest(
            status: 1, timestamp: 0x14f3_e121_8f9f_b03e, symbol: "ACET", detail: UInt8(ascii: "N"),
            to: &$0)
    },
    Sample(file: "IEXSecurityEventMessage", hex: "454f2fe81d041ae5f3144143525820202020") {
        IEXEncoder.securityEvent(
            event: UInt8(ascii: "O"), timestamp: 0x14f3_e51a_041d_e82f, symbol: "ACRX", to: &$0)
    },
    Sample(
        file: "IEXQuoteUpdateMessage",
        hex: "5140c80ff05c98def31441202020202020200000000000000000000000000000000000000000"
            + "00000000"
    ) {
        IEXEncoder.quoteUpdate(
            flags: 0x40, timestamp: 0x14f3_de98_5cf0_0fc8, symbol: "A", bidSize: 0, bidPrice: 0,
            askPrice: 0, askSize: 0, to: &$0)
    },
    Sample(
        file: "IEXPriceLevelUpdateMessage",
        hex: "3801ce63dd9aede2f3145a5849455420202037150000bc3e0f0000000000"
    ) {
        IEXEncoder.priceLevelBuy(
            eventFlags: 1, timestamp: 0x14f3_e2ed_9add_63ce, symbol: "ZXIET",
            size: 5431, price: 999_100, to: &$0)
    },
    Sample(
        file: "IEXTradeReportMessage",
        hex: "54c0a6c5abceede2f3145a58494554202020d70100004c400f000000000046bb3b0000000000"
    ) {
        IEXEncoder.tradeReport(
            saleCondition: 0xc0, timestamp: 0x14f3_e2ed_ceab_c5a6, symbol: "ZXIET", size: 471,
            price: 999_500, tradeID: 3_914_566, to: &$0)
    },
    Sample(
        file: "IEXAuctionInformationMessage",
        hex: "4148e572d668a5e2f3145a5849455420202000000000" + "40420f0000000000"
            + "40420f0000000000" + "00000000" + "4e" + "00" + "78b7fd59" + "40420f0000000000"
            + "000000000000000000000000000000000000000000000000"
    ) {
        IEXEncoder.auctionInformation(
            auctionType: UInt8(ascii: "H"), timestamp: 0x14f3_e2a5_68d6_72e5, symbol: "ZXIET",
            referencePrice: 1_000_000, indicativeClearingPrice: 1_000_000,
            imbalanceSide: IEXImbalanceSide.none.rawValue, scheduledAuctionTime: 1_509_799_800,
            auctionBookClearingPrice: 1_000_000, to: &$0)
    },
]

/// Built from the tables of iex.md §2 and §3: what no sample holds, or holds only as zeros.
private let fromTables: [Sample] = [
    Sample(file: "I", hex: "49410100000000000000" + "4142432020202020") {
        IEXEncoder.retailLiquidity(
            indicator: UInt8(ascii: "A"), timestamp: 1, symbol: "ABC", to: &$0)
    },
    Sample(
        file: "Q",
        hex: "51800100000000000000" + "4142432020202020" + "02000000" + "0300000000000000"
            + "0400000000000000" + "05000000"
    ) {
        IEXEncoder.quoteUpdate(
            flags: 0x80, timestamp: 1, symbol: "ABC", bidSize: 2, bidPrice: 3, askPrice: 4,
            askSize: 5, to: &$0)
    },
    Sample(
        file: "5",
        hex: "35000100000000000000" + "4142432020202020" + "02000000" + "0300000000000000"
    ) {
        IEXEncoder.priceLevelSell(
            eventFlags: 0, timestamp: 1, symbol: "ABC", size: 2, price: 3,
            to: &$0)
    },
    Sample(
        file: "B",
        hex: "42200100000000000000" + "4142432020202020" + "02000000" + "0300000000000000"
            + "0400000000000000"
    ) {
        IEXEncoder.tradeBreak(
            saleCondition: 0x20, timestamp: 1, symbol: "ABC", size: 2, price: 3, tradeID: 4,
            to: &$0)
    },
    Sample(file: "X", hex: "58510100000000000000" + "4142432020202020" + "0300000000000000") {
        IEXEncoder.officialPrice(
            priceType: UInt8(ascii: "Q"), timestamp: 1, symbol: "ABC", officialPrice: 3, to: &$0)
    },
    Sample(
        file: "A",
        hex: "41430100000000000000" + "4142432020202020" + "02000000" + "0300000000000000"
            + "0400000000000000" + "05000000" + "53" + "06" + "07000000" + "0800000000000000"
            + "0900000000000000" + "0a00000000000000" + "0b00000000000000"
    ) {
        IEXEncoder.auctionInformation(
            auctionType: UInt8(ascii: "C"), timestamp: 1, symbol: "ABC", pairedShares: 2,
            referencePrice: 3, indicativeClearingPrice: 4, imbalanceShares: 5,
            imbalanceSide: IEXImbalanceSide.ask.rawValue, extensionNumber: 6,
            scheduledAuctionTime: 7, auctionBookClearingPrice: 8, collarReferencePrice: 9,
            lowerCollar: 10, upperCollar: 11, to: &$0)
    },
]

@Suite struct IEXEncoderTests {
    @Test(arguments: samples + fromTables)
    fileprivate func writesTheBytesOfTheVenue(_ sample: Sample) {
        var bytes: [UInt8] = []
        sample.encode(&bytes)
        #expect(hex(bytes) == sample.hex)
    }

    @Test(.enabled(if: sampleDirectory() != nil, "no samples: set TAPELINE_SAMPLES"))
    func equalsTheRecordedFiles() throws {
        let directory = try #require(sampleDirectory()).appending(path: "iex")
        for sample in samples {
            let file = directory.appending(path: sample.file + ".dump")
            #expect(hex(try Data(contentsOf: file)) == sample.hex, "\(sample.file)")
        }
    }

    @Test(.enabled(if: sampleDirectory() != nil, "no samples: set TAPELINE_SAMPLES"))
    func writesARecordedSegment() throws {
        let directory = try #require(sampleDirectory()).appending(path: "iex")
        let recorded = Array(try Data(contentsOf: directory.appending(path: "DEEPSegment.dump")))
        var trade: [UInt8] = []
        samples.first { $0.file == "IEXTradeReportMessage" }?.encode(&trade)
        var bytes: [UInt8] = []
        IEXTPEncoder.appendSegment(
            stream: .init(protocolID: 0x8004, sessionID: 0x4442_0000), streamOffset: 0x8d2c8,
            sequence: 0x64f6, sendTime: 0x14f3_e2ed_ced3_6652, messages: [trade], to: &bytes)
        #expect(hex(bytes) == hex(recorded))
    }
}
