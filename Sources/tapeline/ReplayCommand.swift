import ArgumentParser
import Foundation
import Glibc
import Handler
import Tape
import Ticks

struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract:
            "A recorded tape as a live one: at a multiple of its pace, at full speed, or stepped."
    )

    @Argument(help: "Journal directories.")
    var journals: [String]

    @Option(name: .customLong("tape"), help: "Name of the tape to publish.")
    var tapeName: String

    @Option(name: .long, help: "Multiple of the original pace; 0 is full speed.")
    var speed: Double = 1

    @Flag(name: .long, help: "Publish one piece for each line on standard input.")
    var step = false

    @Option(name: .long, help: "First time: UTC nanoseconds, or ISO 8601.")
    var from: String?

    @Option(name: .long, help: "Ticks that the ring holds, a power of two.")
    var ring: Int = 1 << 20

    @Option(name: .long, help: "Wait so many seconds before the first tick, for readers to attach.")
    var delay: Double = 0

    func validate() throws {
        guard (0...3600).contains(delay) else {
            throw ValidationError("--delay is from 0 to 3600 seconds")
        }
        guard (0...1e9).contains(speed) else {
            throw ValidationError("--speed is 0 for full speed, or a multiple of the pace")
        }
    }

    func run() throws {
        do {
            let described = try JournalDescription(journals)
            let publisher = try TapePublisher(
                name: tapeName,
                options: TapeOptions(
                    ringCapacity: ring,
                    instrumentCapacity: max(65_536, described.instruments + 1024),
                    firstPosition: described.firstPosition,
                    tradingDay: described.tradingDay,
                    feeds: described.channels.map(\.name).joined(separator: ","),
                    channels: described.channels))
            let sink = TapeSink(publisher: publisher, books: .init())
            let source = try JournalSource(
                directories: journals, from: try from.map(FilterOptions.time))
            if delay > 0 { usleep(UInt32(delay * 1e6)) }
            let pacer = ReplayPacer(speed: speed, isStepped: step)
            try source.run(into: PacedSink(sink: sink, pacer: pacer))
            try sink.finish()
            try report(source.report)
        } catch {
            throw CommandFailure(error)
        }
    }
}

/// Says when ticks are due.
final class ReplayPacer {
    private let speed: Double
    private let isStepped: Bool
    private var start: (time: UInt64, clock: UInt64)?

    init(speed: Double, isStepped: Bool) {
        self.speed = speed
        self.isStepped = isStepped
    }

    /// Number of leading ticks that are due together: those of one capture time.
    func due(_ ticks: UnsafeBufferPointer<Tick>) -> Int {
        if speed <= 0 && !isStepped { return ticks.count }
        let time = Self.stamp(ticks[0])
        return ticks.firstIndex { Self.stamp($0) != time } ?? ticks.count
    }

    func wait(for tick: Tick) {
        if isStepped {
            _ = readLine()
            return
        }
        let time = Self.stamp(tick)
        guard speed > 0, time > 0 else { return }
        guard let start else {
            self.start = (time, TapeReader.monotonicNanoseconds())
            return
        }
        let due = Double(time > start.time ? time - start.time : 0) / speed
        let now = TapeReader.monotonicNanoseconds() - start.clock
        guard due > Double(now) else { return }
        let left = UInt64(due) - now
        var pause = timespec(
            tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
        nanosleep(&pause, nil)
    }

    private static func stamp(_ tick: Tick) -> UInt64 {
        tick.captureTime != 0 ? tick.captureTime : tick.exchangeTime
    }
}

/// Hands ticks on when they are due.
final class PacedSink: TickSink {
    private let sink: any TickSink
    private let pacer: ReplayPacer

    init(sink: any TickSink, pacer: ReplayPacer) {
        self.sink = sink
        self.pacer = pacer
    }

    func define(_ instrument: Instrument) throws { try sink.define(instrument) }
    func prime(_ image: UnsafeBufferPointer<Tick>, position: UInt64) throws {
        try sink.prime(image, position: position)
    }

    func write(_ ticks: UnsafeBufferPointer<Tick>, position: UInt64) throws {
        var done = 0
        while done < ticks.count {
            let rest = UnsafeBufferPointer(rebasing: ticks[done...])
            pacer.wait(for: rest[0])
            let count = pacer.due(rest)
            try sink.write(
                UnsafeBufferPointer(rebasing: rest[..<count]), position: position + UInt64(done))
            done += count
        }
    }

    func finish() throws { try sink.finish() }
}
