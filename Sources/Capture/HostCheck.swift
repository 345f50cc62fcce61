import CLinux
import Glibc

/// What this host cannot do for low latency, and how to change it.
public enum HostCheck {
    public enum State: String, Sendable, Codable {
        case good
        case poor
        /// The host does not tell.
        case unknown
    }

    public struct Row: Sendable, Equatable {
        public var item: String
        /// As found.
        public var value: String
        public var state: State
        /// How to change it; nil if it is good.
        public var remedy: String?
    }

    /// What a configuration asks of the host; rows come only for what it asks.
    public struct Wish: Sendable, Equatable {
        public var interfaces: [String] = []
        public var methods: Set<CaptureMethod> = []
        /// CPUs that threads are pinned to.
        public var cpus: [Int] = []
        public var wantsHugePages = false
        public var locksMemory = false
        /// Largest SCHED_FIFO priority; nil if no thread has one.
        public var fifoPriority: Int?
        public var wantsHardwareTime = false
        /// Bytes of receive buffer that each socket asks for; 0 for the default.
        public var receiveBufferBytes = 0
        /// Multicast groups, over all interfaces.
        public var groupCount = 0

        public init() {}
    }

    /// Looks at the running host; never fails, and changes nothing.
    public static func run(_ wish: Wish) -> [Row] {
        var settings: [String: clinux_ethtool_settings] = [:]
        for interface in wish.interfaces {
            var one = clinux_ethtool_settings()
            if clinux_ethtool_settings_of(interface, &one) == 0 { settings[interface] = one }
        }
        var maximumError: Int64 = 0
        let clock = clinux_clock_synchronised(&maximumError)
        return run(
            wish,
            host: HostFacts(
                tree: HostTree(), settings: settings,
                isClockSynchronised: clock < 0 ? nil : clock == 1,
                maximumClockErrorMicroseconds: maximumError))
    }

    static func run(_ wish: Wish, host: HostFacts) -> [Row] {
        var rows = HostRows(wish: wish, host: host)
        rows.addSystem()
        rows.addProcessors()
        rows.addMemory()
        rows.addPrivileges()
        for interface in wish.interfaces { rows.addInterface(interface) }
        return rows.rows
    }
}

/// The host as a check sees it; tests make one up.
struct HostFacts {
    var tree: HostTree
    /// By interface.
    var settings: [String: clinux_ethtool_settings] = [:]
    var isClockSynchronised: Bool?
    var maximumClockErrorMicroseconds: Int64 = 0
}

/// CPU and IRQ lists as the kernel writes them: "0-3,8".
struct CPUList: Equatable {
    var cpus: Set<Int> = []

    init(_ text: String) {
        for part in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last, last < 1 << 16 else {
                continue
            }
            cpus.formUnion(first...last)
        }
    }
}

/// The rows of one check.
struct HostRows {
    let wish: HostCheck.Wish
    let host: HostFacts
    private(set) var rows: [HostCheck.Row] = []

    var tree: HostTree { host.tree }

    init(wish: HostCheck.Wish, host: HostFacts) {
        self.wish = wish
        self.host = host
    }

    /// `isGood` nil for what the host does not tell.
    mutating func add(_ item: String, _ value: String?, isGood: Bool?, remedy: String) {
        let state: HostCheck.State
        switch value == nil ? nil : isGood {
        case true?: state = .good
        case false?: state = .poor
        case nil: state = .unknown
        }
        rows.append(
            HostCheck.Row(
                item: item, value: value ?? "not told", state: state,
                remedy: state == .good ? nil : remedy))
    }

    /// The name in brackets of a file such as "always [madvise] never".
    func choice(_ path: String) -> String? {
        tree.line(path)?.split(separator: " ").first { $0.hasPrefix("[") }
            .map { String($0.dropFirst().dropLast()) }
    }

    func sysctl(_ name: String) -> Int? {
        tree.number("proc/sys/" + name.split(separator: ".").joined(separator: "/"))
    }

    // MARK: Kernel and clocks

    mutating func addSystem() {
        let release = tree.line("proc/sys/kernel/osrelease")
        let numbers = (release ?? "").split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        // io_uring's multishot receive came with 6.0 (io_uring_prep_recv_multishot(3)).
        let oldest = wish.methods.contains(.uring) ? [6, 0] : [5, 10]
        let isRecent = numbers.count == 2 ? !numbers.lexicographicallyPrecedes(oldest) : nil
        add(
            "kernel", release, isGood: isRecent,
            remedy: "install Linux \(oldest[0]).\(oldest[1]) or newer")
        let source = tree.line("sys/devices/system/clocksource/clocksource0/current_clocksource")
        add(
            "clock source", source, isGood: source == "tsc",
            remedy: "boot with clocksource=tsc tsc=reliable if the processor's TSC is invariant")
        let clock = host.isClockSynchronised.map { isSynchronised in
            isSynchronised
                ? "synchronised, error up to \(host.maximumClockErrorMicroseconds) µs"
                : "not synchronised"
        }
        add(
            "wall clock", clock, isGood: host.isClockSynchronised,
            remedy: "run chrony, or ptp4l with phc2sys")
        if wish.methods.contains(.uring) {
            let value = sysctl("kernel.io_uring_disabled")
            // Kernels before 6.6 have no such switch.
            add(
                "io_uring", value.map { "kernel.io_uring_disabled = \($0)" } ?? "allowed",
                isGood: (value ?? 0) == 0, remedy: "sysctl -w kernel.io_uring_disabled=0")
        }
        if wish.methods.contains(.xdp) || wish.methods.contains(.packet) {
            let value = sysctl("net.core.bpf_jit_enable")
            add(
                "BPF compiler", value.map { "net.core.bpf_jit_enable = \($0)" },
                isGood: value.map { $0 > 0 }, remedy: "sysctl -w net.core.bpf_jit_enable=1")
        }
    }

    // MARK: Memory

    mutating func addMemory() {
        if wish.wantsHugePages {
            let free = tree.entry("HugePages_Free", of: "proc/meminfo")
            add(
                "huge pages", free.map { "\($0) free" }, isGood: free.map { $0 > 0 },
                remedy: "sysctl -w vm.nr_hugepages=256")
        }
        let transparent = choice("sys/kernel/mm/transparent_hugepage/enabled")
        add(
            "transparent huge pages", transparent, isGood: transparent.map { $0 != "always" },
            remedy: "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled")
        if wish.receiveBufferBytes > 0,
            wish.methods.contains(.socket) || wish.methods.contains(.uring)
        {
            let limit = sysctl("net.core.rmem_max")
            // SO_RCVBUFFORCE goes beyond it with CAP_NET_ADMIN (socket(7)).
            let isEnough = limit.map { $0 >= wish.receiveBufferBytes || has(.netAdmin) }
            add(
                "socket buffers", limit.map { "net.core.rmem_max = \($0)" }, isGood: isEnough,
                remedy: "sysctl -w net.core.rmem_max=\(wish.receiveBufferBytes)")
        }
        if !wish.methods.isDisjoint(with: [.socket, .uring, .packet, .pcap]) {
            let backlog = sysctl("net.core.netdev_max_backlog")
            add(
                "backlog", backlog.map { "net.core.netdev_max_backlog = \($0)" },
                isGood: backlog.map { $0 >= 1000 },
                remedy: "sysctl -w net.core.netdev_max_backlog=10000")
        }
        // Memberships of one socket (ip(7)): sources with more groups use more sockets.
        if wish.groupCount > 0, let limit = sysctl("net.ipv4.igmp_max_memberships") {
            add(
                "multicast groups of a socket", "net.ipv4.igmp_max_memberships = \(limit)",
                isGood: limit >= min(wish.groupCount, 20),
                remedy: "sysctl -w net.ipv4.igmp_max_memberships=20")
        }
    }
}
