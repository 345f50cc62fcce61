import CLinux
import Glibc

/// What a network interface has dropped since this was made: sysfs and `ethtool` statistics.
///
/// The readings of `read()` are disjoint, so that their sum is "dropped by interface". The kernel
/// defines (linux/if_link.h, rtnl_link_stats64): `rx_dropped` leaves out what `rx_missed_errors`
/// counts (no buffer in the host); `rx_errors` contains length, CRC and frame errors; `rx_nohandler`
/// is apart. Whether FIFO overruns are also in the others depends on the driver: of
/// `rx_over_errors` and `rx_fifo_errors`, which mean the same, only what is beyond
/// `rx_missed_errors` and `rx_errors` together is added. Drivers' own counters mostly repeat these
/// per queue (the `rx_queue_0_drops` of a veth is in its `rx_dropped`) or count what a program
/// dropped on purpose (`xdp_drops`): they are `details()`. Only those in `disjointNames` are added.
///
/// What a full backlog (`net.core.netdev_max_backlog`) drops is in `rx_dropped` too (kernel,
/// `enqueue_to_backlog`). `rx_dropped` also counts frames of protocols that nobody listens to, such as
/// LLDP: it may move without a loss. What a veth drops because its ring is full is only in the
/// `tx_dropped` of the sending end (kernel, `veth_xmit`), which is not ours to see.
public final class InterfaceStatistics {
    /// Counters of drivers that no counter of sysfs contains: the port buffer of mlx5 cards, whose
    /// `rx_missed_errors` is `rx_out_of_buffer` alone (kernel documentation, mlx5 counters).
    static let disjointNames: Set<String> = ["rx_discards_phy"]

    private static let totals = ["rx_dropped", "rx_missed_errors", "rx_errors", "rx_nohandler"]
    private static let overruns = ["rx_over_errors", "rx_fifo_errors"]
    private static let parts = [
        "rx_over_errors", "rx_fifo_errors", "rx_crc_errors", "rx_length_errors",
        "rx_frame_errors",
    ]

    /// One counter as it was seen last, and how far it has moved.
    private struct Course {
        var last: UInt64
        var moved: UInt64 = 0

        /// A counter that is lower than before began anew: the driver was reset, or the interface was
        /// removed and made again.
        mutating func follow(_ value: UInt64) {
            moved &+= value >= last ? value - last : value
            last = value
        }
    }

    private let interface: String
    private let lines: [UInt16]
    private let tree: HostTree
    private let driverStatistics: () -> [(name: String, value: UInt64)]
    private var courses: [String: Course] = [:]
    private var isOpen = false

    /// Counts from now on. An interface that is not there yet counts from 0 once it is.
    public convenience init(interface: String, lines: [UInt16]) {
        self.init(interface: interface, lines: lines, tree: HostTree()) {
            Self.driverStatistics(of: interface)
        }
    }

    init(
        interface: String, lines: [UInt16], tree: HostTree,
        driverStatistics: @escaping () -> [(name: String, value: UInt64)]
    ) {
        self.interface = interface
        self.lines = lines
        self.tree = tree
        self.driverStatistics = driverStatistics
        look()
        isOpen = true
    }

    /// What moved since the opening, each packet in one reading at most. An interface that is gone
    /// keeps its last readings. Opens files and a socket: for the control thread.
    public func read() -> [DropReading] {
        look()
        var readings = Self.totals.compactMap { reading($0, label: $0) }
        let overrun = Self.overruns.map { moved($0) }.max() ?? 0
        let counted = moved("rx_missed_errors") &+ moved("rx_errors")
        if overrun > counted {
            readings.append(
                reading("rx_fifo_errors beyond rx_missed_errors and rx_errors", overrun - counted))
        }
        readings += Self.disjointNames.sorted().compactMap {
            reading("ethtool \($0)", label: "ethtool \($0)")
        }
        return readings
    }

    /// What moved of the counters that say more about the readings of `read()`: parts of them, and the
    /// driver's own. As of the last `read()`, and never to be added to it.
    public func details() -> [DropReading] {
        let driver = courses.keys.filter { name in
            name.hasPrefix("ethtool ") && !Self.disjointNames.contains(String(name.dropFirst(8)))
        }
        return (Self.parts + driver.sorted()).compactMap { reading($0, label: $0) }
    }

    private func moved(_ name: String) -> UInt64 {
        courses[name]?.moved ?? 0
    }

    private func reading(_ name: String, label: String) -> DropReading? {
        let value = moved(name)
        return value == 0 ? nil : reading(label, value)
    }

    private func reading(_ label: String, _ value: UInt64) -> DropReading {
        DropReading(
            place: .interface, counter: "\(label) of \(interface)", lines: lines, value: value)
    }

    private func look() {
        for name in Set(Self.totals + Self.parts) {
            let text = tree.line("sys/class/net/\(interface)/statistics/\(name)")
            if let value = text.flatMap({ UInt64($0) }) { follow(name, value) }
        }
        for (name, value) in driverStatistics() where Self.isReceiveLoss(name) {
            follow("ethtool \(name)", value)
        }
    }

    /// A counter that was not there at the opening began at 0.
    private func follow(_ name: String, _ value: UInt64) {
        if courses[name] == nil { courses[name] = Course(last: isOpen ? 0 : value) }
        courses[name]?.follow(value)
    }

    /// Whether a driver's counter tells of received packets that were lost, by its name.
    static func isReceiveLoss(_ name: String) -> Bool {
        let name = name.lowercased()
        guard !name.hasPrefix("tx"), !name.contains("_tx"), !name.contains(".tx") else {
            return false
        }
        let words = ["drop", "miss", "discard", "err", "no_buf", "nobuf", "out_of_buffer", "fifo"]
        return name.contains("rx") && words.contains { name.contains($0) }
            || name.hasPrefix("port.") && words.contains { name.contains($0) }
    }

    static func driverStatistics(of interface: String) -> [(name: String, value: UInt64)] {
        var list: UnsafeMutablePointer<clinux_ethtool_statistic>?
        let count = Int(clinux_ethtool_statistics(interface, &list))
        defer { free(list) }
        guard count > 0, let list else { return [] }
        return (0..<count).map { index in
            let name = withUnsafeBytes(of: list[index].name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            return (name, list[index].value)
        }
    }
}
