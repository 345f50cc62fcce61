/// Message types and lengths of Nasdaq TotalView-ITCH 5.0 (itch50.md §1).
public enum ITCH50 {
    /// Type byte and length of every message.
    public static let lengths: [(type: UInt8, length: UInt8)] = [
        (UInt8(ascii: "S"), 12), (UInt8(ascii: "R"), 39), (UInt8(ascii: "H"), 25),
        (UInt8(ascii: "Y"), 20), (UInt8(ascii: "L"), 26), (UInt8(ascii: "V"), 35),
        (UInt8(ascii: "W"), 12), (UInt8(ascii: "K"), 28), (UInt8(ascii: "J"), 35),
        (UInt8(ascii: "h"), 21), (UInt8(ascii: "A"), 36), (UInt8(ascii: "F"), 40),
        (UInt8(ascii: "E"), 31), (UInt8(ascii: "C"), 36), (UInt8(ascii: "X"), 23),
        (UInt8(ascii: "D"), 19), (UInt8(ascii: "U"), 35), (UInt8(ascii: "P"), 44),
        (UInt8(ascii: "Q"), 40), (UInt8(ascii: "B"), 19), (UInt8(ascii: "I"), 50),
        (UInt8(ascii: "N"), 20), (UInt8(ascii: "O"), 48),
    ]

    /// The most ticks that one message becomes (`O`).
    public static let ticksPerMessageMax = 6

    /// Billionths in one unit of a price(4) and of a price(8).
    static let price4Scale: Int64 = 100_000
    static let price8Scale: UInt64 = 10
}
