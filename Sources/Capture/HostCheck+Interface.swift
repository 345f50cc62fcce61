import CLinux

extension HostRows {
    mutating func addInterface(_ name: String) {
        guard tree.exists("sys/class/net/\(name)") else {
            add("interface \(name)", "does not exist", isGood: false, remedy: "see `ip link`")
            return
        }
        addReversePathFilter(name)
        addInterrupts(name)
        guard let settings = host.settings[name] else { return }
        addSettings(name, settings)
        guard wish.wantsHardwareTime else { return }
        let stamps = settings.has_stamping == 0 ? nil : settings.stamps_all_packets != 0
        add(
            "hardware time stamps of \(name)",
            stamps.map { $0 ? "all packets, /dev/ptp\(settings.clock)" : "none" }, isGood: stamps,
            remedy: "kernel stamps are taken instead; a card with a PTP clock gives its own")
    }

    /// The larger of the two holds (kernel, ip-sysctl). Frames are seen before it, but sockets lose
    /// what comes from senders that the routing table would reach another way.
    private mutating func addReversePathFilter(_ name: String) {
        guard wish.methods.contains(.socket) || wish.methods.contains(.uring) else { return }
        // An interface name may contain dots, which `sysctl` would take for slashes.
        let own = tree.number("proc/sys/net/ipv4/conf/\(name)/rp_filter")
        let all = tree.number("proc/sys/net/ipv4/conf/all/rp_filter")
        let mode = own.map { max($0, all ?? 0) }
        add(
            "reverse-path filter of \(name)", mode.map { "rp_filter = \($0)" },
            isGood: mode.map { $0 == 0 },
            remedy: "multicast from senders without a route back is dropped: "
                + "sysctl -w net.ipv4.conf.all.rp_filter=0 net/ipv4/conf/\(name)/rp_filter=0")
    }

    /// Interrupts that the kernel names after the interface, as drivers do, or that its device owns.
    private func interrupts(of name: String) -> [Int] {
        let device = "sys/class/net/\(name)/device"
        // A virtio device has none of its own: the PCI device around it has.
        let isVirtual = tree.line("\(device)/modalias")?.hasPrefix("virtio") ?? false
        let owned = tree.names(in: device + (isVirtual ? "/.." : "") + "/msi_irqs")
            .compactMap { Int($0) }
        let table = tree.text("proc/interrupts")?.split(separator: "\n") ?? []
        let named = table.compactMap { line -> Int? in
            let words = line.split(separator: " ")
            guard let first = words.first, first.hasSuffix(":"), let last = words.last,
                last.split(whereSeparator: { $0 == "-" || $0 == "@" || $0 == ":" })
                    .contains(Substring(name))
            else { return nil }
            return Int(first.dropLast())
        }
        return Set(owned + named).sorted()
    }

    private mutating func addInterrupts(_ name: String) {
        let cpus = Set(wish.cpus)
        let interrupts = interrupts(of: name)
        guard !cpus.isEmpty, !interrupts.isEmpty else { return }
        let hits = interrupts.filter { interrupt in
            let effective = tree.line("proc/irq/\(interrupt)/effective_affinity_list")
            let allowed = tree.line("proc/irq/\(interrupt)/smp_affinity_list")
            let list = effective.flatMap { $0.isEmpty ? nil : $0 } ?? allowed ?? ""
            return !CPUList(list).cpus.isDisjoint(with: cpus)
        }
        let list = hits.map(String.init).joined(separator: ",")
        add(
            "interrupts of \(name)",
            hits.isEmpty ? "on other CPUs" : "IRQ \(list) on CPUs of pinned threads",
            isGood: hits.isEmpty,
            remedy: "write other CPUs into /proc/irq/N/smp_affinity_list of IRQ \(list)")
    }

    private mutating func addSettings(_ name: String, _ settings: clinux_ethtool_settings) {
        if settings.has_rings != 0, settings.receive_ring_maximum > 0 {
            add(
                "receive ring of \(name)",
                "\(settings.receive_ring) of \(settings.receive_ring_maximum)",
                isGood: settings.receive_ring >= settings.receive_ring_maximum,
                remedy: "ethtool -G \(name) rx \(settings.receive_ring_maximum)")
        }
        if settings.has_coalescing != 0 {
            let isPrompt = settings.receive_microseconds == 0 && settings.adaptive_receive == 0
            let adaptive = settings.adaptive_receive != 0 ? ", adaptive" : ""
            add(
                "interrupt delay of \(name)", "\(settings.receive_microseconds) µs\(adaptive)",
                isGood: isPrompt,
                remedy: "ethtool -C \(name) adaptive-rx off rx-usecs 0 rx-frames 1")
        }
        guard settings.has_offloads != 0 else { return }
        let offloads = [
            (settings.generic_receive_offload, "gro"), (settings.large_receive_offload, "lro"),
        ].filter { $0.0 != 0 }.map(\.1)
        add(
            "packets merged by \(name)",
            offloads.isEmpty ? "none" : offloads.joined(separator: ", "),
            isGood: offloads.isEmpty,
            remedy: "ethtool -K \(name) " + offloads.map { "\($0) off" }.joined(separator: " "))
        let mtu = tree.number("sys/class/net/\(name)/mtu")
        add(
            "MTU of \(name)", mtu.map(String.init), isGood: mtu.map { $0 >= 1500 },
            remedy: "ip link set \(name) mtu 1500")
    }
}
