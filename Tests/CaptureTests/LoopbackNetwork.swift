import CLinux
import Capture
import Glibc
import Ticks
import Wire

/// Sends datagrams on an interface of this host, loopback if not said otherwise.
final class LoopbackSender {
    private let socket: Int32
    private let group: clinux_address
    private let port: UInt16
    private let index: UInt32

    /// `from` is one of the host's IPv4 addresses, 127.0.0.1 on loopback.
    init?(to address: MulticastAddress, from: String? = nil) {
        group = clinux_address(high: address.group.high, low: address.group.low)
        port = address.port
        index = if_nametoindex(address.interface ?? "lo")
        let name = from ?? ((address.interface ?? "lo") == "lo" ? "127.0.0.1" : nil)
        let local = name.flatMap { IPAddress($0) } ?? IPAddress(high: 0, low: 0)
        var step: UnsafePointer<CChar>?
        socket = clinux_udp_sender(
            group, clinux_address(high: local.high, low: local.low), index, &step)
        if socket < 0 { return nil }
    }

    deinit { close(socket) }

    /// True if the kernel took it.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        clinux_udp_send(socket, group, port, index, bytes, bytes.count) == 0
    }
}

/// A datagram whose bytes were copied.
struct TakenDatagram: Equatable {
    var line: UInt16
    var bytes: [UInt8]
    var time: UInt64
    var timeSource: TimeSource
}

/// Holds what a source has handed out.
final class Taker {
    let source: any PacketSource
    private let out: UnsafeMutablePointer<CapturedDatagram>
    private let capacity: Int
    private(set) var outCount = 0

    init(_ source: any PacketSource, capacity: Int = 4096) {
        self.source = source
        self.capacity = capacity
        out = .allocate(capacity: capacity)
    }

    deinit { out.deallocate() }

    var held: UnsafeBufferPointer<CapturedDatagram> {
        UnsafeBufferPointer(start: out, count: outCount)
    }

    /// Polls once, and keeps what comes.
    func poll(_ most: Int = 64) throws -> Int {
        let count = try source.poll(into: out + outCount, capacity: min(most, capacity - outCount))
        outCount += count
        return count
    }

    /// Polls until `count` datagrams are held, or nothing comes for a second.
    func poll(until count: Int) throws {
        while outCount < count {
            if try poll() > 0 { continue }
            if !isReadable(milliseconds: 1000) { return }
        }
    }

    /// Sleeps on the source's descriptors as a capture thread does.
    func isReadable(milliseconds: Int32) -> Bool {
        var set = source.fileDescriptors.map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        return Glibc.poll(&set, nfds_t(set.count), milliseconds) > 0
    }

    func release(_ count: Int) {
        source.release(out, count: count)
        out.update(from: out + count, count: outCount - count)
        outCount -= count
    }

    func copies() -> [TakenDatagram] {
        held.map {
            TakenDatagram(
                line: $0.line, bytes: Array($0.payload), time: $0.time, timeSource: $0.timeSource)
        }
    }

    /// Takes `count` datagrams, and releases each at once.
    func take(_ count: Int) throws -> [TakenDatagram] {
        var taken: [TakenDatagram] = []
        while taken.count < count {
            try poll(until: 1)
            if outCount == 0 { break }
            taken += copies()
            release(outCount)
        }
        return taken
    }
}

/// Runs code on a thread of its own in a network namespace of its own, which goes when it is done.
enum NetworkNamespace {
    static let isAllowed = geteuid() == 0
    static let skipped = "needs root, to make a network namespace"

    private final class Work {
        let body: () throws -> Any
        var result: Result<Any, any Error>?
        init(_ body: @escaping () throws -> Any) { self.body = body }
    }

    /// unshare(CLONE_NEWNET); the C library's headers keep it from Swift.
    private static func unshareNetwork() -> Int32 {
        typealias Unshare = @convention(c) (Int32) -> Int32
        return unsafeBitCast(dlsym(nil, "unshare"), to: Unshare.self)(0x4000_0000)
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// `commands` is a shell script that sets the namespace up.
    static func run<T>(_ commands: String, _ body: @escaping () throws -> T) throws -> T {
        let work = Work {
            guard unshareNetwork() == 0 else {
                throw Failure(description: "unshare: \(String(cString: strerror(errno)))")
            }
            try shell(commands)
            return try body()
        }
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                let work = Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue()
                work.result = Result { try work.body() }
                return nil
            }, Unmanaged.passRetained(work).toOpaque())
        pthread_join(thread, nil)
        return try work.result!.get() as! T
    }

    /// In the namespace of the calling thread.
    static func shell(_ commands: String) throws {
        let arguments = ["sh", "-ec", commands]
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var process = pid_t()
        let code = posix_spawn(&process, "/bin/sh", nil, nil, &pointers, environ)
        guard code == 0 else { throw Failure(description: "sh: error \(code)") }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        guard status == 0 else { throw Failure(description: "'\(commands)' failed: \(status)") }
    }
}
