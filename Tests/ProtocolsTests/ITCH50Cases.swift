import Testing
import Ticks

/// A message and the ticks it must become.
struct ITCH50Case: CustomTestStringConvertible, Sendable {
    let type: String
    let hex: String
    let instrument: String
    /// ns since midnight.
    let time: UInt64
    let ticks: [TickView]
    var testDescription: String { type }

    init(
        _ type: String, _ hex: String, _ instrument: String, _ time: UInt64,
        _ ticks: (TickView) -> [TickView]
    ) {
        self.type = type
        self.hex = hex
        self.instrument = instrument
        self.time = time
        self.ticks = ticks(
            TickView(
                kind: .status, instrument: instrument, time: ITCH50DecoderTests.midnight + time,
                sequence: 42))
    }
}

extension TickView {
    /// The same message's tick with other values.
    fileprivate func with(
        _ kind: TickKind, id: UInt64 = 0, price: Int64? = nil, quantity: Int64? = nil,
        side: Side = .none, flags: TickFlags = .lastOfEvent, detail: UInt8 = 0, extra: UInt32 = 0
    ) -> TickView {
        TickView(
            kind: kind, instrument: instrument, time: time, sequence: sequence, orderID: id,
            price: price, quantity: quantity, side: side, flags: flags, detail: detail,
            extra: extra)
    }

    fileprivate func status(
        _ detail: StatusDetail, _ text: String, id: UInt64 = 0, flags: TickFlags = .lastOfEvent
    ) -> TickView {
        with(.status, id: id, flags: flags, detail: detail.rawValue, extra: letters(text))
    }

    fileprivate func limit(
        _ detail: LimitsDetail, _ price: Int64, last: Bool = false, extra: UInt32 = 0
    ) -> TickView {
        with(
            .limits, price: price, flags: last ? .lastOfEvent : [], detail: detail.rawValue,
            extra: extra)
    }

    fileprivate func imbalance(
        _ detail: ImbalanceDetail, price: Int64? = nil, quantity: Int64? = nil,
        side: Side = .none, last: Bool = false, extra: UInt32
    ) -> TickView {
        with(
            .imbalance, price: price, quantity: quantity, side: side,
            flags: last ? [.auction, .lastOfEvent] : .auction, detail: detail.rawValue,
            extra: extra)
    }
}

private func at(_ minute: UInt64, _ second: UInt64, _ nanosecond: UInt64) -> UInt64 {
    ((9 * 60 + minute) * 60 + second) * 1_000_000_000 + nanosecond
}

/// Bytes that a venue sent (itch50.md §6). Price ticks: 1e-4 of the venue are 100,000 here.
let itchLiveOrders: [ITCH50Case] = [
    ITCH50Case(
        "A", "41159800001f1aced85306000000000166b53e420000064049564f4f20202020000d55ac", "IVOO",
        at(29, 59, 999_894_278)
    ) {
        [
            $0.with(
                .add, id: 23_508_286, price: 87_390_000_000, quantity: 1600, side: .bid)
        ]
    },
    ITCH50Case(
        "F",
        "4606ca00001f1aced99936000000000120be75530000006443415359202020200026fd40464c5455", "CASY",
        at(29, 59, 999_977_782)
    ) {
        [
            $0.with(
                .add, id: 18_923_125, price: 255_520_000_000, quantity: 100, side: .ask,
                extra: letters("FLTU"))
        ]
    },
    ITCH50Case(
        "E", "45092900021f1aced8f061000000000166929a00000019000000000003e63b", "",
        at(29, 59, 999_934_561)
    ) {
        [
            $0.with(.trade, id: 255_547, quantity: 25, flags: []),
            $0.with(.fill, id: 23_499_418, quantity: 25),
        ]
    },
    ITCH50Case(
        "C", "4313e400011f1aceebb03b00000000013113de0000133e000000000003e65d4e00036e20", "",
        at(30, 0, 1_163_323)
    ) { [$0.with(.fill, id: 19_993_566, quantity: 4926, flags: [.nonPrintable, .lastOfEvent])] },
    ITCH50Case(
        "C, printable", "4313e400011f1aceebb03b00000000013113de0000133e000000000003e65d5900036e20",
        "", at(30, 0, 1_163_323)
    ) {
        [
            $0.with(.trade, id: 255_581, price: 22_480_000_000, quantity: 4926, flags: []),
            $0.with(.fill, id: 19_993_566, quantity: 4926),
        ]
    },
    ITCH50Case("X", "5824c500001f1acefe785d0000000002041a0000000064", "", at(30, 0, 2_394_205)) {
        [$0.with(.cancel, id: 33_823_232, quantity: 100)]
    },
    ITCH50Case("D", "440d1900001f1aced840ed000000000165b51a", "", at(29, 59, 999_889_645)) {
        [$0.with(.delete, id: 23_442_714)]
    },
    ITCH50Case(
        "U", "551db300001f1aced771e90000000000e6897f000000000145f2c700000064001036c8", "",
        at(29, 59, 999_836_649)
    ) {
        [
            $0.with(.delete, id: 15_108_479, flags: .replaced),
            $0.with(
                .add, id: 21_361_351, price: 106_260_000_000, quantity: 100,
                flags: [.replaced, .lastOfEvent]),
        ]
    },
]

let itchLiveTrades: [ITCH50Case] = [
    ITCH50Case(
        "P",
        "50119300021f1acee462a900000000000000004200000064474f4f474c202020001399f8000000000003e642",
        "GOOGL", at(30, 0, 684_713)
    ) {
        [
            $0.with(
                .trade, id: 255_554, price: 128_460_000_000, quantity: 100,
                flags: [.offBook, .lastOfEvent])
        ]
    },
    ITCH50Case(
        "Q", "5103d700011f1acee1500300000000000000004241432d5120202000000000000000000003e63e4f",
        "BAC-Q", at(30, 0, 483_331)
    ) {
        [
            $0.with(
                .trade, id: 255_550, price: 0, quantity: 0, flags: [.auction, .lastOfEvent],
                extra: letters("O"))
        ]
    },
    ITCH50Case(
        "I",
        "491ead00001f1acedb43f1000000000000000000000000000000004f5046544157202020"
            + "0000000000000000000000004f20", "PFTAW", at(30, 0, 87_025)
    ) {
        let extra = letters("OO ")
        return [
            $0.imbalance(.paired, quantity: 0, extra: extra),
            $0.imbalance(.imbalance, quantity: 0, extra: extra),
            $0.imbalance(.far, price: 0, extra: extra),
            $0.imbalance(.near, price: 0, extra: extra),
            $0.imbalance(.reference, price: 0, last: true, extra: extra),
        ]
    },
]

let itchLiveStates: [ITCH50Case] = [
    ITCH50Case(
        "J", "4a2c3d00001f1e703b4f955a585a5a5420202000020918000223440001aa9000000000", "ZXZZT",
        at(30, 15, 592_415_125)
    ) {
        [
            $0.limit(.reference, 13_340_000_000),
            $0.limit(.upper, 14_010_000_000),
            $0.limit(.lower, 10_920_000_000, last: true),
        ]
    },
    ITCH50Case(
        "L", "4c0e4000001f208142f8464d41584d46444c5320202020594e41", "FDLS",
        at(30, 24, 468_064_326)
    ) { [$0.status(.participant, "MAXM", id: UInt64(letters("YNA")))] },
    ITCH50Case("Y", "5924bd00001f1ad5cc18b7534f50412020202031", "SOPA", at(30, 0, 116_533_431)) {
        [$0.status(.shortSaleRestriction, "1")]
    },
    ITCH50Case(
        "H", "482c3d00001f1e7036e4655a585a5a5420202050204c554450", "ZXZZT",
        at(30, 15, 592_125_541)
    ) { [$0.status(.trading, "P", flags: []), $0.status(.tradingReason, "LUDP")] },
    ITCH50Case("S", "53000000001f1acedb02f051", "-", at(30, 0, 70_384)) {
        [$0.status(.systemEvent, "Q")]
    },
    ITCH50Case("N", "4e04ea00001f1aceceff2f42495a44202020204e", "BIZD", at(29, 59, 999_282_991)) {
        [$0.status(.retailInterest, "N")]
    },
]

private let prefix = "0005" + "0007" + "000000000009"
private let abc = "4142432020202020"

/// Built from the tables of itch50.md §2: types that no public capture holds, and values that none of
/// the live messages has.
let itchCasesFromTables: [ITCH50Case] = [
    ITCH50Case(
        "R",
        "52" + prefix + abc + "51" + "4e" + "00000064" + "59" + "43" + "5254" + "50" + "20" + "5a"
            + "32" + "59" + "00000003" + "59", "ABC", 9
    ) { [$0.with(.definition)] },
    ITCH50Case("W", "57" + "0000" + "0007" + "000000000009" + "32", "-", 9) {
        [$0.status(.marketWideBreaker, "2")]
    },
    ITCH50Case(
        "V",
        "56" + "0000" + "0007" + "000000000009" + "0000000000000001" + "00000000000f4240"
            + "0ccccccccccccccc", "-", 9
    ) {
        [
            $0.limit(.breakerLevel1, 10),
            $0.limit(.breakerLevel2, 10_000_000),
            $0.limit(.breakerLevel3, 0x0ccc_cccc_cccc_cccc * 10, last: true),
        ]
    },
    ITCH50Case("K, with a locate", "4b" + prefix + abc + "00008598" + "41" + "00000001", "ABC", 9) {
        [
            $0.with(
                .status, quantity: Int64(ITCH50DecoderTests.midnight) + 34_200_000_000_000,
                flags: [], detail: StatusDetail.ipoQuotation.rawValue, extra: letters("A")),
            $0.with(
                .statistic, price: 100_000, detail: StatisticDetail.ipoPrice.rawValue,
                extra: letters("A")),
        ]
    },
    ITCH50Case("K, cancelled", "4b" + prefix + abc + "00000000" + "43" + "00000000", "ABC", 9) {
        [
            $0.with(
                .status, quantity: 0, flags: [], detail: StatusDetail.ipoQuotation.rawValue,
                extra: letters("C")),
            $0.with(
                .statistic, price: 0, detail: StatisticDetail.ipoPrice.rawValue,
                extra: letters("C")),
        ]
    },
    ITCH50Case("h", "68" + prefix + abc + "51" + "48", "ABC", 9) {
        [$0.status(.operationalHalt, "HQ")]
    },
    ITCH50Case("B", "42" + prefix + "0000000000000063", "", 9) { [$0.with(.tradeBreak, id: 99)] },
    ITCH50Case(
        "I, all fields",
        "49" + prefix + "0000000000000002" + "0000000000000003" + "53" + abc + "00000004"
            + "00000005"
            + "00000006" + "43" + "4c", "ABC", 9
    ) {
        let extra = letters("SCL")
        return [
            $0.imbalance(.paired, quantity: 2, extra: extra),
            $0.imbalance(.imbalance, quantity: 3, side: .ask, extra: extra),
            $0.imbalance(.far, price: 400_000, extra: extra),
            $0.imbalance(.near, price: 500_000, extra: extra),
            $0.imbalance(.reference, price: 600_000, last: true, extra: extra),
        ]
    },
    ITCH50Case(
        "Q, all fields",
        "51" + prefix + "0000000100000000" + abc + "00000002" + "0000000000000003" + "48", "ABC", 9
    ) {
        [
            $0.with(
                .trade, id: 3, price: 200_000, quantity: 1 << 32, flags: [.auction, .lastOfEvent],
                extra: letters("H"))
        ]
    },
    ITCH50Case(
        "O",
        "4f" + prefix + abc + "59" + "00000001" + "00000002" + "00000003" + "0000000000000004"
            + "00000005" + "00000006", "ABC", 9
    ) {
        let extra = letters("Y")
        return [
            $0.limit(.minimumAllowable, 100_000, extra: extra),
            $0.limit(.maximumAllowable, 200_000, extra: extra),
            $0.imbalance(.near, price: 300_000, extra: extra),
            $0.imbalance(
                .executionTime, quantity: Int64(ITCH50DecoderTests.midnight) + 4, extra: extra),
            $0.limit(.lower, 500_000, extra: extra),
            $0.limit(.upper, 600_000, last: true, extra: extra),
        ]
    },
]

let itch50Cases = itchLiveOrders + itchLiveTrades + itchLiveStates + itchCasesFromTables
