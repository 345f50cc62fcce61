import Protocols
import Testing
import Ticks
import Wire

/// Bytes that a venue sent (itch50.md §6), with the call that must write them.
private struct LiveMessage: CustomTestStringConvertible, Sendable {
    let hex: String
    let encode: @Sendable (inout [UInt8]) -> Void
    var testDescription: String { String(hex.prefix(2)) }
}

private func header(_ locate: UInt16, _ timestamp: UInt64) -> ITCH50Encoder.Header {
    ITCH50Encoder.Header(locate: locate, timestamp: timestamp)
}

private func header(_ locate: UInt16, _ tracking: UInt16, _ timestamp: UInt64)
    -> ITCH50Encoder.Header
{
    ITCH50Encoder.Header(locate: locate, tracking: tracking, timestamp: timestamp)
}

/// hh:mm:ss.nnnnnnnnn of 9 o'clock and 29 or 30 minutes, as the live bytes have them.
private func at(_ minute: UInt64, _ second: UInt64, _ nanosecond: UInt64) -> UInt64 {
    ((9 * 60 + minute) * 60 + second) * 1_000_000_000 + nanosecond
}

private let orders: [LiveMessage] = [
    LiveMessage(
        hex: "41159800001f1aced85306000000000166b53e420000064049564f4f20202020000d55ac"
    ) {
        ITCH50Encoder.addOrder(
            header(5528, at(29, 59, 999_894_278)), orderReference: 23_508_286, side: .bid,
            shares: 1600, stock: "IVOO", price: 873_900, to: &$0)
    },
    LiveMessage(
        hex: "4606ca00001f1aced99936000000000120be75530000006443415359202020200026fd40464c5455"
    ) {
        ITCH50Encoder.addOrderAttributed(
            header(1738, at(29, 59, 999_977_782)), orderReference: 18_923_125, side: .ask,
            shares: 100, stock: "CASY", price: 2_555_200, attribution: "FLTU", to: &$0)
    },
    LiveMessage(hex: "45092900021f1aced8f061000000000166929a00000019000000000003e63b") {
        ITCH50Encoder.orderExecuted(
            header(2345, 2, at(29, 59, 999_934_561)), orderReference: 23_499_418, shares: 25,
            matchNumber: 255_547, to: &$0)
    },
    LiveMessage(hex: "4313e400011f1aceebb03b00000000013113de0000133e000000000003e65d4e00036e20") {
        ITCH50Encoder.orderExecutedWithPrice(
            header(5092, 1, at(30, 0, 1_163_323)), orderReference: 19_993_566, shares: 4926,
            matchNumber: 255_581, printable: false, price: 224_800, to: &$0)
    },
    LiveMessage(hex: "5824c500001f1acefe785d0000000002041a0000000064") {
        ITCH50Encoder.orderCancel(
            header(9413, at(30, 0, 2_394_205)), orderReference: 33_823_232, shares: 100, to: &$0)
    },
    LiveMessage(hex: "440d1900001f1aced840ed000000000165b51a") {
        ITCH50Encoder.orderDelete(
            header(3353, at(29, 59, 999_889_645)), orderReference: 23_442_714, to: &$0)
    },
    LiveMessage(hex: "551db300001f1aced771e90000000000e6897f000000000145f2c700000064001036c8") {
        ITCH50Encoder.orderReplace(
            header(7603, at(29, 59, 999_836_649)), originalOrderReference: 15_108_479,
            newOrderReference: 21_361_351, shares: 100, price: 1_062_600, to: &$0)
    },
]

private let trades: [LiveMessage] = [
    LiveMessage(
        hex: "50119300021f1acee462a900000000000000004200000064474f4f474c202020"
            + "001399f8000000000003e642"
    ) {
        ITCH50Encoder.trade(
            header(4499, 2, at(30, 0, 684_713)), shares: 100, stock: "GOOGL", price: 1_284_600,
            matchNumber: 255_554, to: &$0)
    },
    LiveMessage(
        hex: "5103d700011f1acee1500300000000000000004241432d5120202000000000"
            + "000000000003e63e4f"
    ) {
        ITCH50Encoder.crossTrade(
            header(983, 1, at(30, 0, 483_331)), shares: 0, stock: "BAC-Q", price: 0,
            matchNumber: 255_550, crossType: "O", to: &$0)
    },
    LiveMessage(
        hex: "491ead00001f1acedb43f1000000000000000000000000000000004f5046544157202020"
            + "0000000000000000000000004f20"
    ) {
        ITCH50Encoder.imbalance(
            header(7853, at(30, 0, 87_025)), pairedShares: 0, imbalanceShares: 0, direction: "O",
            stock: "PFTAW", farPrice: 0, nearPrice: 0, referencePrice: 0, crossType: "O",
            priceVariation: " ", to: &$0)
    },
    LiveMessage(hex: "4e04ea00001f1aceceff2f42495a44202020204e") {
        ITCH50Encoder.retailInterest(
            header(1258, at(29, 59, 999_282_991)), stock: "BIZD", interest: "N", to: &$0)
    },
]

private let states: [LiveMessage] = [
    LiveMessage(hex: "4a2c3d00001f1e703b4f955a585a5a5420202000020918000223440001aa9000000000") {
        ITCH50Encoder.auctionCollar(
            header(11_325, at(30, 15, 592_415_125)), stock: "ZXZZT", referencePrice: 133_400,
            upperPrice: 140_100, lowerPrice: 109_200, extensionCount: 0, to: &$0)
    },
    LiveMessage(hex: "4c0e4000001f208142f8464d41584d46444c5320202020594e41") {
        ITCH50Encoder.participantPosition(
            header(3648, at(30, 24, 468_064_326)), participant: "MAXM", stock: "FDLS",
            primary: true, to: &$0)
    },
    LiveMessage(hex: "5924bd00001f1ad5cc18b7534f50412020202031") {
        ITCH50Encoder.shortSaleRestriction(
            header(9405, at(30, 0, 116_533_431)), stock: "SOPA", action: "1", to: &$0)
    },
    LiveMessage(hex: "482c3d00001f1e7036e4655a585a5a5420202050204c554450") {
        ITCH50Encoder.tradingAction(
            header(11_325, at(30, 15, 592_125_541)), stock: "ZXZZT", state: "P", reason: "LUDP",
            to: &$0)
    },
    LiveMessage(hex: "53000000001f1acedb02f051") {
        ITCH50Encoder.systemEvent(header(0, at(30, 0, 70_384)), event: "Q", to: &$0)
    },
]

/// Built from the tables of itch50.md §2: types that no public capture holds.
private let fromTables: [LiveMessage] = [
    LiveMessage(
        hex: "5200010002000000000003" + "4142432020202020" + "51" + "4e" + "00000064" + "59" + "43"
            + "5254" + "50" + "20" + "5a" + "32" + "59" + "00000003" + "59"
    ) {
        var listing = ITCH50Encoder.Listing()
        listing.roundLotsOnly = true
        listing.issueSubType = "RT"
        listing.shortSaleThreshold = " "
        listing.ipoFlag = "Z"
        listing.luldTier = "2"
        listing.etpFlag = "Y"
        listing.etpLeverageFactor = 3
        listing.inverse = true
        ITCH50Encoder.stockDirectory(header(1, 2, 3), stock: "ABC", listing: listing, to: &$0)
    },
    LiveMessage(
        hex: "5600000000000000000001" + "0000000000000002" + "0000000000000003" + "0000000000000004"
    ) {
        ITCH50Encoder.mwcbDeclineLevel(header(0, 1), level1: 2, level2: 3, level3: 4, to: &$0)
    },
    LiveMessage(hex: "570000000000000000000132") {
        ITCH50Encoder.mwcbStatus(header(0, 1), level: "2", to: &$0)
    },
    LiveMessage(
        hex: "4b00000000000000000001" + "4142432020202020" + "00009088" + "41" + "00030d40"
    ) {
        ITCH50Encoder.ipoQuotingPeriod(
            header(0, 1), stock: "ABC", releaseTime: 37_000, qualifier: "A", price: 200_000,
            to: &$0)
    },
    LiveMessage(hex: "6800070000000000000001" + "4142432020202020" + "42" + "48") {
        ITCH50Encoder.operationalHalt(
            header(7, 1), stock: "ABC", market: "B", action: "H", to: &$0)
    },
    LiveMessage(hex: "4200070000000000000001" + "0000000000000102") {
        ITCH50Encoder.brokenTrade(header(7, 1), matchNumber: 0x102, to: &$0)
    },
    LiveMessage(
        hex: "4f00070000000000000001" + "4142432020202020" + "59" + "00000001" + "00000002"
            + "00000003" + "0000000000000004" + "00000005" + "00000006"
    ) {
        ITCH50Encoder.directListing(
            header(7, 1), stock: "ABC", openEligible: true, minimumPrice: 1, maximumPrice: 2,
            nearExecutionPrice: 3, nearExecutionTime: 4, lowerCollar: 5, upperCollar: 6, to: &$0)
    },
]

/// itch50.md §1, "Types and lengths".
private let lengths: [Character: Int] = [
    "S": 12, "R": 39, "H": 25, "Y": 20, "L": 26, "V": 35, "W": 12, "K": 28, "J": 35, "h": 21,
    "A": 36, "F": 40, "E": 31, "C": 36, "X": 23, "D": 19, "U": 35, "P": 44, "Q": 40, "B": 19,
    "I": 50, "N": 20, "O": 48,
]

@Suite struct ITCH50EncoderTests {
    @Test(arguments: orders + trades + states + fromTables)
    fileprivate func writesTheBytesOfTheVenue(_ message: LiveMessage) {
        var bytes: [UInt8] = []
        message.encode(&bytes)
        #expect(hex(bytes) == message.hex)
    }

    @Test func everyTypeIsCoveredWithItsLength() {
        var seen: [Character: Int] = [:]
        for message in orders + trades + states + fromTables {
            var bytes: [UInt8] = []
            message.encode(&bytes)
            seen[Character(UnicodeScalar(bytes[0]))] = bytes.count
        }
        #expect(seen == lengths)
    }

    @Test func appendsAfterWhatIsThere() {
        var bytes: [UInt8] = [1, 2, 3]
        ITCH50Encoder.systemEvent(header(0, 1), event: "C", to: &bytes)
        #expect(hex(bytes) == "010203" + "530000000000000000000143")
    }
}
