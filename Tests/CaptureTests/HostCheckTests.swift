import CLinux
import Testing

@testable import Capture

@Suite struct HostCheckTests {
    private let tree: MadeUpTree

    init() throws {
        tree = try MadeUpTree()
    }

    private func rows(
        _ wish: HostCheck.Wish, settings: [String: clinux_ethtool_settings] = [:],
        isClockSynchronised: Bool? = true
    ) -> [String: HostCheck.Row] {
        let host = HostFacts(
            tree: tree.tree, settings: settings, isClockSynchronised: isClockSynchronised,
            maximumClockErrorMicroseconds: 12)
        let rows = HostCheck.run(wish, host: host)
        for row in rows { #expect((row.remedy == nil) == (row.state == .good)) }
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.item, $0) })
    }

    private func state(_ item: String, _ wish: HostCheck.Wish) -> HostCheck.State? {
        rows(wish)[item]?.state
    }

    @Test func plainSocketsAskForLittle() {
        var wish = HostCheck.Wish()
        wish.methods = [.socket]
        #expect(
            Set(rows(wish).keys) == [
                "kernel", "clock source", "wall clock", "transparent huge pages", "backlog",
            ])
    }

    @Test func emptyHostTellsNothing() {
        var wish = HostCheck.Wish()
        wish.methods = [.socket, .packet]
        wish.cpus = [1]
        wish.wantsHugePages = true
        wish.locksMemory = true
        wish.fifoPriority = 50
        wish.receiveBufferBytes = 1
        let rows = rows(wish, isClockSynchronised: nil)
        #expect(rows["CPU 1"]?.state == .poor)
        for (item, row) in rows where item != "CPU 1" {
            #expect(row.state == .unknown, "\(item)")
        }
    }

    @Test func kernelAndClocks() throws {
        var wish = HostCheck.Wish()
        try tree.write("6.1.0-18-amd64\n", to: "proc/sys/kernel/osrelease")
        try tree.write(
            "kvm-clock\n", to: "sys/devices/system/clocksource/clocksource0/current_clocksource")
        #expect(state("kernel", wish) == .good)
        #expect(state("clock source", wish) == .poor)
        #expect(rows(wish)["wall clock"]?.value == "synchronised, error up to 12 µs")
        #expect(rows(wish, isClockSynchronised: false)["wall clock"]?.state == .poor)
        try tree.write("5.15.0\n", to: "proc/sys/kernel/osrelease")
        #expect(state("kernel", wish) == .good)
        wish.methods = [.uring]
        #expect(state("kernel", wish) == .poor)
        #expect(state("io_uring", wish) == .good)
        try tree.write("2\n", to: "proc/sys/kernel/io_uring_disabled")
        #expect(state("io_uring", wish) == .poor)
    }

    @Test func processors() throws {
        var wish = HostCheck.Wish()
        wish.cpus = [2, 3]
        let cpu = "sys/devices/system/cpu"
        try tree.write("2-3\n", to: "\(cpu)/isolated")
        try tree.write("(null)\n", to: "\(cpu)/nohz_full")
        try tree.write("root=/dev/vda rcu_nocbs=1-7 quiet\n", to: "proc/cmdline")
        try tree.write("intel_idle\n", to: "\(cpu)/cpuidle/current_driver")
        try tree.write("9\n", to: "sys/module/intel_idle/parameters/max_cstate")
        try tree.write("performance\n", to: "\(cpu)/cpu2/cpufreq/scaling_governor")
        try tree.write("powersave\n", to: "\(cpu)/cpu3/cpufreq/scaling_governor")
        try tree.write("2,6\n", to: "\(cpu)/cpu2/topology/thread_siblings_list")
        try tree.write("3\n", to: "\(cpu)/cpu3/topology/thread_siblings_list")
        try tree.write("irqbalance\n", to: "proc/812/comm")
        let found = rows(wish)
        #expect(found["isolated CPUs"]?.state == .good)
        #expect(found["tickless CPUs"]?.remedy == "boot with nohz_full=2,3")
        #expect(found["tickless CPUs"]?.value == "none")
        #expect(found["CPUs without RCU callbacks"]?.state == .good)
        #expect(found["idle states"]?.value == "intel_idle, deepest C9")
        #expect(found["idle states"]?.state == .poor)
        #expect(found["frequency of CPU 2"]?.state == .good)
        #expect(found["frequency of CPU 3"]?.state == .poor)
        #expect(found["SMT of CPU 2"]?.value == "shares its core with CPU 6")
        #expect(found["SMT of CPU 3"] == nil)
        #expect(found["irqbalance"]?.state == .poor)
    }

    @Test func privileges() throws {
        var wish = HostCheck.Wish()
        wish.methods = [.xdp]
        wish.locksMemory = true
        wish.fifoPriority = 50
        let limits = """
            Limit                     Soft Limit           Hard Limit           Units
            Max locked memory         8388608              8388608              bytes
            Max realtime priority     60                   60

            """
        try tree.write(limits, to: "proc/self/limits")
        // CAP_NET_RAW alone.
        try tree.write("Name:\tx\nCapEff:\t0000000000002000\n", to: "proc/self/status")
        try tree.write("950000\n", to: "proc/sys/kernel/sched_rt_runtime_us")
        let some = rows(wish)
        #expect(some["CAP_NET_RAW"]?.state == .good)
        #expect(
            some["CAP_BPF"]?.remedy == "setcap cap_bpf+ep on the program, or run as root")
        #expect(some["CAP_NET_ADMIN"]?.state == .poor)
        #expect(some["locked memory"]?.state == .poor)
        #expect(some["real-time priority"]?.state == .good)
        #expect(some["real-time throttling"]?.state == .poor)
        try tree.write("CapEff:\t000001ffffffffff\n", to: "proc/self/status")
        let all = rows(wish)
        for item in ["CAP_NET_RAW", "CAP_BPF", "CAP_NET_ADMIN", "locked memory"] {
            #expect(all[item]?.state == .good, "\(item)")
        }
    }

    @Test func interface() throws {
        var wish = HostCheck.Wish()
        wish.interfaces = ["eth7", "eth9"]
        wish.methods = [.socket]
        wish.cpus = [3]
        wish.wantsHardwareTime = true
        try tree.write("1500\n", to: "sys/class/net/eth7/mtu")
        try tree.write("0\n", to: "proc/sys/net/ipv4/conf/eth7/rp_filter")
        try tree.write("2\n", to: "proc/sys/net/ipv4/conf/all/rp_filter")
        let interrupts = """
                       CPU0       CPU1
             24:          1          0   PCI-MSI 512-edge      eth7-TxRx-0
             25:          1          0   PCI-MSI 513-edge      eth77-TxRx-0
            NMI:          0          0   Non-maskable interrupts

            """
        try tree.write(interrupts, to: "proc/interrupts")
        try tree.write("", to: "sys/class/net/eth7/device/msi_irqs/26")
        try tree.write("0-7\n", to: "proc/irq/24/smp_affinity_list")
        try tree.write("1\n", to: "proc/irq/24/effective_affinity_list")
        try tree.write("3\n", to: "proc/irq/25/smp_affinity_list")
        try tree.write("2-4\n", to: "proc/irq/26/smp_affinity_list")
        var settings = clinux_ethtool_settings()
        settings.has_rings = 1
        settings.receive_ring = 256
        settings.receive_ring_maximum = 4096
        settings.has_coalescing = 1
        settings.has_offloads = 1
        settings.generic_receive_offload = 1
        settings.has_stamping = 1
        settings.clock = -1
        let found = rows(wish, settings: ["eth7": settings])
        #expect(found["interface eth9"]?.state == .poor)
        #expect(found["reverse-path filter of eth7"]?.value == "rp_filter = 2")
        #expect(found["reverse-path filter of eth7"]?.state == .poor)
        #expect(found["interrupts of eth7"]?.value == "IRQ 26 on CPUs of pinned threads")
        #expect(found["receive ring of eth7"]?.remedy == "ethtool -G eth7 rx 4096")
        #expect(found["interrupt delay of eth7"]?.state == .good)
        #expect(found["packets merged by eth7"]?.remedy == "ethtool -K eth7 gro off")
        #expect(found["MTU of eth7"]?.state == .good)
        #expect(found["hardware time stamps of eth7"]?.state == .poor)
    }

    @Test func memoryAndBuffers() throws {
        var wish = HostCheck.Wish()
        wish.methods = [.socket]
        wish.wantsHugePages = true
        wish.receiveBufferBytes = 1 << 24
        wish.groupCount = 25
        try tree.write("MemFree: 5 kB\nHugePages_Free:       0\n", to: "proc/meminfo")
        try tree.write(
            "[always] madvise never\n", to: "sys/kernel/mm/transparent_hugepage/enabled")
        try tree.write("212992\n", to: "proc/sys/net/core/rmem_max")
        try tree.write("20\n", to: "proc/sys/net/ipv4/igmp_max_memberships")
        let found = rows(wish)
        #expect(found["huge pages"]?.value == "0 free")
        #expect(found["huge pages"]?.state == .poor)
        #expect(found["transparent huge pages"]?.state == .poor)
        #expect(found["socket buffers"]?.remedy == "sysctl -w net.core.rmem_max=16777216")
        #expect(found["multicast groups of a socket"]?.state == .good)
        // What goes beyond the limit without being asked.
        try tree.write("CapEff:\t0000000000001000\n", to: "proc/self/status")
        #expect(rows(wish)["socket buffers"]?.state == .good)
    }

    @Test func lists() {
        #expect(CPUList("0-2,8\n").cpus == [0, 1, 2, 8])
        #expect(CPUList("").cpus == [])
        #expect(CPUList("3-1,x,-,5").cpus == [5])
    }

    /// Every row of this host has a value, and no question of it fails.
    @Test func realHost() {
        var wish = HostCheck.Wish()
        wish.interfaces = ["lo", "eth0"]
        wish.methods = Set(CaptureMethod.allCases)
        wish.cpus = [0]
        wish.wantsHugePages = true
        wish.locksMemory = true
        wish.fifoPriority = 10
        wish.wantsHardwareTime = true
        wish.receiveBufferBytes = 1 << 24
        wish.groupCount = 3
        let rows = HostCheck.run(wish)
        #expect(rows.allSatisfy { !$0.value.isEmpty })
        #expect(rows.first { $0.item == "kernel" }?.state != .unknown)
        #expect(rows.first { $0.item == "CAP_NET_RAW" }?.state != .unknown)
    }
}
