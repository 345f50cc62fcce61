import Foundation
import Handler
import Simulation
import Ticks
import Wire

enum InputLogTarget {
    static func run(_ bytes: [UInt8]) {
        guard let first = try? CaptureReader(bytes: bytes),
            let head = try? InputLogHead.read(first), isSmall(head.configuration),
            let reader = try? CaptureReader(bytes: bytes)
        else { return }
        // A trading day that is none is refused with an error.
        guard let checked = try? CheckedCore(head.configuration, resume: head.resume) else {
            return
        }
        let decoder = OfflineDecoder(core: checked.core, isInputLog: true)
        try? decoder.decode(.capture(reader), path: "memory")
        checked.finish()
    }

    /// What a log asks for in memory is bounded, but too much for a run per input.
    private static func isSmall(_ configuration: CoreConfiguration) -> Bool {
        configuration.instrumentCapacity <= 4096 && configuration.orderCapacity <= 1 << 16
            && configuration.levelCapacity <= 1 << 16 && configuration.channels.count <= 4
            && configuration.channels.allSatisfy {
                $0.lines.count <= 4 && $0.windowPackets <= 4096 && $0.windowBytes <= 1 << 20
            }
    }

    // MARK: Seeds

    static func seeds() throws -> [[UInt8]] {
        let resume = ResumeState(
            channels: [
                ResumeState.Channel(
                    id: 0, epoch: 2, session: MoldUDP64Encoder.session("FUZZ"), nextSequence: 20,
                    captureTime: StreamTarget.startTime - 1)
            ],
            instruments: [Instrument(id: 1, symbol: "ABCD", venue: "XNAS", code: 1)])
        return [try log(resume: nil), try log(resume: resume)]
    }

    private static func log(resume: ResumeState?) throws -> [UInt8] {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("tapeline-fuzz-\(ProcessInfo.processInfo.processIdentifier)")
            .path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let writer = try InputLogWriter(
            path: path, force: true, configuration: CheckedCore.configuration(.itch50))
        if let resume { writer.append(.resume(resume)) }
        for delivery in try Seeds.deliveries(messages: 40, seed: 5) {
            delivery.payload.withUnsafeBytes {
                writer.append(
                    LineRoute(channel: 0, line: delivery.line), captureTime: delivery.time,
                    timeSource: .kernel, payload: $0)
            }
            writer.append(.clock(delivery.time + 1000))
        }
        writer.append(.alert(.journalGap, sequence: 5, quantity: 6))
        writer.append(
            .lineState(LineRoute(channel: 0, line: 1), .dropped, place: .kernel, count: 7))
        writer.append(.clockStep(nanoseconds: -8_000_000_000))
        writer.append(.finish)
        try writer.close()
        return [UInt8](FileManager.default.contents(atPath: path) ?? Data())
    }
}
