/// Bits of CapEff (linux/capability.h).
enum HostCapability: Int {
    case netAdmin = 12
    case netRaw = 13
    case ipcLock = 14
    case sysNice = 23
    case bpf = 39

    var name: String {
        switch self {
        case .netAdmin: "CAP_NET_ADMIN"
        case .netRaw: "CAP_NET_RAW"
        case .ipcLock: "CAP_IPC_LOCK"
        case .sysNice: "CAP_SYS_NICE"
        case .bpf: "CAP_BPF"
        }
    }
}

extension HostRows {
    func has(_ capability: HostCapability) -> Bool {
        effectiveCapabilities.map { $0 >> UInt64(capability.rawValue) & 1 == 1 } ?? false
    }

    private var effectiveCapabilities: UInt64? {
        tree.value("CapEff", of: "proc/self/status").flatMap { UInt64($0, radix: 16) }
    }

    /// What the wish needs, and what for.
    private var neededCapabilities: [(HostCapability, String)] {
        var needed: [(HostCapability, String)] = []
        if !wish.methods.isDisjoint(with: [.packet, .xdp, .pcap]) {
            needed.append((.netRaw, "capture of whole frames"))
        }
        if wish.methods.contains(.xdp) {
            needed += [(.netAdmin, "attaching XDP programs"), (.bpf, "loading XDP programs")]
        }
        return needed
    }

    mutating func addPrivileges() {
        let known = effectiveCapabilities != nil
        for (capability, purpose) in neededCapabilities {
            let isHeld = has(capability)
            let grant = capability.name.lowercased() + "+ep"
            add(
                capability.name, known ? (isHeld ? "held" : "missing: \(purpose)") : nil,
                isGood: isHeld, remedy: "setcap \(grant) on the program, or run as root")
        }
        if wish.locksMemory {
            addLimit(
                "locked memory", named: "Max locked memory", capability: .ipcLock, needed: .max,
                remedy: "`ulimit -l unlimited` (memlock in /etc/security/limits.conf)")
        }
        guard let priority = wish.fifoPriority else { return }
        addLimit(
            "real-time priority", named: "Max realtime priority", capability: .sysNice,
            needed: priority,
            remedy: "`ulimit -r \(priority)` (rtprio in /etc/security/limits.conf)")
        let runtime = sysctl("kernel.sched_rt_runtime_us")
        add(
            "real-time throttling", runtime.map { "kernel.sched_rt_runtime_us = \($0)" },
            isGood: runtime.map { $0 == -1 },
            remedy: "a polling SCHED_FIFO thread is stopped for the rest of each period: "
                + "sysctl -w kernel.sched_rt_runtime_us=-1")
    }

    /// A soft limit of /proc/self/limits, which the capability lifts.
    private mutating func addLimit(
        _ item: String, named name: String, capability: HostCapability, needed: Int,
        remedy: String
    ) {
        let line = tree.text("proc/self/limits")?.split(separator: "\n").first {
            $0.hasPrefix(name)
        }
        let soft = line?.dropFirst(name.count).split(separator: " ").first.map(String.init)
        let isEnough = soft.map { $0 == "unlimited" || (Int($0) ?? 0) >= needed }
        add(
            item, has(capability) ? "unlimited (\(capability.name))" : soft,
            isGood: has(capability) ? true : isEnough,
            remedy: "\(remedy), or setcap \(capability.name.lowercased())+ep on the program")
    }
}
