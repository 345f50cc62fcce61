import CTapeline
import Testing
import Ticks

@Suite struct LayoutTests {
    @Test func tickFillsOneCacheLine() {
        #expect(MemoryLayout<Tick>.size == 64)
        #expect(MemoryLayout<Tick>.stride == 64)
        #expect(MemoryLayout<Tick>.alignment == 8)
    }

    @Test func tickFieldsStandWhereTheDesignPutsThem() {
        let offsets: [(PartialKeyPath<Tick>, Int)] = [
            (\.exchangeTime, 0), (\.captureTime, 8), (\.sequence, 16), (\.orderID, 24),
            (\.price, 32), (\.quantity, 40), (\.instrument, 48), (\.channel, 52), (\.kind, 54),
            (\.side, 55), (\.flags, 56), (\.line, 58), (\.detail, 59), (\.extra, 60),
        ]
        for (path, offset) in offsets {
            #expect(MemoryLayout<Tick>.offset(of: path) == offset, "\(path)")
        }
    }

    @Test func kindsEqualTheHeader() {
        let header: [(TickKind, Int)] = [
            (.add, TAPELINE_KIND_ADD), (.modify, TAPELINE_KIND_MODIFY),
            (.cancel, TAPELINE_KIND_CANCEL), (.delete, TAPELINE_KIND_DELETE),
            (.fill, TAPELINE_KIND_FILL), (.trade, TAPELINE_KIND_TRADE),
            (.tradeBreak, TAPELINE_KIND_TRADE_BREAK),
            (.tradeCorrect, TAPELINE_KIND_TRADE_CORRECT), (.level, TAPELINE_KIND_LEVEL),
            (.quote, TAPELINE_KIND_QUOTE), (.clear, TAPELINE_KIND_CLEAR),
            (.status, TAPELINE_KIND_STATUS), (.limits, TAPELINE_KIND_LIMITS),
            (.imbalance, TAPELINE_KIND_IMBALANCE), (.statistic, TAPELINE_KIND_STATISTIC),
            (.definition, TAPELINE_KIND_DEFINITION), (.gap, TAPELINE_KIND_GAP),
            (.gapFilled, TAPELINE_KIND_GAP_FILLED), (.epoch, TAPELINE_KIND_EPOCH),
            (.heartbeat, TAPELINE_KIND_HEARTBEAT), (.lineState, TAPELINE_KIND_LINE_STATE),
            (.alert, TAPELINE_KIND_ALERT),
        ]
        #expect(header.count == TickKind.allCases.count)
        for (kind, value) in header { #expect(Int(kind.rawValue) == value) }
    }

    @Test func flagsEqualTheHeader() {
        let header: [(TickFlags, Int)] = [
            (.lastOfEvent, TAPELINE_FLAG_LAST_OF_EVENT), (.snapshot, TAPELINE_FLAG_SNAPSHOT),
            (.recovered, TAPELINE_FLAG_RECOVERED), (.replaced, TAPELINE_FLAG_REPLACED),
            (.topChanged, TAPELINE_FLAG_TOP_CHANGED), (.implied, TAPELINE_FLAG_IMPLIED),
            (.offBook, TAPELINE_FLAG_OFF_BOOK), (.nonPrintable, TAPELINE_FLAG_NON_PRINTABLE),
            (.auction, TAPELINE_FLAG_AUCTION), (.bookSuspect, TAPELINE_FLAG_BOOK_SUSPECT),
            (.crossed, TAPELINE_FLAG_CROSSED), (.locked, TAPELINE_FLAG_LOCKED),
            (.outlier, TAPELINE_FLAG_OUTLIER),
            (.badCaptureTime, TAPELINE_FLAG_BAD_CAPTURE_TIME),
            (.timeSourceMask, TAPELINE_FLAG_TIME_SOURCE_MASK),
        ]
        var union: UInt16 = 0
        for (flag, value) in header {
            #expect(Int(flag.rawValue) == value)
            #expect(union & flag.rawValue == 0, "bits overlap")
            union |= flag.rawValue
        }
        #expect(union == .max)
    }

    @Test func sentinelsEqualTheHeader() {
        #expect(Price.none == tapeline_price_none)
        #expect(Quantity.none == tapeline_quantity_none)
        #expect(Price.scale == tapeline_price_scale)
    }

    @Test func tapeTablesHaveTheirSizes() {
        #expect(MemoryLayout<tapeline_header>.size <= TAPELINE_HEADER_SIZE)
        #expect(MemoryLayout<tapeline_header>.offset(of: \.claimed) == 1024)
        #expect(MemoryLayout<tapeline_header>.offset(of: \.published) == 1088)
        #expect(MemoryLayout<tapeline_header>.offset(of: \.heartbeat) == 1152)
        #expect(MemoryLayout<tapeline_header>.offset(of: \.state) == 1216)
        #expect(MemoryLayout<tapeline_header>.offset(of: \.journaled) == 1280)
        #expect(MemoryLayout<tapeline_channel>.size == 1024)
        #expect(MemoryLayout<tapeline_line>.size == 512)
        #expect(MemoryLayout<tapeline_counter>.size == 64)
        #expect(MemoryLayout<tapeline_instrument>.size == 128)
        #expect(MemoryLayout<tapeline_top>.size == 64)
    }
}
