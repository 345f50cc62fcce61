import CReference
import Dispatch
import Foundation

/// Two network namespaces and a virtual Ethernet pair between them. Nothing of it has a name outside:
/// the kernel takes all of it away with the last descriptor, however this process ends.
final class VirtualWire: @unchecked Sendable {
    static let group = "239.192.77.1"
    static let port: UInt16 = 27_077
    static let receiving = "tlb0"
    static let sending = "tlb1"

    private let receivingSpace: Int32
    private let sendingSpace: Int32
    private let sender: OpaquePointer
    /// Of the receiving end in the group, for whatever receives there: without it the network would
    /// not bring the packets, and the kernel handles those of a group that it is not in with less work.
    private let membership: Int32
    let processors: (sender: Int, receiver: Int)

    /// Nil, and said aloud, where this user may not make namespaces.
    static func make(for benchmark: String, _ settings: Settings) throws -> VirtualWire? {
        guard geteuid() == 0 else {
            let text = "bench: \(benchmark) left out: needs root, to make network namespaces\n"
            FileHandle.standardError.write(Data(text.utf8))
            return nil
        }
        return try VirtualWire(settings)
    }

    private init(_ settings: Settings) throws {
        processors = settings.processors
        receivingSpace = reference_namespace_create()
        guard receivingSpace >= 0 else { throw Self.failure("network namespace") }
        sendingSpace = reference_namespace_create()
        guard sendingSpace >= 0 else { throw Self.failure("network namespace") }
        let peer = "/proc/\(getpid())/fd/\(sendingSpace)"
        // IPv6 would send packets of its own.
        let quiet =
            "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1"
        try Self.shell(
            receivingSpace,
            """
            \(quiet)
            ip link add \(Self.receiving) type veth peer name \(Self.sending) netns \(peer)
            ip addr add 10.77.0.1/24 dev \(Self.receiving)
            ip link set \(Self.receiving) up
            ip link set lo up
            """)
        // Runs of packets that are sent together must be cut up before they cross.
        try Self.shell(
            sendingSpace,
            """
            \(quiet)
            ethtool -K \(Self.sending) tx off gso off tx-udp-segmentation off >/dev/null
            ip link set \(Self.sending) up
            """)
        let (receiving, sending) = (receivingSpace, sendingSpace)
        membership = try Self.value {
            reference_namespace_enter(receiving) == 0
                ? reference_join(Self.receiving, Self.group) : -1
        }
        guard membership >= 0 else { throw Self.failure("joining \(Self.group)") }
        let opened = try Self.value {
            reference_namespace_enter(sending) == 0
                ? reference_sender_open(Self.sending, Self.group, Self.port) : nil
        }
        guard let opened else { throw Self.failure("sender") }
        sender = opened
    }

    deinit {
        reference_sender_close(sender)
        close(membership)
        close(receivingSpace)
        close(sendingSpace)
    }

    static func failure(_ what: String) -> BenchmarkError {
        .differs("\(what): \(String(cString: strerror(errno)))")
    }

    /// Runs `body` on a thread of its own, with whose end its namespace is left.
    private static func value<Value>(_ body: @escaping @Sendable () -> Value) throws -> Value {
        let result = Box<Value>()
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            result.value = body()
            result.code = errno
            done.signal()
        }
        done.wait()
        errno = result.code
        guard let value = result.value else { throw failure("thread") }
        return value
    }

    private final class Box<Value>: @unchecked Sendable {
        var value: Value?
        var code: Int32 = 0
    }

    private static func shell(_ space: Int32, _ script: String) throws {
        let process = try ChildProcess(
            ["/bin/sh", "-ec", script], space: space, processor: nil, output: nil, error: nil)
        let status = try process.wait(seconds: 20)
        guard status == 0 else {
            throw BenchmarkError.differs("setting up a virtual wire: status \(status)")
        }
    }

    // MARK: Both ends

    /// A thread on the receiver's processor and end of the wire.
    func startReceiver(_ body: @escaping @Sendable () -> Void) -> PinnedThread {
        let space = receivingSpace
        return PinnedThread(processor: processors.receiver) {
            precondition(reference_namespace_enter(space) == 0, "the namespace is there")
            body()
        }
    }

    /// A program on the receiver's processor and end of the wire.
    func start(_ arguments: [String], output: Int32?, error: Int32?) throws -> ChildProcess {
        try ChildProcess(
            arguments, space: receivingSpace, processor: processors.receiver, output: output,
            error: error)
    }

    /// Lets `body` send on the sender's processor, before anything else there if `hasPrecedence`.
    func send<Sent>(
        hasPrecedence: Bool = false, _ body: @escaping @Sendable (OpaquePointer) -> Sent
    ) -> Sent {
        let result = Box<Sent>()
        let sender = Sender(pointer: sender)
        PinnedThread(processor: processors.sender) {
            if hasPrecedence { _ = reference_take_precedence() }
            result.value = body(sender.pointer)
        }.join()
        guard let sent = result.value else { preconditionFailure("the thread has ended") }
        return sent
    }

    private struct Sender: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    /// What the interfaces at both ends count.
    func interfaceCounts() throws -> (
        receiving: reference_interface_counts, sending: reference_interface_counts
    ) {
        let ends = [(receivingSpace, Self.receiving), (sendingSpace, Self.sending)]
        let counts = try ends.map { space, name in
            let counts: reference_interface_counts? = try Self.value {
                var counts = reference_interface_counts()
                guard reference_namespace_enter(space) == 0,
                    reference_interface_read(name, &counts) == 0
                else { return nil }
                return counts
            }
            guard let counts else { throw Self.failure("counters of \(name)") }
            return counts
        }
        return (counts[0], counts[1])
    }
}

/// A program that was started, and is ended with its owner.
final class ChildProcess {
    private let identifier: Int32
    private var status: Int32?

    /// Its standard output and standard error are this process's where nil is given.
    fileprivate init(
        _ arguments: [String], space: Int32, processor: Int?, output: Int32?, error: Int32?
    ) throws {
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        identifier = reference_spawn(
            space, Int32(processor ?? -1), &pointers, output ?? -1, error ?? -1)
        guard identifier > 0 else { throw VirtualWire.failure(arguments[0]) }
    }

    deinit {
        guard status == nil else { return }
        kill(identifier, SIGKILL)
        var code: Int32 = 0
        waitpid(identifier, &code, 0)
    }

    func signal(_ number: Int32) { kill(identifier, number) }

    var isRunning: Bool {
        if status != nil { return false }
        var code: Int32 = 0
        guard waitpid(identifier, &code, WNOHANG) == identifier else { return true }
        status = code & 0x7F == 0 ? code >> 8 & 0xFF : 128 + code & 0x7F
        return false
    }

    /// Its exit status; 128 and the number of a signal that ended it.
    func wait(seconds: Double) throws -> Int32 {
        let end = reference_now() + UInt64(seconds * 1e9)
        while isRunning {
            guard reference_now() < end else {
                throw BenchmarkError.differs("a program did not end within \(seconds) s")
            }
            usleep(2000)
        }
        return status ?? -1
    }
}
