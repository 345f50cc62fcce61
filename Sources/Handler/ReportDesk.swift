import Glibc
import Synchronization

/// Where other threads ask the core thread for a report: only it may look at its own counts.
final class ReportDesk: Sendable {
    private let isWanted = Atomic<Bool>(false)
    private let answer = Mutex<RunReport?>(nil)

    /// Asks, and waits up to `seconds` for the answer.
    func ask(seconds: Double) -> RunReport? {
        answer.withLock { $0 = nil }
        isWanted.store(true, ordering: .releasing)
        for _ in 0..<Int(seconds * 1000) {
            if let report = answer.withLock({ $0 }) { return report }
            usleep(1000)
        }
        return nil
    }

    /// Called by the core thread every round.
    func answer(_ make: () -> RunReport) {
        guard isWanted.load(ordering: .relaxed) else { return }
        isWanted.store(false, ordering: .relaxed)
        let report = make()
        answer.withLock { $0 = report }
    }
}

/// Set once, by a signal or a caller; seen by the threads of a run.
public final class StopFlag: Sendable {
    private let flag = Atomic<Bool>(false)
    public init() {}
    public var isSet: Bool { flag.load(ordering: .acquiring) }
    public func set() { flag.store(true, ordering: .releasing) }
}
