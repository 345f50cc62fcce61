import Books
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// others.md §8.
@Suite struct OmdcDecoderTests {
    /// As order ids of security 700 stand in ticks.
    private func reference(_ id: UInt64) -> UInt64 { id ^ 700 << 47 }

    @Test("Orders, of two securities with the same id, and market orders")
    func orders() {
        let probe = FeedProbe("omd-c")
        let limit = UInt8(ascii: "2")
        let ticks = probe.decode(
            wireBytes {
                OmdcEncoder.addOrder(
                    securityCode: 700, orderID: 3, price: 300_200, quantity: 100, side: 0,
                    orderType: limit, to: &$0)
            },
            wireBytes {
                OmdcEncoder.addOrder(
                    securityCode: 5, orderID: 3, price: 10, quantity: 1, side: 1,
                    orderType: limit, to: &$0)
            },
            wireBytes {
                OmdcEncoder.modifyOrder(securityCode: 700, orderID: 3, quantity: 50, to: &$0)
            },
            wireBytes { OmdcEncoder.deleteOrder(securityCode: 700, orderID: 3, to: &$0) },
            wireBytes {
                OmdcEncoder.addOrder(
                    securityCode: 700, orderID: 4, quantity: 200, side: 1,
                    orderType: UInt8(ascii: "1"), to: &$0)
            },
            wireBytes {
                OmdcEncoder.modifyOrder(
                    securityCode: 700, orderID: 4, quantity: 150, side: 1, to: &$0)
            },
            wireBytes { OmdcEncoder.deleteOrder(securityCode: 700, orderID: 4, side: 1, to: &$0) },
            wireBytes { OmdcEncoder.deleteOrder(securityCode: 700, orderID: 4, side: 1, to: &$0) })
        #expect(
            said(ticks) == [
                "add #\(reference(3)) @300200000000 x100 bid |",
                "add #\(3 ^ 5 << 47 as UInt64) @10000000 x1 ask |",
                "modify #\(reference(3)) x50 bid |", "delete #\(reference(3)) bid |",
                "imbalance.marketOrder #\(reference(4)) x200 ask |",
                "imbalance.marketOrder #\(reference(4)) x150 ask |",
                "imbalance.marketOrder #\(reference(4)) x0 ask |", "delete #\(reference(4)) ask |",
            ])
        #expect(probe.directory.entries.map(\.symbol) == ["00700", "00005"])
    }

    @Test("Trades, and what takes them back")
    func trades() {
        let probe = FeedProbe("omd-c")
        let ticks = probe.decode(
            wireBytes {
                OmdcEncoder.trade(
                    securityCode: 700, tradeID: 1, price: 10, quantity: 2, tradeTime: 8, to: &$0)
            },
            wireBytes {
                OmdcEncoder.trade(
                    securityCode: 700, tradeID: 2, price: 10, quantity: 2, tradeType: 103,
                    to: &$0)
            },
            wireBytes {
                OmdcEncoder.trade(
                    securityCode: 700, tradeID: 3, price: 10, quantity: 2, tradeType: 22, to: &$0)
            },
            wireBytes { OmdcEncoder.tradeCancel(securityCode: 700, tradeID: 3, to: &$0) },
            wireBytes {
                OmdcEncoder.tradeTicker(
                    securityCode: 700, tickerID: 4, price: 10, quantity: 7, to: &$0)
            },
            wireBytes {
                OmdcEncoder.tradeTicker(
                    securityCode: 700, tickerID: 4, price: 10, quantity: 7,
                    cancelFlag: UInt8(ascii: "Y"), to: &$0)
            })
        #expect(
            said(ticks) == [
                "trade #1 @10000000 x2 |", "trade #2 @10000000 x2 +103 auction |",
                "trade #3 @10000000 x2 +22 offBook |", "tradeBreak #3 |",
                "trade #4 @10000000 x7 |", "tradeBreak #4 @10000000 x7 |",
            ])
        #expect(ticks[0].exchangeTime == 8)
    }

    @Test("States and values")
    func values() {
        let probe = FeedProbe("omd-c")
        let ticks = probe.decode(
            wireBytes {
                OmdcEncoder.tradingSession(
                    marketCode: "MAIN", subSession: 3, sessionStatus: 30,
                    controlFlag: UInt8(ascii: "0"), startTime: 8, to: &$0)
            },
            wireBytes { OmdcEncoder.securityStatus(securityCode: 700, suspension: 2, to: &$0) },
            wireBytes {
                OmdcEncoder.volatilityControl(
                    securityCode: 700, startTime: 8, endTime: 9, referencePrice: 2,
                    lowerPrice: 1, upperPrice: 3, to: &$0)
            },
            wireBytes { OmdcEncoder.nominalPrice(securityCode: 700, price: 1, to: &$0) },
            wireBytes {
                OmdcEncoder.indicativePrice(securityCode: 700, price: 1, quantity: 2, to: &$0)
            },
            wireBytes {
                OmdcEncoder.referencePrice(
                    securityCode: 700, referencePrice: 2, lowerPrice: 1, upperPrice: 3, to: &$0)
            },
            wireBytes {
                OmdcEncoder.orderImbalance(
                    securityCode: 700, direction: UInt8(ascii: "S"), quantity: 2, to: &$0)
            },
            wireBytes { OmdcEncoder.orderImbalance(securityCode: 700, quantity: 2, to: &$0) },
            wireBytes {
                OmdcEncoder.statistics(
                    securityCode: 700, sharesTraded: 5, highPrice: 3, lowPrice: 1, lastPrice: 2,
                    vwap: 2, to: &$0)
            },
            wireBytes {
                OmdcEncoder.closingPrice(securityCode: 700, price: 2, tradeCount: 6, to: &$0)
            },
            wireBytes { OmdcEncoder.disasterRecovery(recoveryStatus: 1, to: &$0) },
            wireBytes { OmdcEncoder.refreshComplete(lastSequence: 77, to: &$0) })
        #expect(
            said(ticks) == [
                "status.marketSession #\(0x4e49_414d) +\(0x30_1e03) |", "status.trading +2 |",
                "limits.reference @2000000", "limits.lower @1000000", "limits.upper @3000000",
                "status.coolingOff x9 +1 |", "statistic.nominal @1000000 |",
                "imbalance.indicativeClearing @1000000 auction", "imbalance.paired x2 auction |",
                "limits.reference @2000000",
                "limits.lower @1000000", "limits.upper @3000000 |",
                "imbalance.imbalance x2 ask +83 auction |",
                "imbalance.imbalance +32 auction |", "statistic.volume x5",
                "statistic.high @3000000",
                "statistic.low @1000000", "statistic.last @2000000",
                "statistic.averagePrice @2000000 |",
                "statistic.officialClose @2000000 +6 |", "status.systemEvent +1 |",
                "status.snapshotComplete #77 |",
            ])
        #expect(ticks[0].exchangeTime == 8)
    }

    @Test("Definitions of securities and indices; what is null is left out")
    func definitions() {
        let probe = FeedProbe("omd-c")
        let null = Int64.min
        let ticks = probe.decode(
            wireBytes {
                OmdcEncoder.securityDefinition(
                    securityCode: 12_345, marketCode: "MAIN", isin: "HK1", instrumentType: "WRNT",
                    productType: 3, spreadTable: "01", shortName: "X CALL", currency: "HKD",
                    lotSize: 10_000, previousClose: 25, strike: 388_880,
                    warrantMaturity: 20_261_230, putCall: UInt8(ascii: "C"),
                    underlyings: [.init(securityCode: 700)], to: &$0)
            },
            wireBytes {
                OmdcEncoder.indexDefinition(
                    indexCode: "HSI", source: UInt8(ascii: "H"), currency: "HKD", to: &$0)
            },
            wireBytes {
                OmdcEncoder.indexData(
                    indexCode: "HSI", indexStatus: UInt8(ascii: "T"), indexTime: 9,
                    value: 250_001_234, high: 250_001_235, low: null, opening: null,
                    closing: null, to: &$0)
            })
        #expect(
            said(ticks) == [
                "definition", "statistic.previousClose @25000000 |", "definition |",
                "statistic.last @25000123400000 +84", "statistic.high @25000123500000 +84 |",
            ])
        let warrant = probe.entry("12345")
        #expect(warrant?.lotSize == 10_000 && warrant?.currency == "HKD")
        #expect(
            warrant?.details.hasPrefix(
                """
                type=warrant
                instrument_type=WRNT
                product_type=3
                market=MAIN
                isin=HK1
                name=X CALL
                tick_table=01
                expiry=2026-12-30
                strike=388.88
                put_call=call
                underlying=700
                """) == true)
        #expect(probe.entry("HSI")?.details == "type=index\nsource=H")
    }

    @Test("A sequence reset begins a new run and clears the channel")
    func reset() {
        let probe = FeedProbe("omd-c")
        let reset = wireBytes { OmdcEncoder.sequenceReset(newSequence: 1, to: &$0) }
        let packet = probe.feed.transport.encode(
            PacketContents(sequence: 500, messages: [reset]))
        packet.withUnsafeBytes {
            guard case .packet(let parsed) = OMDPacket.parse($0) else {
                Issue.record("rejected")
                return
            }
            #expect(parsed.resetsSequence && parsed.firstSequence == 0 && parsed.endSequence == 1)
        }
        #expect(said(probe.decode(packet: packet)) == ["clear |"])
    }
}

/// The aggregated book (53).
@Suite struct OmdcLevelTests {
    private func entry(
        _ action: UInt8, _ level: UInt8, _ price: Int32, _ quantity: UInt64 = 1, side: UInt16 = 0
    ) -> OmdcAggregateBookEntriesValues {
        OmdcAggregateBookEntriesValues(
            quantity: quantity, price: price, orderCount: 1, side: side, level: level,
            action: action)
    }

    private func levels(_ probe: FeedProbe, _ side: Side) -> [Int64] {
        probe.books.levels(1, side).map { $0.price / 1_000_000 }
    }

    private func apply(
        _ probe: FeedProbe, _ entries: OmdcAggregateBookEntriesValues...
    ) -> [String] {
        said(
            probe.apply(
                wireBytes { OmdcEncoder.aggregateBook(securityCode: 1, entries: entries, to: &$0) })
        )
    }

    @Test("New levels push the worse ones down, and the eleventh out; deletes pull them up")
    func renumbers() {
        let probe = FeedProbe("omd-c")
        for level in 1...10 { _ = apply(probe, entry(0, UInt8(level), 100 - Int32(level))) }
        #expect(levels(probe, .bid) == Array((90...99).reversed()))
        #expect(
            apply(probe, entry(0, 1, 100))
                == ["level @90000000 x0 bid", "level @100000000 x1 bid +1 |"])
        #expect(levels(probe, .bid) == Array((91...100).reversed()))
        #expect(
            apply(probe, entry(2, 1, 100), entry(0, 10, 90, 5), entry(1, 1, 99, 7))
                == [
                    "level @100000000 x0 bid", "level @90000000 x5 bid +1",
                    "level @99000000 x7 bid +1 |",
                ])
        #expect(levels(probe, .bid) == Array((90...99).reversed()))
        #expect(apply(probe, entry(74, 0, 0)) == ["clear |"])
        #expect(levels(probe, .bid) == [] && levels(probe, .ask) == [])
    }

    @Test("What a new level contradicts goes; entries that say nothing are counted")
    func contradictions() {
        let probe = FeedProbe("omd-c")
        _ = apply(probe, entry(0, 1, 10, side: 1), entry(0, 2, 12, side: 1))
        // The venue has forgotten 12 without a word, and sends it again in another place.
        #expect(
            apply(probe, entry(0, 1, 8, side: 1), entry(0, 2, 12, 3, side: 1))
                == [
                    "level @8000000 x1 ask +1", "level @10000000 x0 ask",
                    "level @12000000 x3 ask +1 |",
                ])
        #expect(levels(probe, .ask) == [8, 12])
        // A change of a level that is another here.
        #expect(
            apply(probe, entry(1, 1, 9, side: 1))
                == ["level @8000000 x0 ask", "level @9000000 x1 ask +1 |"])
        #expect(levels(probe, .ask) == [9, 12])
        #expect(apply(probe, entry(2, 5, 77, side: 1)) == [])
        #expect(apply(probe, entry(9, 1, 5), entry(0, 11, 5), entry(0, 1, 5, side: 3)) == [])
        #expect(probe.decoder.snapshotCounters().unrepresentable == 3)
    }

    @Test("Random levels: the ten best are the venue's", arguments: [1, 2, 3] as [UInt64])
    func random(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let probe = FeedProbe("omd-c")
        // Quantities by price, of asks; the venue shows the ten lowest prices.
        var venue: [Int32: UInt64] = [:]
        for _ in 0..<20_000 {
            let shown = venue.keys.sorted().prefix(10)
            let price = Int32(generator.below(40)) + 1
            let quantity = UInt64(generator.below(3))
            venue[price] = quantity == 0 ? nil : quantity
            let now = venue.keys.sorted().prefix(10)
            var entries: [OmdcAggregateBookEntriesValues] = []
            if let place = shown.firstIndex(of: price), !now.contains(price) {
                entries.append(entry(2, UInt8(place + 1), price, 0, side: 1))
                // What comes back into sight is sent again.
                if let last = now.last, !shown.contains(last) {
                    entries.append(entry(0, UInt8(now.count), last, venue[last]!, side: 1))
                }
            } else if let place = now.firstIndex(of: price) {
                entries.append(
                    entry(
                        shown.contains(price) ? 1 : 0, UInt8(place + 1), price, quantity, side: 1))
            }
            _ = probe.apply(
                wireBytes { OmdcEncoder.aggregateBook(securityCode: 1, entries: entries, to: &$0) })
            let found = probe.books.levels(1, .ask).map { [$0.price / 1_000_000, $0.quantity] }
            let expected = now.map { [Int64($0), Int64(venue[$0]!)] }
            guard found == expected else {
                Issue.record("\(found) is not \(expected)")
                return
            }
        }
        #expect(probe.books.counters == BookCounters())
    }
}
