extension HostRows {
    mutating func addProcessors() {
        guard !wish.cpus.isEmpty else { return }
        let cpus = Set(wish.cpus)
        let names = cpus.sorted().map(String.init).joined(separator: ",")
        addKernelArgument(
            "isolated CPUs", list: tree.line("sys/devices/system/cpu/isolated"), cpus: cpus,
            remedy: "boot with isolcpus=managed_irq,domain,\(names)")
        addKernelArgument(
            "tickless CPUs", list: tree.line("sys/devices/system/cpu/nohz_full"), cpus: cpus,
            remedy: "boot with nohz_full=\(names)")
        addKernelArgument(
            "CPUs without RCU callbacks", list: bootArgument("rcu_nocbs"), cpus: cpus,
            remedy: "boot with rcu_nocbs=\(names)")
        addIdleStates()
        for cpu in cpus.sorted() { addGovernor(cpu) }
        addThreads(cpus)
        addTurbo()
        if isRunning("irqbalance") {
            add(
                "irqbalance", "running", isGood: false,
                remedy: "systemctl disable --now irqbalance, or ban CPUs \(names) in its options")
        }
    }

    /// The value of a kernel argument; "" if there is none, nil if the host does not tell.
    private func bootArgument(_ name: String) -> String? {
        tree.line("proc/cmdline").map { line in
            let argument = line.split(separator: " ").last { $0.hasPrefix(name + "=") }
            return argument.map { String($0.dropFirst(name.count + 1)) } ?? ""
        }
    }

    private mutating func addKernelArgument(
        _ item: String, list: String?, cpus: Set<Int>, remedy: String
    ) {
        let isGood = list.map { $0 == "all" || CPUList($0).cpus.isSuperset(of: cpus) }
        let value = list.map { $0.isEmpty || $0 == "(null)" ? "none" : $0 }
        add(item, value, isGood: isGood, remedy: remedy)
    }

    /// Deep sleep costs tens of microseconds to wake from. A polling thread never sleeps, but the
    /// cores around it do, and with them shared caches and the card's interrupts.
    private mutating func addIdleStates() {
        let driver = tree.line("sys/devices/system/cpu/cpuidle/current_driver")
        guard let driver, driver != "none", driver != "haltpoll" else {
            // A virtual machine: it halts, and its host decides how deeply.
            add(
                "idle states", driver, isGood: nil,
                remedy: "see the host of this virtual machine")
            return
        }
        let deepest = tree.number("sys/module/intel_idle/parameters/max_cstate")
        let isIntel = driver == "intel_idle"
        let depth = isIntel ? deepest.map { ", deepest C\($0)" } : nil
        add(
            "idle states", driver + (depth ?? ""),
            isGood: isIntel ? deepest.map { $0 <= 1 } : nil,
            remedy: "boot with intel_idle.max_cstate=1 processor.max_cstate=1, or hold"
                + " /dev/cpu_dma_latency open with 0")
    }

    private mutating func addGovernor(_ cpu: Int) {
        let path = "sys/devices/system/cpu/cpu\(cpu)"
        guard tree.exists(path) else {
            add("CPU \(cpu)", "does not exist", isGood: false, remedy: "see `lscpu -e`")
            return
        }
        if tree.number(path + "/online") == 0 {
            add("CPU \(cpu)", "offline", isGood: false, remedy: "echo 1 > /\(path)/online")
        }
        // No cpufreq: a virtual machine, whose clock is not its own.
        guard let governor = tree.line(path + "/cpufreq/scaling_governor") else { return }
        add(
            "frequency of CPU \(cpu)", governor, isGood: governor == "performance",
            remedy: "cpupower -c \(cpu) frequency-set -g performance")
    }

    /// Two hardware threads of one core take each other's caches and execution units.
    private mutating func addThreads(_ cpus: Set<Int>) {
        for cpu in cpus.sorted() {
            let path = "sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list"
            guard let list = tree.line(path) else { continue }
            let others = CPUList(list).cpus.subtracting([cpu])
            guard let other = others.sorted().first else { continue }
            add(
                "SMT of CPU \(cpu)", "shares its core with CPU \(other)", isGood: false,
                remedy: "echo 0 > /sys/devices/system/cpu/cpu\(other)/online, or boot with nosmt")
        }
    }

    /// Faster, at a frequency that changes: which of them counts is for the operator to say.
    private mutating func addTurbo() {
        let noTurbo = tree.number("sys/devices/system/cpu/intel_pstate/no_turbo").map { $0 == 0 }
        let boost = tree.number("sys/devices/system/cpu/cpufreq/boost").map { $0 == 1 }
        guard let isOn = noTurbo ?? boost else { return }
        add(
            "turbo", isOn ? "on" : "off", isGood: isOn ? nil : true,
            remedy: "where even latency counts more than speed: echo 1 >"
                + " /sys/devices/system/cpu/intel_pstate/no_turbo, or echo 0 >"
                + " /sys/devices/system/cpu/cpufreq/boost")
    }

    private func isRunning(_ program: String) -> Bool {
        tree.names(in: "proc").contains { name in
            name.allSatisfy(\.isNumber) && tree.line("proc/\(name)/comm") == program
        }
    }
}
