import Protocols
import Testing

@Suite struct InstrumentDetailsTests {
    @Test func anOption() {
        var details = InstrumentDetails()
        details.set(type: .option)
        details.set(expiry: 2024, 3, 15)
        details.set(strike: 5_100_000, exponent: -3)
        details.set(putCall: .call)
        details.set(multiplier: 100)
        details.set(underlying: " SPX  ")
        details.set(quantityUnit: 1, exponent: -8)
        details.set(isin: "")
        details.set("tick_table", "7")
        #expect(
            details.text == """
                type=option
                expiry=2024-03-15
                strike=5100
                put_call=call
                multiplier=100
                underlying=SPX
                quantity_unit=0.00000001
                tick_table=7
                """)
    }

    @Test func damagedValuesBeginNoLine() {
        var details = InstrumentDetails()
        details.set("underlying", "A\nstrike=1\u{7F}\0")
        #expect(details.text == "underlying=A?strike=1?")
    }

    @Test(arguments: [0, -20240101, 20241301, 20240230, 20230229, 20240431, 20240100, 20240001])
    func noDate(yyyymmdd: Int) {
        var details = InstrumentDetails()
        details.set(expiry: yyyymmdd)
        #expect(details.text.isEmpty)
    }

    @Test func dateAsANumber() {
        var details = InstrumentDetails()
        details.set(expiry: 20240229)
        #expect(details.text == "expiry=2024-02-29")
    }

    @Test(arguments: [
        (0, -9, "0"), (125, -1, "12.5"), (-1, -2, "-0.01"), (100, -2, "1"), (5, 0, "5"),
        (5, 3, "5000"), (Int64.min, 0, "-9223372036854775808"), (1_500, -3, "1.5"),
        (Int64.max, -18, "9.223372036854775807"), (7, -18, "0.000000000000000007"),
    ])
    func decimals(mantissa: Int64, exponent: Int, text: String) {
        #expect(InstrumentDetails.decimal(mantissa, exponent: exponent) == text)
    }
}
