import CReference
import Glibc

/// A thread of its own on a processor of its own.
struct PinnedThread {
    private let thread: pthread_t

    private final class Body {
        let processor: Int
        let run: @Sendable () -> Void

        init(_ processor: Int, _ run: @escaping @Sendable () -> Void) {
            self.processor = processor
            self.run = run
        }
    }

    init(processor: Int, _ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(processor, run))
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                let code = reference_pin(Int32(body.processor))
                precondition(code == 0, "no processor \(body.processor): see --processors")
                body.run()
                return nil
            }, body.toOpaque())
        precondition(code == 0, "pthread_create: \(code)")
        self.thread = thread
    }

    func join() { pthread_join(thread, nil) }
}
