import CTapeline
import Foundation
import Tape
import Testing
import Ticks

@Suite struct TapeStreamTests {
    @Test func readerSeesWhatIsPublished() throws {
        let name = TapeName("stream")
        let publisher = try TapePublisher(name: name.text, options: smallOptions())
        let reader = try TapeReader(name: name.text, from: .oldest)
        #expect(reader.drain() == ([], .nothing))
        let ticks = publisher.claim(3)
        for index in 0..<3 { ticks[index] = numberedTick(UInt64(index)) }
        #expect(reader.drain() == ([], .nothing), "claimed is not published")
        publisher.publish(2)
        #expect(reader.drain() == ([0, 1], .nothing))
        #expect(publisher.position == 2 && reader.position == 2)
        publisher.publishNumbered(1)
        publisher.end()
        #expect(reader.drain() == ([2], .ended))
    }

    /// The ring is mapped twice: a run over its end is contiguous for both sides.
    @Test func runsOverTheEndOfTheRingAreContiguous() throws {
        let name = TapeName("wrap")
        let publisher = try TapePublisher(name: name.text, options: smallOptions())
        let reader = try TapeReader(name: name.text, from: .oldest)
        publisher.publishNumbered(1000)
        #expect(reader.drain().sequences.count == 1000)
        publisher.publishNumbered(100, batch: 100)
        var seen: [UInt64] = []
        let outcome = reader.poll(most: 4096) { ticks in
            seen = ticks.map(\.sequence)
            #expect(ticks.allSatisfy(isWhole))
        }
        #expect(outcome == .ticks(100) && reader.stillValid())
        #expect(seen == Array(1000..<1100))
    }

    @Test(arguments: [UInt64(0), 1_000_000_007])
    func overrunTellsTheExactRange(first: UInt64) throws {
        let name = TapeName("overrun-\(first)")
        var options = smallOptions()
        options.firstPosition = first
        let publisher = try TapePublisher(name: name.text, options: options)
        let newest = try TapeReader(name: name.text, from: .newest)
        let oldest = try TapeReader(name: name.text, from: .oldest)
        publisher.publishNumbered(1024, batch: 128)
        publisher.publishNumbered(5, batch: 5)
        // Five slots are overwritten. The one goes on with what comes next, the other with what is
        // still there, a quarter of the ring away from being overwritten too.
        #expect(newest.drain().last == .overrun(first: first, last: first + 1028))
        #expect(newest.drain() == ([], .nothing))
        #expect(oldest.drain().last == .overrun(first: first, last: first + 5 + 255))
        #expect(oldest.drain().sequences == Array((first + 261)..<(first + 1029)))
        let late = try TapeReader(name: name.text, from: .oldest)
        #expect(late.position == first + 5 && late.oldestPosition == first + 5)
        #expect(late.drain().sequences == Array((first + 5)..<(first + 1029)))
    }

    @Test func batchInUseIsInvalidOnceItsPlaceIsClaimed() throws {
        let name = TapeName("valid")
        let publisher = try TapePublisher(name: name.text, options: smallOptions())
        let reader = try TapeReader(name: name.text, from: .oldest)
        publisher.publishNumbered(100)
        _ = reader.poll { _ in }
        publisher.publishNumbered(924)
        #expect(reader.stillValid())
        _ = publisher.claim(1)
        #expect(!reader.stillValid(), "before a byte of it changes")
    }

    @Test func startsAnywhere() throws {
        let name = TapeName("start")
        let publisher = try TapePublisher(name: name.text, options: smallOptions())
        publisher.publishNumbered(2000)
        func first(_ start: TapeReader.Start) throws -> UInt64? {
            try TapeReader(name: name.text, from: start).drain().sequences.first
        }
        // Behind the published ticks nothing is claimed, so all 1024 are there.
        #expect(try first(.oldest) == 976)
        #expect(try first(.newest) == nil)
        #expect(try first(.position(1500)) == 1500)
        #expect(try first(.position(3)) == 976)
        #expect(try first(.position(.max)) == nil)
        #expect(try first(.time(12_345)) == 1235)
        #expect(try first(.time(0)) == 976)
        #expect(try first(.time(.max)) == nil)
    }

    @Test func gateWaitsForTheJournal() throws {
        let name = TapeName("gate")
        var options = smallOptions()
        options.isGated = true
        let publisher = try TapePublisher(name: name.text, options: options)
        #expect(publisher.hasRoom(for: 1024) && !publisher.hasRoom(for: 1025))
        publisher.publishNumbered(1000)
        #expect(publisher.hasRoom(for: 24) && !publisher.hasRoom(for: 25))
        publisher.noteJournaled(600)
        #expect(publisher.hasRoom(for: 624) && !publisher.hasRoom(for: 625))
        let reader = try TapeReader(name: name.text)
        #expect(reader.journaledPosition == 600)
    }

    // MARK: Two threads

    /// The writer hammers a small ring; whatever the reader gets is whole, and with what it lost it
    /// is everything.
    @Test(arguments: [true, false])
    func copiesAreNeverTorn(fromOldest: Bool) throws {
        let name = TapeName("torn-\(fromOldest)")
        let publisher = try TapePublisher(name: name.text, options: smallOptions())
        let reader = try TapeReader(name: name.text, from: fromOldest ? .oldest : .newest)
        let total = 300_000
        let thread = Thread {
            publisher.publishNumbered(total, batch: 64)
            publisher.end()
        }
        let start = reader.position
        thread.start()
        var buffer = [Tick](repeating: numberedTick(0), count: 128)
        var expected = start
        var torn = 0
        reading: while true {
            switch buffer.withUnsafeMutableBufferPointer({ reader.copy(into: $0) }) {
            case .ticks(let count):
                for tick in buffer[..<count] {
                    if !isWhole(tick) || tick.sequence != expected { torn += 1 }
                    expected += 1
                }
            case .overrun(let first, let last):
                if first != expected || last < first { torn += 1 }
                expected = last + 1
            case .nothing: continue
            case .ended: break reading
            case .superseded: torn += 1
            }
        }
        #expect(torn == 0 && expected == UInt64(total))
    }

    /// What was read in place counts only if it is still valid afterwards; then it is whole.
    @Test func validBatchesAreWhole() throws {
        let name = TapeName("inplace")
        let publisher = try TapePublisher(name: name.text, options: smallOptions())
        let reader = try TapeReader(name: name.text, from: .oldest)
        let thread = Thread {
            publisher.publishNumbered(300_000, batch: 100)
            publisher.end()
        }
        thread.start()
        var wrong = 0
        var valid = 0
        while true {
            var isGood = true
            let outcome = reader.poll(most: 200) { ticks in isGood = ticks.allSatisfy(isWhole) }
            if outcome == .ended { break }
            if case .ticks(let count) = outcome, reader.stillValid() {
                valid += count
                if !isGood { wrong += 1 }
            }
        }
        #expect(wrong == 0 && valid > 0)
    }

    /// A line of the top-of-book table is never seen half written.
    @Test func topsAreNeverTorn() throws {
        let name = TapeName("tops")
        let publisher = try TapePublisher(name: name.text, options: smallOptions())
        let reader = try TapeReader(name: name.text)
        var torn = 0
        var seen = 0
        let writer = Thread {
            var top = tapeline_top()
            for value in 1...Int64(200_000) {
                top.position = UInt64(value)
                top.bidPrice = value
                top.bidQuantity = value
                top.askPrice = value
                top.askQuantity = value
                top.bidOrders = UInt32(value)
                top.askOrders = UInt32(value)
                top.exchangeTime = UInt64(value)
                publisher.setTop(5, top)
            }
            publisher.end()
        }
        writer.start()
        while !publisher.hasEnded {
            guard let top = reader.top(5) else { continue }
            seen += 1
            let value = top.bidPrice
            let isEmpty = top.position == 0
            if !isEmpty,
                top.bidQuantity != value || top.askPrice != value || top.askQuantity != value
                    || top.position != UInt64(value) || top.bidOrders != UInt32(value)
                    || top.askOrders != UInt32(value) || top.exchangeTime != UInt64(value)
            {
                torn += 1
            }
        }
        #expect(torn == 0 && seen > 0)
    }
}
