import Capture
import Foundation
import Tape
import Ticks
import Wire

/// Where a line of a running handler comes from.
public enum LineSource: Sendable, Equatable {
    case multicast(MulticastAddress)
    /// A capture file: the packets to this destination in it, or all if nil.
    case file(path: String, destination: LineDestination?)
}

extension LineSource {
    /// True if one packet could belong to both.
    func overlaps(_ other: LineSource) -> Bool {
        guard case .multicast(let ours) = self, case .multicast(let theirs) = other else {
            return self == other
        }
        guard ours.group == theirs.group, ours.port == theirs.port, ours.vlan == theirs.vlan,
            ours.interface == theirs.interface || ours.interface == nil || theirs.interface == nil
        else { return false }
        return ours.sources.isEmpty || theirs.sources.isEmpty
            || !Set(ours.sources).isDisjoint(with: theirs.sources)
    }
}

/// A line of the configuration, resolved.
public struct LineConfiguration: Sendable, Equatable {
    public var route: LineRoute
    /// "channel/line", for messages.
    public var name: String
    public var source: LineSource
    /// Of multicast lines.
    public var method = CaptureMethod.socket
    public var trailer = SwitchTrailer.none
}

/// What `tapeline run` does, read from its YAML file.
public struct RunConfiguration: Sendable {
    public var core: CoreConfiguration
    public var lines: [LineConfiguration]
    public var tapeName: String
    public var ringCapacity: Int
    /// Removes the tape's object when the run ends.
    public var unlinksTape: Bool
    public var journal: JournalConfiguration?
    /// Files for a copy of every frame that the live lines' sources take: with AF_XDP only what the
    /// program redirects, which is the lines' packets.
    public var recording: RecorderOptions?
    /// Never sleeps: the core thread takes a whole processor.
    public var isBusyPolling: Bool
    public var capture: CaptureConfiguration
    public var threads: ThreadsConfiguration
    /// Capture files are read at this multiple of their own pace; nil for as fast as possible.
    public var fileSpeed: Double?

    public struct JournalConfiguration: Sendable, Equatable {
        public var directory: String
        public var blockAgeNanosecondsMax: UInt64
        public var waitNanosecondsMax: UInt64
        public var segmentBytesMax: UInt64
        public var segmentNanosecondsMax: UInt64
    }

    public var tapeLines: [TapeLine] {
        core.channels.enumerated().flatMap { index, channel in
            channel.lines.enumerated().map { line, name in
                TapeLine(channel: UInt16(index), id: UInt8(line), name: name)
            }
        }
    }

    /// A number that changes with anything in the core's configuration.
    public var hash: UInt64 {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let bytes = (try? encoder.encode(core)) ?? Data()
        // FNV-1a, 64 bits.
        return bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
