import Glibc
import Wire

/// The groups that this host is in, per interface: `/proc/net/igmp` and `/proc/net/igmp6`.
///
/// The files are opened once, and show the network namespace of the thread that opened them.
struct MembershipTable: ~Copyable {
    struct Entry: Hashable {
        var interface: UInt32
        var group: IPAddress
    }

    private let v4: Int32
    private let v6: Int32
    /// More than any host has; what is beyond it would be taken for missing.
    private static let bytesMax = 16 << 20

    init() {
        v4 = open("/proc/thread-self/net/igmp", O_RDONLY | O_CLOEXEC)
        v6 = open("/proc/thread-self/net/igmp6", O_RDONLY | O_CLOEXEC)
    }

    deinit {
        if v4 >= 0 { close(v4) }
        if v6 >= 0 { close(v6) }
    }

    /// Groups of one family; nil where the system does not tell them.
    func entries(v6 isV6: Bool) -> Set<Entry>? {
        guard let text = Self.read(isV6 ? v6 : v4) else { return nil }
        return isV6 ? Self.parseV6(text) : Self.parseV4(text)
    }

    private static func read(_ descriptor: Int32) -> String? {
        guard descriptor >= 0, lseek(descriptor, 0, SEEK_SET) == 0 else { return nil }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count < bytesMax {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0 { return nil }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A line with index and name begins an interface; its groups follow, indented, as the address's
    /// four bytes read as a number of this host.
    static func parseV4(_ text: String) -> Set<Entry> {
        var entries: Set<Entry> = []
        var interface: UInt32 = 0
        for line in text.split(separator: "\n").dropFirst() {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard let first = words.first else { continue }
            if line.first != "\t" {
                interface = UInt32(first) ?? 0
            } else if let number = UInt32(first, radix: 16) {
                entries.insert(
                    Entry(interface: interface, group: IPAddress(v4: UInt32(bigEndian: number))))
            }
        }
        return entries
    }

    /// Each line: index, name, address as 32 hexadecimal digits, …
    static func parseV6(_ text: String) -> Set<Entry> {
        var entries: Set<Entry> = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 2, let interface = UInt32(words[0]), words[2].utf8.count == 32,
                let high = UInt64(words[2].prefix(16), radix: 16),
                let low = UInt64(words[2].suffix(16), radix: 16)
            else { continue }
            entries.insert(Entry(interface: interface, group: IPAddress(high: high, low: low)))
        }
        return entries
    }
}
