import CLinux
import Foundation
import Synchronization
import Testing

@testable import Capture

@Suite struct HostThreadsTests {
    /// What `body` returns on a thread of its own, which is not to be used again.
    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread { continuation.resume(returning: body()) }.start()
        }
    }

    @Test func pinsAndNamesTheCallingThread() async {
        let allowed = CPUList(
            HostTree().value("Cpus_allowed_list", of: "proc/thread-self/status") ?? "0"
        ).cpus.max()!
        let found = await onThread { () -> (Int32, String?) in
            let placement = ThreadPlacement(cpu: allowed)
            try? HostThreads.apply(placement, to: "a name longer than fifteen bytes")
            return (clinux_thread_pinned_cpu(), HostTree().line("proc/thread-self/comm"))
        }
        #expect(found.0 == Int32(allowed))
        #expect(found.1 == "a name longer t")
    }

    @Test(arguments: [-1, 8191, 1 << 40])
    func cpuThatIsNotThere(_ cpu: Int) async {
        let refusal = await onThread { () -> HostRefusal? in
            do throws(HostRefusal) {
                try HostThreads.apply(ThreadPlacement(cpu: cpu), to: "test")
                return nil
            } catch { return error }
        }
        let configured = sysconf(Int32(_SC_NPROCESSORS_CONF))
        #expect(refusal?.wish == .cpu(cpu))
        #expect(refusal?.remedy == "this host has CPUs 0 to \(configured - 1)")
    }

    @Test(arguments: [0, 100, -5])
    func impossiblePriority(_ priority: Int) async {
        let refusal = await onThread { () -> HostRefusal? in
            do throws(HostRefusal) {
                try HostThreads.apply(ThreadPlacement(fifoPriority: priority), to: "test")
                return nil
            } catch { return error }
        }
        #expect(refusal?.remedy == "use 1 to 99")
    }

    @Test func refusalsNameTheRemedy() {
        #expect(
            HostThreads.refusal(fifoPriority: 50, code: EPERM).description
                == "SCHED_FIFO priority 50 is refused: grant CAP_SYS_NICE, or raise `ulimit -r`"
                + " to 50 (rtprio in /etc/security/limits.conf)")
        #expect(HostThreads.refusal(memoryLock: ENOMEM).remedy.contains("CAP_IPC_LOCK"))
        #expect(HostThreads.refusal(memoryLock: EPERM).remedy.contains("ulimit -l"))
        #expect(
            HostThreads.refusal(cpu: 1, code: EINVAL, configured: 2).remedy.contains("cpuset"))
    }
}
