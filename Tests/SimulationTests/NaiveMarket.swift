/// A market kept as plainly as possible, to check a day of ITCH 5.0 messages against: it reads the
/// bytes by the offsets of itch50.md §2, and shares no code with the simulator, decoders or books.
struct NaiveMarket {
    struct Order {
        var locate: Int
        var isBid: Bool
        var price: Int
        var shares: Int
        var bornAt: Int
    }

    struct BookSide: Hashable {
        var locate: Int
        var isBid: Bool
    }

    var orders: [Int: Order] = [:]
    /// Price → references in time priority.
    var sides: [BookSide: [Int: [Int]]] = [:]
    var halted: Set<Int> = []
    var references: Set<Int> = []
    var matches: Set<Int> = []
    var listed: Set<Int> = []
    var counts: [Character: Int] = [:]
    var messagesByLocate: [Int: Int] = [:]
    var lives: [Int] = []
    var events = ""
    var lastTimestamp = 0
    var violations: [String] = []

    mutating func apply(_ message: [UInt8]) {
        func number(_ offset: Int, _ width: Int) -> Int {
            message[offset..<offset + width].reduce(0) { $0 << 8 | Int($1) }
        }
        let type = Character(UnicodeScalar(message[0]))
        let locate = number(1, 2)
        let timestamp = number(5, 6)
        counts[type, default: 0] += 1
        if locate != 0 { messagesByLocate[locate, default: 0] += 1 }
        check(timestamp >= lastTimestamp, "time goes back")
        lastTimestamp = timestamp
        if !"SKVWR".contains(type) { check(listed.contains(locate), "\(type) before R") }
        switch type {
        case "S": events.append(Character(UnicodeScalar(message[11])))
        case "R": check(listed.insert(locate).inserted, "R twice")
        case "H":
            if message[19] == 0x54 { halted.remove(locate) } else { halted.insert(locate) }
        case "h" where message[19] == 0x51:
            if message[20] == 0x54 { halted.remove(locate) } else { halted.insert(locate) }
        case "A", "F":
            add(
                number(11, 8),
                Order(
                    locate: locate, isBid: message[19] == 0x42, price: number(32, 4),
                    shares: number(20, 4), bornAt: timestamp))
        case "E": execute(number(11, 8), number(19, 4), match: number(23, 8), prints: true)
        case "C":
            check(number(32, 4) > 0, "C at price zero")
            execute(number(11, 8), number(19, 4), match: number(23, 8), prints: message[31] == 0x59)
        case "X":
            let reference = number(11, 8)
            let left = (orders[reference]?.shares ?? 0) - number(19, 4)
            check(number(19, 4) > 0 && left > 0, "X leaves \(left)")
            orders[reference]?.shares = left
        case "D": remove(number(11, 8))
        case "U": replace(number(11, 8), by: number(19, 8), number(27, 4), number(31, 4))
        case "P":
            check(number(20, 4) > 0 && number(32, 4) > 0, "P of nothing")
            check(!halted.contains(locate), "P while halted")
            noteMatch(number(36, 8))
        case "Q": noteMatch(number(31, 8))
        case "B": check(matches.contains(number(11, 8)), "B of an unknown match")
        default: break
        }
    }

    private mutating func check(_ condition: Bool, _ complaint: @autoclosure () -> String) {
        if !condition { violations.append(complaint()) }
    }

    private mutating func noteMatch(_ match: Int) {
        check(match > 0 && matches.insert(match).inserted, "match \(match) twice")
    }

    private mutating func add(_ reference: Int, _ order: Order) {
        check(
            reference > 0 && references.insert(reference).inserted, "reference \(reference) twice")
        check(order.shares > 0 && order.price > 0, "an order of nothing")
        check(order.price % 100 == 0, "price off the grid")
        orders[reference] = order
        let side = BookSide(locate: order.locate, isBid: order.isBid)
        sides[side, default: [:]][order.price, default: []].append(reference)
        let bid = sides[BookSide(locate: order.locate, isBid: true)]?.keys.max() ?? 0
        let ask = sides[BookSide(locate: order.locate, isBid: false)]?.keys.min() ?? .max
        check(bid < ask, "crossed or locked: \(bid) and \(ask)")
    }

    private mutating func remove(_ reference: Int) {
        guard let order = orders.removeValue(forKey: reference) else {
            return check(false, "unknown order \(reference)")
        }
        let side = BookSide(locate: order.locate, isBid: order.isBid)
        sides[side]?[order.price]?.removeAll { $0 == reference }
        if sides[side]?[order.price]?.isEmpty == true { sides[side]?[order.price] = nil }
        lives.append(lastTimestamp - order.bornAt)
    }

    private mutating func replace(_ old: Int, by new: Int, _ shares: Int, _ price: Int) {
        guard var order = orders[old] else { return check(false, "unknown order \(old)") }
        remove(old)
        order.shares = shares
        order.price = price
        order.bornAt = lastTimestamp
        add(new, order)
    }

    private mutating func execute(_ reference: Int, _ shares: Int, match: Int, prints: Bool) {
        noteMatch(match)
        guard let order = orders[reference] else {
            return check(false, "unknown order \(reference)")
        }
        let levels = sides[BookSide(locate: order.locate, isBid: order.isBid)] ?? [:]
        let best = order.isBid ? levels.keys.max() : levels.keys.min()
        check(best == order.price, "execution behind the best price")
        check(levels[order.price]?.first == reference, "execution out of turn")
        check(shares > 0 && shares <= order.shares, "execution of more than is left")
        check(!prints || !halted.contains(order.locate), "trade while halted")
        if shares >= order.shares {
            remove(reference)
        } else {
            orders[reference]?.shares -= shares
        }
    }
}
