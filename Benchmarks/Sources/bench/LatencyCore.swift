import Books
import CReference
import CTapeline
import Capture
import Dispatch
import Foundation
import Handler
import Journal
import Lines
import Protocols
import Tape
import Ticks
import Wire

/// The handler's receive path: source, core, tape, journal, as a run wires them with busy polling and
/// without capture threads.
final class LatencyCore: @unchecked Sendable {
    static let ringCapacity = 1 << 20
    private static let batchCapacity = 256
    private let batch = UnsafeMutablePointer<CapturedDatagram>.allocate(capacity: batchCapacity)
    private let core: FeedCore
    private let output: StampingOutput
    private let publisher: TapePublisher
    private let recorder: JournalRecorder
    private var failure: (any Error)?
    private(set) var allocations: UInt64 = 0
    /// The source was opened; read after `isReady`.
    private(set) var isOpen = false

    var received: Int { output.received }

    init(directory: String, latencies: UnsafeMutablePointer<UInt64>, count: Int) throws {
        let configuration = CoreConfiguration(
            channels: [ChannelConfiguration(name: "wire", feedProtocol: .itch50)],
            tradingDay: Settings.date, instrumentCapacity: 16_384)
        publisher = try TapePublisher(
            name: "bench-latency-\(getpid())",
            options: TapeOptions(
                ringCapacity: Self.ringCapacity, instrumentCapacity: 16_384,
                channels: configuration.channelDescriptions,
                lines: ["A", "B"].enumerated().map {
                    TapeLine(channel: 0, id: UInt8($0.offset), name: $0.element)
                }, isGated: true))
        let gate = JournalGate()
        output = StampingOutput(
            TapeOutput(publisher: publisher, channels: configuration.channels, gate: gate),
            latencies: latencies, count: count)
        core = try FeedCore(configuration: configuration, output: output, isLive: true)
        recorder = try JournalRecorder(
            reader: try TapeReader(name: publisher.name, from: .oldest), publisher: publisher,
            channels: configuration.channelDescriptions,
            books: BooksConfiguration(instrumentCapacity: 16_384), gate: gate
        ) { preamble in
            try JournalWriter.open(
                storage: try FileStorage(path: directory, create: true),
                identity: JournalIdentity(
                    tradingDay: 20_191_230, generation: 1, configHash: 0, feeds: ["wire"]),
                preamble: preamble
            ).writer
        }
    }

    deinit { batch.deallocate() }

    /// The core thread, in the receiving namespace: opens the source, tells, and polls until nothing
    /// comes any more.
    func receive(
        by method: CaptureMethod, _ options: CaptureOptions, isReady: DispatchSemaphore,
        _ sentAll: UnsafeMutablePointer<Int32>
    ) {
        do {
            let line = CaptureLine(
                index: 0, name: "wire/A",
                address: MulticastAddress(
                    group: IPAddress(VirtualWire.group)!, port: VirtualWire.port,
                    interface: VirtualWire.receiving))
            let source = try Self.open(line, method, options)
            isOpen = true
            isReady.signal()
            try poll(source, sentAll)
            core.finish()
        } catch {
            failure = error
            if !isOpen { isReady.signal() }
        }
        allocations = output.allocations
        publisher.end()
    }

    private static func open(
        _ line: CaptureLine, _ method: CaptureMethod, _ options: CaptureOptions
    ) throws -> any PacketSource {
        let interface = VirtualWire.receiving
        return switch method {
        case .socket: try SocketSource(line: line, options: options)
        case .uring: try UringSource(lines: [line], options: options)
        case .packet:
            try PacketRingSource(lines: [line], interface: interface, options: options)
        case .xdp: try XDPSource(lines: [line], interface: interface, options: options)
        case .pcap: try PcapSource(lines: [line], interface: interface, options: options)
        }
    }

    private func poll(_ source: any PacketSource, _ sentAll: UnsafeMutablePointer<Int32>) throws {
        var last = reference_now()
        while true {
            let count = try source.poll(into: batch, capacity: Self.batchCapacity)
            for index in 0..<count {
                core.packet(
                    channel: 0, line: 0, captureTime: batch[index].time,
                    timeSource: batch[index].timeSource, payload: batch[index].payload)
            }
            source.release(batch, count: count)
            core.flush()
            let now = reference_now()
            publisher.beat(monotonicNanoseconds: now)
            if count > 0 {
                last = now
            } else if reference_has_sent(sentAll) != 0, now - last > 50_000_000 {
                return
            }
        }
    }

    /// The journal thread.
    func recordJournal() {
        do {
            while true {
                let (goesOn, didWork) = try recorder.step()
                if !goesOn { return }
                if !didWork { usleep(500) }
            }
        } catch {
            failure = error
        }
    }

    func close() throws {
        publisher.unlink()
        if let failure { throw failure }
    }
}
