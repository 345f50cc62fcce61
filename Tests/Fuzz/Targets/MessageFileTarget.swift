import Books
import Handler
import Simulation
import Ticks
import Wire

enum MessageFileTarget {
    static func run(_ bytes: [UInt8]) {
        guard let checked = try? CheckedCore(CheckedCore.configuration(.itch50, lines: ["file"]))
        else { fatalError("a fixed configuration is refused") }
        let reader = MessageFileReader(bytes: bytes)
        var sequence: UInt64 = 1
        while let (blocks, count) = try? reader.next(most: 16) {
            touch(blocks)
            checked.core.messages(
                channel: 0, blocks: blocks, count: count, firstSequence: sequence)
            sequence += UInt64(count)
            checked.check()
        }
        checked.finish()
        let delivered = checked.core.totals().channels[0].total.delivered
        require(delivered == sequence - 1, "a message file has no gaps")
        format(bytes)
    }

    /// Once more, into every text format.
    private static func format(_ bytes: [UInt8]) {
        let configuration = CheckedCore.configuration(.itch50, lines: ["file"])
        do {
            let books = BooksConfiguration(
                instrumentCapacity: 24, orderCapacity: 64, levelCapacity: 48, channelCapacity: 1)
            let file = try OutputFile(path: "/dev/null", force: true)
            let sinks: [any TickSink] = [
                JSONLinesSink(file: file, isPretty: bytes.count & 1 == 0),
                CSVSink(file: file, isPretty: bytes.count & 1 == 1),
                BBOSink(file: file, isPretty: bytes.count & 2 == 0, books: books),
            ]
            let output = BufferOutput(
                batchCapacity: 512,
                define: { instrument in
                    for sink in sinks { try? sink.define(instrument) }
                },
                consume: { ticks, position in
                    for sink in sinks { try? sink.write(ticks, position: position) }
                })
            let core = try FeedCore(configuration: configuration, output: output)
            let decoder = OfflineDecoder(core: core)
            try? decoder.decode(.messages(MessageFileReader(bytes: bytes)), path: "memory")
            core.finish()
            for sink in sinks { try sink.finish() }
        } catch {
            fatalError("formatting into /dev/null failed: \(error)")
        }
    }

    static func seeds() throws -> [[UInt8]] {
        try [UInt64](1...4).map { seed in
            var day = try Seeds.day(messages: 60 * Int(seed), seed: seed)
            var bytes: [UInt8] = []
            var message: [UInt8] = []
            while true {
                message.removeAll()
                guard day.next(into: &message) else { break }
                bytes += [UInt8(message.count >> 8), UInt8(message.count & 0xFF)]
                bytes += message
            }
            return seed % 2 == 0 ? bytes + [0, 0] : bytes
        }
    }
}
