import ArgumentParser
import Glibc
import Handler
import Tape
import Ticks

struct ReadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read", abstract: "Follows a live tape until it ends.")

    @Argument(help: "Name of the tape.")
    var tape: String

    @Flag(
        name: .long, help: "Start with the oldest tick that the ring holds, not with the next one.")
    var oldest = false

    @Option(name: .customLong("wait"), help: "Seconds to wait for the tape to exist.")
    var waitSeconds: Double = 0

    @OptionGroup var formatOptions: FormatOptions
    @OptionGroup var filterOptions: FilterOptions

    func validate() throws {
        guard (0...86_400).contains(waitSeconds) else {
            throw ValidationError("--wait is from 0 to 86400 seconds")
        }
    }

    func run() throws {
        do {
            let reader = try attach()
            let channels = reader.channels().map { channel in
                ChannelDescription(
                    id: channel.id, name: TapeReader.text(channel.name),
                    venue: TapeReader.text(channel.venue),
                    protocolName: TapeReader.text(channel.protocol), unit: .messages)
            }
            let sink = try formatOptions.sink(
                filter: try filterOptions.filter(), channels: channels,
                tradingDay: reader.header.tradingDay,
                instrumentCapacity: Int(reader.header.instrumentCapacity),
                firstPosition: reader.position)
            let lost = try follow(reader, sink)
            try sink.finish()
            if lost > 0 { throw CommandFailure(.data, "\(lost) ticks were overwritten unread") }
        } catch {
            throw CommandFailure(error)
        }
    }

    private func attach() throws -> TapeReader {
        let deadline = TapeReader.monotonicNanoseconds() + UInt64(waitSeconds * 1e9)
        while true {
            do {
                return try TapeReader(name: tape, from: oldest ? .oldest : .newest)
            } catch let error {
                switch error {
                case .notFound, .starting:
                    if TapeReader.monotonicNanoseconds() >= deadline { throw error }
                    usleep(2000)
                default: throw error
                }
            }
        }
    }

    /// Says once when the publisher has stopped beating: it may be dead, and will say nothing itself.
    private func warn(_ reader: TapeReader, wasSilent: Bool) -> Bool {
        let beat = reader.heartbeat
        let now = TapeReader.monotonicNanoseconds()
        let isSilent = beat > 0 && now > beat && now - beat > 5_000_000_000
        if isSilent && !wasSilent {
            standardError("tape '\(tape)': no heartbeat for 5 s; its publisher may be dead")
        }
        return isSilent
    }

    /// Returns how many ticks were lost to overruns.
    private func follow(_ reader: TapeReader, _ sink: any TickSink) throws -> UInt64 {
        let buffer = UnsafeMutableBufferPointer<Tick>.allocate(capacity: 8192)
        defer { buffer.deallocate() }
        var lost: UInt64 = 0
        var defined: UInt32 = 0
        var isSilent = false
        while true {
            let position = reader.position
            switch reader.copy(into: buffer) {
            case .ticks(let count):
                while defined < UInt32(reader.instrumentCount) {
                    defined += 1
                    if let entry = reader.instrument(defined) { try sink.define(entry) }
                }
                let ticks = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(buffer)[..<count])
                for tick in ticks where tick.kind == TickKind.definition.rawValue {
                    if let entry = reader.instrument(tick.instrument) { try sink.define(entry) }
                }
                do { try sink.write(ticks, position: position) } catch SinkError.limitReached {
                    return lost
                }
            case .overrun(let first, let last):
                standardError("overrun: positions \(first) to \(last) were overwritten")
                lost += last - first + 1
            case .nothing:
                try (sink as? LineSink)?.flush()
                isSilent = warn(reader, wasSilent: isSilent)
                usleep(200)
            case .superseded:
                standardError("tape '\(tape)' was superseded by a newer publisher")
                return lost
            case .ended:
                return lost
            }
        }
    }
}
