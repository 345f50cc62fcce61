import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// others.md §9.
@Suite struct Asx24DecoderTests {
    /// A feed that knows instrument 7 with a denominator of 1,000,000.
    private func probe(midnight: UInt64 = 0) -> FeedProbe {
        let probe = FeedProbe("asx24", midnight: midnight)
        _ = probe.decode(
            wireBytes {
                Asx24Encoder.futureDirectory(
                    instrumentID: 7, symbol: "APZ6", priceDenominator: 1_000_000, to: &$0)
            })
        return probe
    }

    @Test("The live order of an instrument with the usual denominator")
    func live() {
        let probe = FeedProbe("asx24")
        let order = unhex(
            "411ccfb79846df0001e7a9425b3d8c1a3ec0400100000000004181680000000100000001850a1dc0")
        let ticks = probe.decode(
            order,
            wireBytes {
                Asx24Encoder.futureDirectory(
                    instrumentID: 124_841, symbol: "APZ6", priceDenominator: 1_000_000, to: &$0)
            }, order)
        #expect(
            said(ticks) == [
                "add #6574565075380617217 x1 bid |", "definition",
                "statistic.settlement @0 |", "add #6574565075380617217 @6527000000000 x1 bid |",
            ])
        #expect(Set(ticks.map(\.instrument)).count == 1)
        #expect(probe.decoder.snapshotCounters().unrepresentable == 1)
    }

    @Test("Orders, executions and trades")
    func orders() {
        let probe = probe()
        let bid = UInt8(ascii: "B")
        let normal = UInt8(ascii: "T")
        let ticks = probe.decode(
            wireBytes {
                Asx24Encoder.orderAdded(
                    instrumentID: 7, side: bid, orderID: 3, quantity: 5, price: 2_000_000,
                    to: &$0)
            },
            wireBytes {
                Asx24Encoder.orderVolumeCancelled(
                    instrumentID: 7, side: bid, orderID: 3, quantity: 4, to: &$0)
            },
            wireBytes {
                Asx24Encoder.orderExecuted(
                    instrumentID: 7, side: bid, orderID: 3, remaining: 2, tradeType: normal,
                    tradeID: 9, quantity: 2, price: 1_500_000, to: &$0)
            },
            wireBytes {
                Asx24Encoder.auctionOrderExecuted(
                    instrumentID: 7, side: bid, orderID: 3, tradeType: UInt8(ascii: "L"),
                    tradeID: 10, quantity: 1, price: 1, oppositeOrderID: 4, to: &$0)
            },
            wireBytes {
                Asx24Encoder.auctionOrderExecuted(
                    instrumentID: 7, side: bid, orderID: 3, tradeID: 10, quantity: 1, price: 1,
                    to: &$0)
            },
            wireBytes {
                Asx24Encoder.combinationOrderExecuted(
                    instrumentID: 7, side: UInt8(ascii: "S"), orderID: 5, tradeID: 11,
                    quantity: 1, price: 1, oppositeInstrumentID: 8, to: &$0)
            },
            wireBytes {
                Asx24Encoder.orderDeleted(instrumentID: 7, side: bid, orderID: 3, to: &$0)
            },
            wireBytes {
                Asx24Encoder.impliedOrderAdded(
                    instrumentID: 7, side: bid, orderID: 6, quantity: 5, price: 1, to: &$0)
            },
            wireBytes {
                Asx24Encoder.impliedOrderReplaced(
                    instrumentID: 7, side: bid, orderID: 6, quantity: 6, price: 2, to: &$0)
            },
            wireBytes {
                Asx24Encoder.impliedOrderDeleted(instrumentID: 7, side: bid, orderID: 6, to: &$0)
            },
            wireBytes {
                Asx24Encoder.tradeExecuted(
                    instrumentID: 7, tradeType: UInt8(ascii: "t"), tradeID: 12, quantity: 1,
                    price: 1, to: &$0)
            },
            wireBytes {
                Asx24Encoder.combinationTradeExecuted(
                    instrumentID: 7, tradeType: UInt8(ascii: "l"), tradeID: 13, quantity: 1,
                    price: 1, to: &$0)
            },
            wireBytes { Asx24Encoder.tradeCancellation(instrumentID: 7, tradeID: 12, to: &$0) })
        #expect(
            said(ticks) == [
                "add #3 @2000000000 x5 bid |", "modify #3 x4 bid |",
                "trade #9 @1500000000 x2 ask +84", "fill #3 x2 bid |",
                "trade #10 @1000 x1 +76 auction", "fill #3 x1 bid auction",
                "delete #4 auction |", "trade #10 @1000 x1 +32 auction",
                "fill #3 x1 bid auction |", "trade #11 @1000 x1 bid +32", "fill #5 x1 ask |",
                "delete #3 bid |", "add #6 @1000 x5 bid implied |",
                "delete #6 bid replaced implied", "add #6 @2000 x6 bid replaced implied |",
                "delete #6 bid implied |", "trade #12 @1000 x1 +116 offBook |",
                "trade #13 @1000 x1 +108 offBook auction |", "tradeBreak #12 |",
            ])
    }

    @Test("States and values")
    func values() {
        let probe = probe()
        let ticks = probe.decode(
            wireBytes { Asx24Encoder.endOfTradeDate(event: UInt8(ascii: "C"), to: &$0) },
            wireBytes {
                Asx24Encoder.orderBookState(instrumentID: 7, state: UInt8(ascii: "O"), to: &$0)
            },
            wireBytes {
                Asx24Encoder.equilibriumPrice(
                    instrumentID: 7, price: 1, matchedQuantity: 2, bidQuantity: 3,
                    askQuantity: 4, to: &$0)
            },
            wireBytes {
                Asx24Encoder.tradeAdjustment(
                    instrumentID: 7, openingTrade: 1, highestTrade: 2, lowestTrade: 3,
                    lastTrade: 4, lastQuantity: 5, totalVolume: 6, to: &$0)
            },
            wireBytes {
                Asx24Encoder.volumeAndOpenInterest(
                    instrumentID: 7, cumulativeVolume: 1, openInterest: 2, volumeTradeDate: 3,
                    to: &$0)
            },
            wireBytes {
                Asx24Encoder.anomalousOrderThreshold(
                    instrumentID: 7, price: 1, upperPrice: 2, lowerPrice: 3, extremePrice: 4,
                    extremeUpperPrice: 5, extremeLowerPrice: 6, to: &$0)
            },
            wireBytes {
                Asx24Encoder.requestForQuote(
                    instrumentID: 7, side: UInt8(ascii: "T"), quantity: 8, to: &$0)
            },
            wireBytes { Asx24Encoder.settlement(instrumentID: 7, to: &$0) },
            wireBytes { Asx24Encoder.text(text: "hello", to: &$0) })
        #expect(
            said(ticks) == [
                "status.systemEvent +67 |", "status.trading +79 |",
                "imbalance.indicativeClearing @1000 auction",
                "imbalance.paired x2 auction", "imbalance.bidQuantity x3 auction",
                "imbalance.askQuantity x4 auction |", "statistic.open @1000",
                "statistic.high @2000",
                "statistic.low @3000", "statistic.last @4000 x5", "statistic.volume x6 |",
                "statistic.volume x1 +3", "statistic.openInterest x2 +3 |",
                "limits.reference @1000", "limits.upper @2000",
                "limits.lower @3000", "limits.extremeReference @4000", "limits.extremeUpper @5000",
                "limits.extremeLower @6000 |",
                "status.quoteRequest x8 +84 |",
            ])
        #expect(probe.decoder.snapshotCounters().messageTotal == 10)
    }

    @Test("Seconds of a day or since 1970, before and after the first")
    func times() {
        let probe = probe(midnight: 1_000_000_000_000_000_000)
        let order = wireBytes { Asx24Encoder.orderDeleted(timestamp: 5, instrumentID: 7, to: &$0) }
        let ticks = probe.decode(
            order, wireBytes { Asx24Encoder.seconds(seconds: 60, to: &$0) }, order,
            wireBytes { Asx24Encoder.seconds(seconds: 1_600_000_000, to: &$0) }, order)
        #expect(
            ticks.map(\.exchangeTime) == [
                0, 1_000_000_060_000_000_005, 1_600_000_000_000_000_005,
            ])
    }

    @Test("Directories: denominators that do and do not divide a billion, strikes, legs")
    func directories() {
        let probe = FeedProbe("asx24")
        _ = probe.decode(
            wireBytes {
                Asx24Encoder.optionDirectory(
                    instrumentID: 8, symbol: "APZ6 6500C", longName: "SPI call", isin: "AU1",
                    product: "AP", expiryYear: 2026, expiryMonth: 12,
                    optionType: UInt8(ascii: "C"), strike: 65_005, underlyingID: 7,
                    priceDenominator: 3, minimumTick: 3, strikeDenominator: 10, currency: "AUD",
                    lotSizeOrFaceValue: 25, to: &$0)
            },
            wireBytes {
                Asx24Encoder.combinationDirectory(
                    instrumentID: 9, symbol: "APZ6-APH7", priceDenominator: 100,
                    legs: [
                        .init(instrumentID: 7, side: UInt8(ascii: "B"), ratio: 1),
                        .init(instrumentID: 6, side: UInt8(ascii: "S"), ratio: 2),
                    ], to: &$0)
            })
        let ticks = probe.decode(
            wireBytes { Asx24Encoder.orderAdded(instrumentID: 8, quantity: 1, price: 2, to: &$0) },
            wireBytes { Asx24Encoder.orderAdded(instrumentID: 9, quantity: 1, price: 2, to: &$0) },
            wireBytes {
                Asx24Encoder.orderAdded(instrumentID: 8, quantity: 1, price: .max, to: &$0)
            })
        #expect(said(ticks) == ["add @666666666 x1 |", "add @20000000 x1 |", "add x1 |"])
        let option = probe.entry("APZ6 6500C")
        #expect(option?.tickSize == 1_000_000_000 && option?.currency == "AUD")
        #expect(
            option?.details == """
                type=option
                underlying=AP
                underlying_code=7
                isin=AU1
                expiry_month=2026-12
                strike=6500.5
                put_call=call
                name=SPI call
                lot_size_or_face_value=25
                price_denominator=3
                """)
        #expect(probe.entry("APZ6-APH7")?.details.contains("legs=7:1,6:-2") == true)
    }

    @Test("A restarted decoder takes the denominators from the directory")
    func restart() {
        let probe = probe()
        let again = InstrumentDirectory(capacity: 10)
        #expect(again.restore(probe.directory.entries))
        let decoder = probe.feed.makeDecoder(
            DecoderSetup(
                directory: again, venue: probe.feed.venue, channel: 1, midnight: 0, feed: "asx24"))
        let order = wireBytes {
            Asx24Encoder.orderAdded(instrumentID: 7, quantity: 1, price: 1_000_000, to: &$0)
        }
        let packet = probe.feed.transport.encode(PacketContents(sequence: 1, messages: [order]))
        var tick = Tick()
        packet.withUnsafeBytes {
            guard case .packet(let parsed) = MoldUDP64.parse($0) else { return }
            var cursor = BlockCursor(offset: 0, remaining: 1, sequence: 1)
            var ticks = [Tick](repeating: Tick(), count: 10)
            _ = decoder.decode(
                parsed.blocks, cursor: &cursor,
                context: DeliveryContext(captureTime: 0, channel: 1, line: 0, flags: []),
                into: &ticks, capacity: 10)
            tick = ticks[0]
        }
        #expect(tick.price == Price.scale && tick.instrument == 1)
    }
}
