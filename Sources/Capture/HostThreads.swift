import CLinux
import Foundation
import Glibc
import Synchronization

/// Where and how one thread is to run.
public struct ThreadPlacement: Sendable, Equatable {
    /// The only CPU that it may run on, counted from 0; any if nil.
    public var cpu: Int?
    /// Priority under SCHED_FIFO, 1 to 99; the usual scheduling if nil.
    public var fifoPriority: Int?

    public init(cpu: Int? = nil, fifoPriority: Int? = nil) {
        self.cpu = cpu
        self.fifoPriority = fifoPriority
    }
}

/// What the host refuses to a thread or to the process's memory; names the remedy.
public struct HostRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Wish: Sendable, Equatable {
        case cpu(Int)
        case fifoPriority(Int)
        case memoryLock
    }

    public var wish: Wish
    public var problem: String
    public var remedy: String

    public var description: String {
        "\(problem): \(remedy)"
    }
}

/// Threads and memory as low latency wants them.
public enum HostThreads {
    /// Names the calling thread (cut to 15 bytes) and places it. What a thread was given before stays
    /// if `placement` says nothing about it.
    public static func apply(
        _ placement: ThreadPlacement, to name: String
    ) throws(HostRefusal) {
        _ = clinux_thread_name(String(decoding: name.utf8.prefix(15), as: UTF8.self))
        if let cpu = placement.cpu { try pin(to: cpu) }
        if let priority = placement.fifoPriority {
            guard (1...99).contains(priority) else {
                throw HostRefusal(
                    wish: .fifoPriority(priority), problem: "SCHED_FIFO priority \(priority)",
                    remedy: "use 1 to 99")
            }
            let code = clinux_thread_fifo(Int32(priority))
            if code != 0 { throw refusal(fifoPriority: priority, code: code) }
        }
    }

    /// Tries a placement on a thread of its own, so that a start fails where a thread would.
    public static func verify(_ placement: ThreadPlacement) throws(HostRefusal) {
        guard placement != ThreadPlacement() else { return }
        let trial = Trial()
        let isDone = DispatchSemaphore(value: 0)
        Thread {
            do { try apply(placement, to: "trial") } catch {
                trial.refusal.withLock { $0 = error as? HostRefusal }
            }
            isDone.signal()
        }.start()
        isDone.wait()
        if let refusal = trial.refusal.withLock({ $0 }) { throw refusal }
    }

    private final class Trial: Sendable {
        let refusal = Mutex<HostRefusal?>(nil)
    }

    private static func pin(to cpu: Int) throws(HostRefusal) {
        guard (0...Int(CLINUX_CPU_MAX)).contains(cpu) else {
            throw refusal(cpu: cpu, code: EINVAL, configured: sysconf(Int32(_SC_NPROCESSORS_CONF)))
        }
        let code = clinux_thread_pin(UInt32(cpu))
        if code != 0 {
            throw refusal(cpu: cpu, code: code, configured: sysconf(Int32(_SC_NPROCESSORS_CONF)))
        }
    }

    /// Keeps all present and future memory of the process resident, so that no page fault stands in
    /// a packet's way.
    public static func lockMemory() throws(HostRefusal) {
        let code = clinux_lock_memory()
        if code != 0 { throw refusal(memoryLock: code) }
    }

    /// Huge pages of the default size that are free; nil if the kernel does not tell.
    public static func freeHugePageCount() -> Int? {
        HostTree().entry("HugePages_Free", of: "proc/meminfo")
    }

    // MARK: What error codes mean

    /// sched_setaffinity(2): EINVAL if the CPU does not exist, is offline, or is outside of the
    /// process's cpuset.
    static func refusal(cpu: Int, code: Int32, configured: Int) -> HostRefusal {
        let remedy: String
        switch code {
        case EINVAL where cpu < 0 || cpu >= configured:
            remedy = "this host has CPUs 0 to \(configured - 1)"
        case EINVAL:
            remedy =
                "it is offline, or not in this process's cpuset: see"
                + " /sys/devices/system/cpu/online and Cpus_allowed_list in /proc/self/status"
        case EPERM: remedy = "grant CAP_SYS_NICE"
        default: remedy = String(cString: strerror(code))
        }
        return HostRefusal(
            wish: .cpu(cpu), problem: "a thread cannot be pinned to CPU \(cpu)", remedy: remedy)
    }

    static func refusal(fifoPriority: Int, code: Int32) -> HostRefusal {
        let remedy =
            code == EPERM
            ? "grant CAP_SYS_NICE, or raise `ulimit -r` to \(fifoPriority) (rtprio in"
                + " /etc/security/limits.conf)" : String(cString: strerror(code))
        return HostRefusal(
            wish: .fifoPriority(fifoPriority),
            problem: "SCHED_FIFO priority \(fifoPriority) is refused", remedy: remedy)
    }

    static func refusal(memoryLock code: Int32) -> HostRefusal {
        let remedy =
            code == EPERM || code == ENOMEM
            ? "grant CAP_IPC_LOCK, or raise `ulimit -l` (memlock in /etc/security/limits.conf)"
            : String(cString: strerror(code))
        return HostRefusal(
            wish: .memoryLock, problem: "memory cannot be locked", remedy: remedy)
    }
}
