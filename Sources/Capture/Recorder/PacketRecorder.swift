import CLinux
import Glibc
import Wire

/// What `tapeline record` records.
public struct PacketRecorderOptions: Sendable {
    public var interfaces: [String]
    /// An expression of pcap-filter(7).
    public var filter: String?
    public var isPromiscuous = false
    /// Groups to be a member of on every interface; others are recorded if they arrive anyway.
    public var groups: [IPAddress] = []
    /// Bytes of the kernel's ring for one interface.
    public var ringBytes = 64 << 20
    /// Ask the network card for its own stamps.
    public var wantsHardwareTime = true
    public var recorder: RecorderOptions

    public init(interfaces: [String], recorder: RecorderOptions) {
        self.interfaces = interfaces
        self.recorder = recorder
    }
}

/// Totals of a recording. Once it has ended, and unless it ended by itself,
/// `receivedByFilter = captured + droppedByKernel + droppedByRecorder`.
public struct PacketRecorderTotals: Sendable, Equatable {
    public struct Interface: Sendable, Equatable {
        public var name: String
        public var readings: RecorderReadings
        /// Packets that found the inlet full.
        public var droppedByInlet: UInt64
    }

    public var interfaces: [Interface]
    public var recorder: RecorderStatistics

    public var captured: UInt64 { recorder.packets }
    public var receivedByFilter: UInt64 { sum(\.receivedByFilter) }
    public var droppedByKernel: UInt64 { sum(\.droppedByKernel) }
    public var droppedByInterface: UInt64 {
        interfaces.reduce(0) { $0 + ($1.readings.droppedByInterface ?? 0) }
    }
    public var droppedByRecorder: UInt64 { recorder.droppedByRecorder }

    private func sum(_ reading: KeyPath<RecorderReadings, UInt64>) -> UInt64 {
        interfaces.reduce(0) { $0 + $1.readings[keyPath: reading] }
    }
}

/// Records all frames of some interfaces: a capture thread for each, one writer for all.
public final class PacketRecorder {
    public let recorder: FrameRecorder
    private let recordings: [InterfaceRecording]
    private let inlets: [RecorderInlet]
    private var memberships: [Int32] = []

    /// Opens the interfaces. Throws `CaptureError` and `RecorderError`.
    public init(
        options: PacketRecorderOptions, onAlarm: @escaping @Sendable (String) -> Void
    ) throws {
        guard !options.interfaces.isEmpty,
            Set(options.interfaces).count == options.interfaces.count
        else { throw RecorderError.options(problem: "interfaces: at least one, each once") }
        let recorder = try FrameRecorder(options: options.recorder, onAlarm: onAlarm)
        let recordings = try options.interfaces.map {
            try InterfaceRecording(interface: $0, options: options, onAlarm: onAlarm)
        }
        if Set(recordings.map(\.linkType)).count > 1 {
            onAlarm("the interfaces have different link types: tcpdump cannot read such a file")
        }
        self.recorder = recorder
        self.recordings = recordings
        inlets = recordings.map { recording in
            recorder.makeInlet(
                interface: recording.interface, linkType: recording.linkType,
                filter: options.filter, readings: { _ in recording.readings() })
        }
        for interface in options.interfaces {
            for group in options.groups {
                memberships.append(try Self.join(group, interface))
            }
        }
    }

    deinit { for descriptor in memberships { close(descriptor) } }

    /// A socket for each membership, since Linux allows twenty a socket.
    private static func join(_ group: IPAddress, _ interface: String) throws(CaptureError) -> Int32
    {
        func failure(_ problem: String, _ remedy: String) -> CaptureError {
            .unavailable(
                method: .packet, place: interface, problem: "join \(group): \(problem)",
                remedy: remedy)
        }
        guard group.isMulticast else {
            throw failure("no multicast group", "use 224.0.0.0/4 or ff00::/8")
        }
        let bytes = withUnsafeBytes(of: (group.high.bigEndian, group.low.bigEndian)) {
            [UInt8]($0)
        }
        let address = group.isV4 ? Array(bytes[12...]) : bytes
        let descriptor = clinux_record_join(if_nametoindex(interface), address, address.count)
        guard descriptor >= 0 else {
            throw failure(String(cString: strerror(errno)), "see the manual page ip(7)")
        }
        return descriptor
    }

    /// Opens the first file and begins.
    public func start() throws(RecorderError) {
        try recorder.start()
        for (recording, inlet) in zip(recordings, inlets) { recording.start(into: inlet) }
    }

    /// True if an autostop or the disk limit has ended the recording.
    public var isDone: Bool { recorder.isDone }

    /// Ends the reception, writes everything that came before, and closes the file.
    public func stop() {
        for recording in recordings { recording.beginStop() }
        for recording in recordings { recording.waitUntilStopped() }
        recorder.stop()
    }

    public var totals: PacketRecorderTotals {
        PacketRecorderTotals(
            interfaces: zip(recordings, inlets).map { recording, inlet in
                PacketRecorderTotals.Interface(
                    name: recording.interface, readings: recording.readings(),
                    droppedByInlet: inlet.dropped)
            },
            recorder: recorder.statistics)
    }
}
