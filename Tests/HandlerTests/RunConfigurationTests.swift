import Capture
import Testing
import Wire

@testable import Handler

@Suite struct RunConfigurationTests {
    static let whole = """
        day: 2026-03-16
        feeds:
          - protocol: itch50
            channels:
              - name: itch
                window: {microseconds: 2500, packets: 64, bytes: 131072}
                lines:
                  - {name: A, group: 239.192.1.1, port: 26400, interface: lo}
                  - {name: B, file: b.pcap, group: 239.192.2.1, port: 26401}
        tape: {name: t, ring: 4096, instruments: 100}
        journal: {directory: /tmp/j, blockAgeMilliseconds: 20, waitMaxMilliseconds: 70}
        books: {orders: 2048, levels: 4096}
        core: {busyPoll: true}
        """

    @Test func everyValueArrives() throws {
        let configuration = try RunConfiguration.parse(Self.whole, file: "c.yaml")
        let channel = try #require(configuration.core.channels.first)
        #expect(channel.name == "itch" && channel.feedProtocol == .itch50)
        #expect(channel.venue == "XNAS" && channel.lines == ["A", "B"])
        #expect(channel.windowNanoseconds == 2_500_000)
        #expect(channel.windowPackets == 64 && channel.windowBytes == 131_072)
        #expect(configuration.core.tradingDay == "2026-03-16")
        #expect(configuration.core.instrumentCapacity == 100)
        #expect(configuration.core.orderCapacity == 2048)
        #expect(configuration.core.levelCapacity == 4096)
        #expect(configuration.tapeName == "t" && configuration.ringCapacity == 4096)
        #expect(configuration.journal?.blockAgeNanosecondsMax == 20_000_000)
        #expect(configuration.journal?.waitNanosecondsMax == 70_000_000)
        #expect(configuration.isBusyPolling)
        #expect(
            configuration.lines[0].source
                == .multicast(
                    MulticastAddress(
                        group: try #require(IPAddress("239.192.1.1")), port: 26_400,
                        interface: "lo")))
        #expect(
            configuration.lines[1].source
                == .file(
                    path: "b.pcap",
                    destination: LineDestination(group: "239.192.2.1", port: 26_401)))
    }

    /// What is wrong, with what it is replaced by, and where and how it is reported.
    @Test(arguments: [
        ("core: {busyPoll: true}", "core: {busypoll: true}", "13:8", "unknown key core.busypoll"),
        ("ring: 4096", "ring: 5000", "10:23", "power of two"),
        ("ring: 4096", "ring: many", "10:23", "whole number"),
        ("busyPoll: true", "busyPoll: yes", "13:18", "true or false"),
        ("protocol: itch50", "protocol: itch51", "3:", "known are itch50"),
        ("protocol: itch50", "protocol: mdp3-tcp", "3:", "only tapeline dissect reads"),
        ("name: B, file", "name: A, file", "9:", "exists already"),
        ("group: 239.192.1.1", "group: 239.192.1", "8:", "is no address"),
        ("port: 26400", "port: 0", "8:", "from 1 to 65535"),
        ("group: 239.192.1.1", "group: 10.1.1.1", "8:", "is no multicast group"),
        ("interface: lo", "source: ff02::1", "8:", "is no IPv4 address"),
        (", interface: lo}", ", capture: xdp}", "8:", "capture by xdp needs it"),
        (", interface: lo}", ", capture: dpdk}", "8:", "known are socket, uring, packet, xdp"),
        (", interface: lo}", ", vlan: 7}", "8:", "sees no tags"),
        (", interface: lo}", ", trailer: metawatch}", "8:", "sees no trailers"),
        ("core: {", "capture: {queues: [1, 1]}\ncore: {", "13:", "each queue once"),
        ("core: {", "capture: {frameBytes: 3000}\ncore: {", "13:", "power of two"),
        ("day: 2026-03-16", "day: 2026-02-30", "1:", "day"),
        ("tape: {name: t,", "tape: {name: t, name: u,", "10:", "twice"),
        (", interface: lo}", ", interface: lo, speed: 3}", "8:", "unknown key"),
        ("{directory: /tmp/j, ", "{", "11:10", "journal.directory is missing"),
        ("core: {", "record: {name: x}\ncore: {", "13:", "record.directory is missing"),
        ("core: {", "record: {directory: /r, file: 1}\ncore: {", "13:", "unknown key record.file"),
        ("core: {", "record: {directory: /r, files: 2}\ncore: {", "13:", "needs a duration"),
        ("core: {", "record: {directory: /r, zstdLevel: 20}\ncore: {", "13:", "from -7 to 19"),
        ("core: {", "record: {directory: /r, name: a/b}\ncore: {", "13:", "plain file name"),
    ])
    func errorsNameTheirPlace(
        good: String, bad: String, place: String, message: String
    ) throws {
        try #require(Self.whole.contains(good))
        let text = Self.whole.replacing(good, with: bad)
        let error = #expect(throws: ConfigurationError.self) {
            try RunConfiguration.parse(text, file: "c.yaml")
        }
        let description = error?.description ?? ""
        #expect(description.contains(message), "\(description)")
        #expect(description.hasPrefix("c.yaml:\(place)"), "\(description)")
    }

    @Test func theSameSourceTwiceIsAnError() throws {
        let text = Self.whole.replacing(
            "{name: B, file: b.pcap, group: 239.192.2.1, port: 26401}",
            with: "{name: B, group: 239.192.1.1, port: 26400, interface: lo}")
        let error = #expect(throws: ConfigurationError.self) {
            try RunConfiguration.parse(text, file: "c.yaml")
        }
        #expect(error?.description.contains("has the same source already") == true)
    }

    /// Lines may share a group and port only where no packet could belong to both.
    @Test(arguments: [
        ("interface: lo, source: 10.0.0.1", "interface: lo, sources: [10.0.0.2, 10.0.0.1]", false),
        ("interface: lo, source: 10.0.0.1", "interface: lo, source: 10.0.0.2", true),
        ("interface: lo", "interface: eth1", true), ("interface: lo", "port: 26400", false),
    ])
    func linesOnOneGroup(first: String, second: String, isAllowed: Bool) throws {
        let text = Self.whole.replacing("interface: lo", with: first).replacing(
            "{name: B, file: b.pcap, group: 239.192.2.1, port: 26401}",
            with: "{name: B, group: 239.192.1.1, "
                + (second.hasPrefix("port") ? second : "port: 26400, " + second) + "}")
        guard isAllowed else {
            let error = #expect(throws: ConfigurationError.self) {
                try RunConfiguration.parse(text, file: "c.yaml")
            }
            #expect(error?.description.contains("has the same source already") == true)
            return
        }
        #expect(try RunConfiguration.parse(text, file: "c.yaml").lines.count == 2)
    }

    @Test func captureIsReadWhole() throws {
        let text =
            Self.whole.replacing("interface: lo}", with: "interface: lo, capture: pcap, vlan: 9}")
                + """

                capture:
                  method: uring
                  threads: true
                  frameRing: 128
                  receiveBufferBytes: 65536
                  busyPollMicroseconds: 20
                  ringBytes: 1048576
                  fanout: 2
                  queues: [0, 3]
                  frames: 256
                  frameBytes: 4096
                  zeroCopy: require
                  hugePages: true
                  hardwareTime: false
                  pcapFilter: udp
                """
        let configuration = try RunConfiguration.parse(text, file: "c.yaml")
        var options = CaptureOptions()
        options.receiveBufferBytes = 65_536
        options.busyPollMicroseconds = 20
        options.ringBytes = 1 << 20
        options.fanoutCount = 2
        options.queues = [0, 3]
        options.frameCount = 256
        options.frameBytes = 4096
        options.zeroCopy = .require
        options.usesHugePages = true
        options.wantsHardwareTime = false
        options.pcapFilter = "udp"
        #expect(configuration.capture.options == options)
        #expect(configuration.capture.method == .uring && configuration.capture.usesThreads)
        #expect(configuration.capture.frameRingCapacity == 128)
        #expect(configuration.lines[0].method == .pcap)
        guard case .multicast(let address) = configuration.lines[0].source else {
            Issue.record("line A is no multicast line")
            return
        }
        #expect(address.vlan == 9)
    }

    @Test func recordingIsReadWhole() throws {
        let text =
            Self.whole + """

                record:
                  directory: /tmp/r
                  name: "%N_%i.pcapng"
                  durationSeconds: 60
                  intervalSeconds: 3600
                  fileBytes: 1000000
                  filePackets: 5000
                  files: 7
                  diskLimitBytes: 9000000
                  zstdLevel: -3
                  snapshotLength: 128
                  ringBytes: 131072
                  comment: rack 3
                """
        let options = try #require(try RunConfiguration.parse(text, file: "c.yaml").recording)
        #expect(options.directory == "/tmp/r" && options.namePattern == "%N_%i.pcapng")
        var rotation = RecorderOptions.Rotation()
        rotation.seconds = 60
        rotation.intervalSeconds = 3600
        rotation.bytes = 1_000_000
        rotation.packets = 5000
        rotation.keptFiles = 7
        #expect(options.rotation == rotation)
        #expect(options.diskLimitBytes == 9_000_000 && options.zstdLevel == -3)
        #expect(options.snapLength == 128 && options.inletBytes == 131_072)
        #expect(options.comment == "rack 3")
        #expect(try RunConfiguration.parse(Self.whole, file: "c.yaml").recording == nil)
    }

    /// Files are recordings already.
    @Test func recordingNeedsALiveLine() throws {
        let text = Self.whole.replacing(
            "group: 239.192.1.1, port: 26400, interface: lo", with: "file: a.pcap")
        let error = #expect(throws: ConfigurationError.self) {
            try RunConfiguration.parse(text + "\nrecord: {directory: /r}", file: "c.yaml")
        }
        #expect(error?.description.contains("no line comes from the network") == true)
    }

    @Test func overridesWin() throws {
        let configuration = try RunConfiguration.parse(
            Self.whole, file: "c.yaml",
            overrides: [
                "journal.directory=/data/j", "tape.ring=8192",
                "feeds.0.channels.0.lines.0.port=1234",
            ])
        #expect(configuration.journal?.directory == "/data/j")
        #expect(configuration.ringCapacity == 8192)
        guard case .multicast(let address) = configuration.lines[0].source else {
            Issue.record("line A is no multicast line")
            return
        }
        #expect(address.port == 1234)
    }

    @Test(arguments: ["tape.ring", "feeds.7.protocol=itch50", "=3"])
    func overridesThatGoNowhereAreErrors(override: String) {
        #expect(throws: ConfigurationError.self) {
            try RunConfiguration.parse(Self.whole, file: "c.yaml", overrides: [override])
        }
    }

    @Test(arguments: ["", "[]", "feeds: []", "feeds: 3", "a: [", "? {}\n: 1", "\u{0}", "&a [*a]"])
    func damagedFilesAreErrors(text: String) {
        #expect(throws: ConfigurationError.self) {
            try RunConfiguration.parse(text, file: "c.yaml")
        }
    }

    @Test func theHashFollowsTheCore() throws {
        let one = try RunConfiguration.parse(Self.whole, file: "c.yaml")
        let same = try RunConfiguration.parse(
            Self.whole.replacing("name: t,", with: "name: u,"), file: "c.yaml")
        let other = try RunConfiguration.parse(
            Self.whole.replacing("2500", with: "2501"), file: "c.yaml")
        #expect(one.hash == same.hash)
        #expect(one.hash != other.hash)
    }
}
