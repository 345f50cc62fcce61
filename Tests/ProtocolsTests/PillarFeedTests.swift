import Protocols
import TestSupport
import Testing
import Ticks
import Wire

private let feeds = FeedRegistry.feeds.map(\.name)
    .filter { $0.hasPrefix("pillar-") || $0.hasPrefix("xdp-") }

/// What holds for every message of every Pillar feed, and the feeds of options.
@Suite struct PillarFeedTests {
    private func blank(_ message: ProtocolDescription.Message, _ length: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: length)
        bytes[0] = UInt8(length & 0xFF)
        bytes[1] = UInt8(length >> 8)
        bytes[2] = UInt8(message.key & 0xFF)
        bytes[3] = UInt8(message.key >> 8)
        return bytes
    }

    /// Messages may grow, and must not be shorter than their fields.
    @Test(arguments: feeds)
    func lengths(feed: String) {
        for message in ProtocolDescription.pillar.messages(of: feed) {
            let bench = PillarBench(feed)
            for length in 4..<message.least { _ = bench.decode([blank(message, length)]) }
            #expect(bench.counters.unexpectedLength == UInt64(message.least - 4))
            #expect(bench.counters.messageTotal == 0)
            for length in message.least...message.least + 30 {
                _ = bench.decode([blank(message, length)])
            }
            #expect(bench.counters.messageTotal == 31, "\(message.name)")
            #expect(bench.counters.unexpectedLength == UInt64(message.least - 4))
        }
    }

    @Test(arguments: feeds)
    func unknownTypes(feed: String) {
        let bench = PillarBench(feed)
        // No type at all, one of another feed, one that nobody has.
        let ticks = bench.decode([[2, 0], [3, 0, 3], [4, 0, 0xFF, 0xFF], [6, 0, 0x4D, 1, 0, 0]])
        #expect(ticks.isEmpty && bench.counters.unknownType == 4)
    }

    /// However little room there is, the same ticks come.
    @Test func littleRoom() {
        let messages = (0..<40).map { index in
            wire {
                PillarEncoder.securityStatus(
                    symbolIndex: UInt32(index % 3), securityStatus: letter("X"), price1: 1,
                    price2: 2, to: &$0)
            }
        }
        let much = PillarBench("pillar-integ").decode(messages, capacity: 1000)
        #expect(much.count == 240)
        #expect(PillarBench("pillar-integ").decode(messages, capacity: 16) == much)
        #expect(PillarBench("pillar-integ").decode(messages, capacity: 19) == much)
    }

    @Test func cutDepth() {
        var message = wire {
            PillarEncoder.depthUpdate(
                symbolIndex: 88,
                updates: [
                    .init(price: 1, side: letter("B"), participants: [.init(), .init()]),
                    .init(price: 2, side: letter("S")),
                ], to: &$0)
        }
        #expect(message.count == 49)
        let bench = PillarBench("pillar-depth")
        #expect(bench.decode([message]).count == 2)
        for length in 21..<49 {
            var cut = Array(message[..<length])
            cut[0] = UInt8(length)
            #expect(bench.decode([cut]).isEmpty)
        }
        message[20] = 255
        #expect(bench.decode([message]).isEmpty)
        #expect(bench.counters.unexpectedLength == 29 && bench.counters.messageTotal == 1)
    }

    /// The most ticks that a message can become fit what the feed promises.
    @Test func mostTicks() {
        let updates = [PillarDepthUpdateUpdatesValues](
            repeating: .init(price: 1, side: letter("B")), count: 255)
        let message = wire { PillarEncoder.depthUpdate(updates: updates, to: &$0) }
        let bench = PillarBench("pillar-depth")
        #expect(bench.definition.ticksPerMessageMax == 255)
        #expect(bench.decode([message, message], capacity: 255).count == 510)
    }

    // MARK: Options

    private let mapping = wire {
        PillarEncoder.seriesIndexMapping(
            seriesIndex: 30_588_629, seriesType: 0, marketID: 4, systemID: 7,
            optionRoot: "SPXW", underlying: "SPX", underlyingIndex: 12, priceScaleCode: 4,
            contractMultiplier: 100, maturityDate: "240315", putOrCall: 1,
            strikePrice: "5100.0", closingOnly: letter("0"), to: &$0)
    }

    @Test func seriesMapping() throws {
        let bench = PillarBench("pillar-options")
        #expect(bench.decode([mapping]).map(\.kind) == [.definition])
        let entry = try #require(bench.directory.entries.first)
        #expect(entry.symbol == "SPXW 240315C05100000" && entry.code == 30_588_629)
        #expect(entry.currency == "USD")
        #expect(
            entry.details.split(separator: "\n") == [
                "type=option", "underlying=SPX", "underlying_code=12", "expiry=2024-03-15",
                "strike=5100", "put_call=call", "multiplier=100", "series_type=0",
                "closing_only=0", "market=arcaOptions", "system=7", "price_scale=4",
            ])
    }

    /// An underlying and a series may have the same index.
    @Test func indexesOfSeriesAreTheirOwn() {
        let bench = PillarBench("pillar-options")
        let underlying = wire {
            PillarEncoder.symbolIndexMapping(
                symbolIndex: 30_588_629, symbol: "SPX", priceScaleCode: 6,
                minimumPriceVariation: 100, to: &$0)
        }
        let status = wire {
            PillarEncoder.securityStatus(
                symbolIndex: 30_588_629, securityStatus: letter("4"), to: &$0)
        }
        let quote = wire {
            PillarEncoder.seriesQuote(
                seriesIndex: 30_588_629, askPrice: 108_500, askVolume: 10,
                quoteCondition: letter("1"), askCustomerVolume: 10, to: &$0)
        }
        let ticks = bench.decode([mapping, underlying, status, quote])
        let series = "SPXW 240315C05100000"
        #expect(ticks.map(\.instrument) == [series, "SPX", "SPX", "SPX", "SPX", series, series])
        #expect(bench.directory.entries[1].tickSize == 0)
        #expect(
            ticks.suffix(2) == [
                .pillar(
                    .quote, series, 0, sequence: 4, price: 0, quantity: 0, side: .bid, flags: [],
                    extra: letters("1")),
                .pillar(
                    .quote, series, 0, sequence: 4, id: 10, price: 10_850_000_000, quantity: 10,
                    side: .ask, extra: letters("1")),
            ])
    }

    @Test func seriesMessages() {
        let bench = PillarBench("pillar-options")
        let index: UInt32 = 30_588_629
        let messages: [[UInt8]] = [
            mapping,
            wire {
                PillarEncoder.seriesImbalance(
                    sourceTime: 1, seriesIndex: index, pairedQuantity: 1, imbalanceQuantity: 2,
                    auctionType: letter("O"), imbalanceSide: letter("B"),
                    indicativeMatchPrice: 10_000, auctionStatus: 4, to: &$0)
            },
            wire {
                PillarEncoder.seriesRequestForQuote(
                    sourceTime: 1, seriesIndex: index, side: letter("S"), auctionType: letter("P"),
                    capacity: letter("0"), totalQuantity: 50, workingPrice: 10_000,
                    auctionID: 99, requestStatus: letter("O"), to: &$0)
            },
            wire {
                PillarEncoder.seriesTrade(
                    sourceTime: 1, seriesIndex: index, tradeID: 5, price: 10_000, volume: 3,
                    tradeCondition1: letter("I"), tradeCondition2: letter("O"), to: &$0)
            },
            wire {
                PillarEncoder.seriesTradeVoid(
                    sourceTime: 1, seriesIndex: index, originalTradeID: 5, to: &$0)
            },
            wire {
                PillarEncoder.seriesTradeCorrection(
                    sourceTime: 1, seriesIndex: index, originalTradeID: 5, tradeID: 6,
                    price: 20_000, volume: 4, to: &$0)
            },
            wire {
                PillarEncoder.seriesSummary(
                    sourceTime: 1, seriesIndex: index, highPrice: 30_000, totalVolume: 4, to: &$0)
            },
        ]
        let ticks = bench.decode(messages)
        #expect(ticks.allSatisfy { $0.instrument == "SPXW 240315C05100000" })
        #expect(
            ticks.map(\.kind) == [.definition] + Array(repeating: .imbalance, count: 8)
                + [.status, .trade, .tradeBreak, .tradeCorrect, .statistic, .statistic])
        let match = ticks.first { $0.detail == ImbalanceDetail.indicativeClearing.rawValue }
        #expect(match?.price == Price.scale && match?.extra == 0x044F)
        let request = ticks[9]
        #expect(request.detail == StatusDetail.requestForQuote.rawValue)
        #expect(request.extra == letters("OP0") && request.orderID == 99)
        #expect(request.price == Price.scale && request.quantity == 50 && request.side == .ask)
        #expect(ticks[10].flags == [.auction, .lastOfEvent] && ticks[10].orderID == 5)
        #expect(ticks[12].extra == 6 && ticks[12].price == 2 * Price.scale)
        #expect(ticks[13].price == 3 * Price.scale && ticks[14].quantity == 4)
    }

    @Test(arguments: [
        ("0000100.50", "X 240315C00100500"), ("12345.678", "X 240315C12345678"),
        ("0.0005", "X 240315C0.0005"), ("abc", "X 240315Cabc"), ("", "X 240315C"),
        ("-5", "X 240315C-5"),
    ])
    func strikes(text: String, symbol: String) {
        let bench = PillarBench("pillar-options")
        let message = wire {
            PillarEncoder.seriesIndexMapping(
                seriesIndex: 1, optionRoot: "X", maturityDate: "240315", putOrCall: 1,
                strikePrice: text, to: &$0)
        }
        #expect(bench.decode([message]).map(\.instrument) == [symbol])
    }
}
