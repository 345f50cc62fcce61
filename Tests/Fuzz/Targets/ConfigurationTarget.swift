import Handler

enum ConfigurationTarget {
    static func run(_ bytes: [UInt8]) {
        // Overrides stand behind the first zero byte.
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let text = String(decoding: parts[0], as: UTF8.self)
        let overrides = parts.count > 1 ? [String(decoding: parts[1], as: UTF8.self)] : []
        do {
            let configuration = try RunConfiguration.parse(
                text, file: "fuzz", overrides: overrides)
            require(!configuration.core.channels.isEmpty)
            require(configuration.tapeLines.count == configuration.lines.count)
            _ = configuration.hash
        } catch {
            require(error is ConfigurationError, "an untyped error: \(error)")
        }
    }

    static func seeds() -> [[UInt8]] {
        let full = """
            day: 2026-03-16
            feeds:
              - protocol: itch50
                venue: XNAS
                channels:
                  - name: itch
                    window: {microseconds: 50000, packets: 100, bytes: 65536}
                    lines:
                      - {name: A, group: 239.192.1.1, port: 26400, interface: lo}
                      - {name: B, group: 239.192.2.1, port: 26401, source: 10.0.0.1}
              - protocol: deep10
                channels:
                  - name: deep
                    transportChannel: 1
                    lines: [{name: F, file: a.pcap, group: 233.1.1.1, port: 1}]
            tape: {name: t, ring: 65536, instruments: 1000, unlink: true}
            books: {orders: 5000, levels: 5000}
            core: {busyPoll: true, lineSilenceMilliseconds: 10, receiveBufferBytes: 65536}
            journal:
              directory: j
              blockAgeMilliseconds: 50
              waitMaxMilliseconds: 100
              segmentBytes: 1_000_000
              segmentMilliseconds: 1000
            """
        let small =
            "feeds: [{protocol: tops16, channels: [{name: a, lines: [{name: b, file: c}]}]}]"
        let alias =
            "x: &a {name: b, file: c}\nfeeds: [{protocol: itch50, channels: [{name: a, lines: [*a]}]}]"
        return [full, small, alias, small + "\0tape.name=x", full + "\0feeds.0.channels.0.name=z"]
            .map { Array($0.utf8) }
    }
}
