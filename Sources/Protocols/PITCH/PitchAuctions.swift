/// The instruments of the newest auctions: cancellations and trades name only the auction's id.
///
/// One place an id's hash, the newer auction wins: auctions last for a second at most, and there
/// are far fewer of them at a time than places.
struct PitchAuctions {
    private static let size = 4096
    private var places = [(id: UInt64, instrument: UInt32)](repeating: (0, 0), count: size)

    mutating func note(_ id: UInt64, instrument: UInt32) {
        places[Self.place(id)] = (id, instrument)
    }

    /// 0 if the auction is not among the newest.
    func instrument(of id: UInt64) -> UInt32 {
        let found = places[Self.place(id)]
        return found.id == id ? found.instrument : 0
    }

    private static func place(_ id: UInt64) -> Int {
        Int(truncatingIfNeeded: (id &* 0x9E37_79B9_7F4A_7C15) >> 52)
    }
}
