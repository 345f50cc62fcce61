/// Whether a message's groups lie inside it.
extension MDP3Decoder {
    /// The root block has been checked.
    @inline(__always)
    func isWhole(_ message: Message) -> Bool {
        let (base, block, length) = (message.base, message.blockLength, message.length)
        switch message.template {
        case 46:
            return MDP3MDIncrementalRefreshBook46.isWhole(base, blockLength: block, length: length)
        case 47:
            return MDP3MDIncrementalRefreshOrderBook47.isWhole(
                base, blockLength: block, length: length)
        default:
            return isWholeOrderFlow(message)
        }
    }

    /// Trades, and the books of older schemas: called by name, not through a value as the rare ones.
    @inline(never)
    private func isWholeOrderFlow(_ message: Message) -> Bool {
        let (base, block, length) = (message.base, message.blockLength, message.length)
        switch message.template {
        case 48:
            return MDP3MDIncrementalRefreshTradeSummary48.isWhole(
                base, blockLength: block, length: length)
        case 64:
            return MDP3MDIncrementalRefreshBookLongQty64.isWhole(
                base, blockLength: block, length: length)
        case 65:
            return MDP3MDIncrementalRefreshTradeSummaryLongQty65.isWhole(
                base, blockLength: block, length: length)
        case 43:
            return MDP3MDIncrementalRefreshOrderBook43.isWhole(
                base, blockLength: block, length: length)
        case 32:
            return MDP3MDIncrementalRefreshBook32.isWhole(
                base, blockLength: block, length: length)
        case 42:
            return MDP3MDIncrementalRefreshTradeSummary42.isWhole(
                base, blockLength: block, length: length)
        case 36:
            return MDP3MDIncrementalRefreshTrade36.isWhole(
                base, blockLength: block, length: length)
        default:
            return isWholeRare(message)
        }
    }

    @inline(never)
    private func isWholeRare(_ message: Message) -> Bool {
        let check: (UnsafeRawPointer, Int, Int) -> Bool
        switch message.template {
        case 4: check = MDP3ChannelReset4.isWhole
        case 27: check = MDP3MDInstrumentDefinitionFuture27.isWhole
        case 29: check = MDP3MDInstrumentDefinitionSpread29.isWhole
        case 33: check = MDP3MDIncrementalRefreshDailyStatistics33.isWhole
        case 34: check = MDP3MDIncrementalRefreshLimitsBanding34.isWhole
        case 35: check = MDP3MDIncrementalRefreshSessionStatistics35.isWhole
        case 37: check = MDP3MDIncrementalRefreshVolume37.isWhole
        case 38: check = MDP3SnapshotFullRefresh38.isWhole
        case 39: check = MDP3QuoteRequest39.isWhole
        case 41: check = MDP3MDInstrumentDefinitionOption41.isWhole
        case 44: check = MDP3SnapshotFullRefreshOrderBook44.isWhole
        case 49: check = MDP3MDIncrementalRefreshDailyStatistics49.isWhole
        case 50: check = MDP3MDIncrementalRefreshLimitsBanding50.isWhole
        case 51: check = MDP3MDIncrementalRefreshSessionStatistics51.isWhole
        case 52: check = MDP3SnapshotFullRefresh52.isWhole
        case 53: check = MDP3SnapshotFullRefreshOrderBook53.isWhole
        case 54: check = MDP3MDInstrumentDefinitionFuture54.isWhole
        case 55: check = MDP3MDInstrumentDefinitionOption55.isWhole
        case 56: check = MDP3MDInstrumentDefinitionSpread56.isWhole
        case 57: check = MDP3MDInstrumentDefinitionFixedIncome57.isWhole
        case 58: check = MDP3MDInstrumentDefinitionRepo58.isWhole
        case 59: check = MDP3SnapshotRefreshTopOrders59.isWhole
        case 60: check = MDP3SecurityStatusWorkup60.isWhole
        case 62: check = MDP3CollateralMarketValue62.isWhole
        case 63: check = MDP3MDInstrumentDefinitionFX63.isWhole
        case 66: check = MDP3MDIncrementalRefreshVolumeLongQty66.isWhole
        case 67: check = MDP3MDIncrementalRefreshSessionStatisticsLongQty67.isWhole
        case 69: check = MDP3SnapshotFullRefreshLongQty69.isWhole
        default: return true  // No groups, or dropped.
        }
        return check(message.base, message.blockLength, message.length)
    }
}
