import Books
import Handler
import Tape
import Ticks

extension FormatOptions {
    /// The sink for any format. `channels` and `tradingDay` describe what will come.
    func sink(
        filter: TickFilter, channels: [ChannelDescription], tradingDay: UInt32,
        instrumentCapacity: Int = 65_536, firstPosition: UInt64 = 0
    ) throws -> any TickSink {
        if let sink = try fileSink(filter: filter) { return sink }
        let books = BooksConfiguration(
            instrumentCapacity: instrumentCapacity,
            channelCapacity: max((channels.map { Int($0.id) }.max() ?? 0) + 1, 64))
        if format == .journal {
            guard let out else {
                throw CommandFailure(.usage, "--to journal needs --out DIRECTORY")
            }
            return try JournalSink(
                directory: out, channels: channels, tradingDay: tradingDay, books: books)
        }
        guard let tapeName else { throw CommandFailure(.usage, "--to tape needs --tape NAME") }
        let publisher = try TapePublisher(
            name: tapeName,
            options: TapeOptions(
                instrumentCapacity: instrumentCapacity, firstPosition: firstPosition,
                tradingDay: tradingDay, feeds: channels.map(\.name).joined(separator: ","),
                channels: channels))
        return TapeSink(publisher: publisher, books: books)
    }
}
