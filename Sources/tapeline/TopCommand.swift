import ArgumentParser
import CTapeline
import Foundation
import Glibc
import Tape
import Ticks

struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Live screen of a tape: channels, lines, rates.")

    @Argument(help: "Name of the tape.")
    var tape: String

    @Flag(name: .long, help: "One JSON object instead of a screen.")
    var json = false

    @Flag(name: .long, help: "One screen, then stop.")
    var once = false

    @Option(name: .long, help: "Seconds between screens.")
    var interval: Double = 1

    func validate() throws {
        guard (0.05...3600).contains(interval) else {
            throw ValidationError("--interval is from 0.05 to 3600 seconds")
        }
    }

    func run() throws {
        do {
            let reader = try TapeReader(name: tape)
            if json { return print(TapeStatus(reader).json()) }
            var last: TapeStatus?
            while true {
                let status = TapeStatus(reader)
                if !once && isatty(STDOUT_FILENO) == 1 {
                    print("\u{1B}[H\u{1B}[2J", terminator: "")
                }
                print(status.text(since: last))
                fflush(nil)
                if once || status.state != "live" { return }
                last = status
                usleep(UInt32(interval * 1e6))
            }
        } catch {
            throw CommandFailure(error)
        }
    }
}

/// A tape's tables at one moment.
struct TapeStatus {
    let name: String
    let header: tapeline_header
    let state: String
    let published: UInt64
    let journaled: UInt64
    let instruments: Int
    let silentNanoseconds: UInt64
    let channels: [tapeline_channel]
    let lines: [tapeline_line]
    let counters: [(name: String, value: UInt64)]
    let time: UInt64

    init(_ reader: TapeReader) {
        name = reader.name
        header = reader.header
        state =
            switch Int(reader.header.state) {
            case Int(TAPELINE_STATE_LIVE): "live"
            case Int(TAPELINE_STATE_ENDED): "ended"
            case Int(TAPELINE_STATE_SUPERSEDED): "superseded"
            default: "starting"
            }
        published = reader.publishedPosition
        journaled = reader.journaledPosition
        instruments = reader.instrumentCount
        time = TapeReader.monotonicNanoseconds()
        let beat = reader.heartbeat
        silentNanoseconds = beat > 0 && time > beat ? time - beat : 0
        channels = reader.channels()
        lines = reader.lines()
        counters = reader.counters()
    }

    func text(since last: TapeStatus?) -> String {
        var rate = ""
        if let last, time > last.time {
            let ticks = Double(published - last.published) * 1e9 / Double(time - last.time)
            rate = ", \(Int(ticks)) ticks/s"
        }
        var text = [
            "tape \(name), generation \(header.generation), day \(header.tradingDay), \(state)"
                + (silentNanoseconds > 2_000_000_000 && state == "live"
                    ? ", NO HEARTBEAT for \(silentNanoseconds / 1_000_000_000) s" : ""),
            "published \(published), journaled \(journaled), instruments \(instruments)" + rate,
        ]
        text.append(
            TextTable.render(
                [
                    [
                        "channel", "epoch", "next", "delivered", "duplicate", "lost", "waiting",
                        "gaps", "open",
                    ]
                ]
                    + channels.map { channel in
                        [TapeReader.text(channel.name), String(channel.epoch)]
                            + [
                                channel.next, channel.delivered, channel.duplicate, channel.lost,
                                channel.waiting, channel.gaps, channel.gapsOpen,
                            ].map { String($0) }
                    }))
        text.append(
            TextTable.render(
                [
                    [
                        "line", "packets", "messages", "first", "duplicate", "lost", "late order",
                        "stale", "drop if", "driver", "kernel", "ring", "filtered",
                    ]
                ]
                    + lines.map { line in
                        [label(line)]
                            + [
                                line.packets, line.messages, line.wins, line.duplicates,
                                line.lost, line.outOfOrder, line.stale, line.droppedInterface,
                                line.droppedDriver, line.droppedKernel, line.droppedRing,
                                line.filtered,
                            ].map { String($0) }
                    }))
        return text.joined(separator: "\n\n")
    }

    private func label(_ line: tapeline_line) -> String {
        let channel = channels.first { $0.id == line.channel }
        return (channel.map { TapeReader.text($0.name) } ?? "?") + "/" + TapeReader.text(line.name)
    }

    func json() -> String {
        let root: [String: Any] = [
            "name": name, "generation": header.generation, "state": state,
            "trading_day": header.tradingDay, "published": published, "journaled": journaled,
            "instruments": instruments, "heartbeat_age_ns": silentNanoseconds,
            "ring_capacity": header.ringCapacity,
            "counters": Dictionary(uniqueKeysWithValues: counters.map { ($0.name, $0.value) }),
            "channels": channels.map { channel in
                [
                    "id": channel.id, "name": TapeReader.text(channel.name),
                    "epoch": channel.epoch, "next": channel.next, "received": channel.received,
                    "delivered": channel.delivered, "duplicate": channel.duplicate,
                    "stale": channel.stale, "rejected": channel.rejected, "late": channel.late,
                    "held": channel.held, "lost": channel.lost, "waiting": channel.waiting,
                    "recovered": channel.recovered, "gaps": channel.gaps,
                    "gaps_open": channel.gapsOpen, "gaps_filled": channel.gapsFilled,
                ] as [String: Any]
            },
            "lines": lines.map { line in
                [
                    "name": label(line), "packets": line.packets, "messages": line.messages,
                    "wins": line.wins, "duplicates": line.duplicates, "lost": line.lost,
                    "out_of_order": line.outOfOrder, "stale": line.stale,
                    "rejected": line.rejected, "dropped_interface": line.droppedInterface,
                    "dropped_driver": line.droppedDriver, "dropped_kernel": line.droppedKernel,
                    "dropped_ring": line.droppedRing, "filtered": line.filtered,
                ] as [String: Any]
            },
        ]
        let data = try? JSONSerialization.data(withJSONObject: root, options: [.sortedKeys])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
