import Protocols
import Testing

@Suite("Wire values as text")
struct ValueTextTests {
    private func unsigned(_ value: UInt64) -> WireNumber {
        WireNumber(bits: value, isSigned: false)
    }
    private func signed(_ value: Int64) -> WireNumber {
        WireNumber(bits: UInt64(bitPattern: value), isSigned: true)
    }

    @Test("Decimals are exact")
    func decimals() {
        #expect(ValueText.decimal(unsigned(1_234_500), exponent: -4) == "123.4500")
        #expect(ValueText.decimal(unsigned(5), exponent: -2) == "0.05")
        #expect(ValueText.decimal(unsigned(0), exponent: -9) == "0.0000")
        #expect(ValueText.decimal(signed(-5), exponent: -4) == "-0.0005")
        #expect(ValueText.decimal(signed(207_775_0000000), exponent: -7) == "207775.0000")
        #expect(ValueText.decimal(signed(1_234_567_890), exponent: -9) == "1.23456789")
        #expect(ValueText.decimal(signed(.min), exponent: -9) == "-9223372036.854775808")
        #expect(ValueText.decimal(unsigned(.max), exponent: -8) == "184467440737.09551615")
        #expect(ValueText.decimal(unsigned(12), exponent: 3) == "12000")
        #expect(ValueText.decimal(unsigned(0), exponent: 3) == "0")
        #expect(ValueText.decimal(signed(-7), exponent: 0) == "-7")
    }

    @Test("Times say dates and clocks where their unit does")
    func times() {
        func text(_ value: UInt64, _ unit: WireTimeUnit) -> String? {
            ValueText.time(unsigned(value), unit: unit)
        }
        #expect(
            text(1_577_716_200_000_000_230, .epochNanoseconds) == "2019-12-30T14:30:00.000000230Z")
        #expect(text(1_577_716_200, .epochSeconds) == "2019-12-30T14:30:00.000000000Z")
        #expect(text(0, .epochNanoseconds) == "1970-01-01T00:00:00.000000000Z")
        #expect(text(.max, .epochNanoseconds) == "2554-07-21T23:34:33.709551615Z")
        #expect(text(.max, .epochSeconds) == nil, "more nanoseconds than a number holds")
        #expect(text(34_200_000_000_230, .nanoseconds) == "09:30:00.000000230")
        #expect(text(999_999_999, .nanoseconds) == nil, "an offset in a second")
        #expect(text(34_200, .seconds) == "09:30:00.000000000")
        #expect(text(18_260, .days) == "2019-12-30")
        #expect(text(20_191_230, .yyyymmdd) == "2019-12-30")
        #expect(text(20_191_330, .yyyymmdd) == nil)
        #expect(ValueText.time(signed(-1), unit: .epochNanoseconds) == nil)
    }
}
