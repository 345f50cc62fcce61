import CXdp
import Glibc

/// The XDP program on an interface with its maps. Nothing is pinned: all of it goes when the process
/// does, however it ends.
final class XDPAttachment {
    let interface: NetworkInterface
    private let counterMap: Int32
    private let socketMap: Int32
    private var program: Int32 = -1
    private var link: Int32 = -1
    /// In the driver, not in the stack behind it.
    private(set) var isNative = false

    /// Loads the program for `lines`; frames above `frameMax` bytes do not reach the sockets.
    init(
        lines: [CaptureLine], interface: NetworkInterface, queueMax: UInt32, frameMax: Int
    ) throws(CaptureError) {
        self.interface = interface
        cxdp_silence()
        let counters = cxdp_map_create(
            CXDP_MAP_COUNTERS, UInt32(XDPProgram.Counter.allCases.count))
        guard counters >= 0 else {
            throw Self.failure("BPF map", -counters, interface.name)
        }
        let sockets = cxdp_map_create(CXDP_MAP_SOCKETS, queueMax + 1)
        guard sockets >= 0 else {
            close(counters)
            throw Self.failure("BPF map", -sockets, interface.name)
        }
        counterMap = counters
        socketMap = sockets
        program = try Self.load(
            lines, interface.name, counterMap: counters, socketMap: sockets, frameMax: frameMax)
    }

    deinit {
        detach()
        for descriptor in [program, socketMap, counterMap] where descriptor >= 0 {
            close(descriptor)
        }
    }

    /// Takes the program off the interface.
    func detach() {
        if link >= 0 { close(link) }
        link = -1
    }

    private static func load(
        _ lines: [CaptureLine], _ interface: String, counterMap: Int32, socketMap: Int32,
        frameMax: Int
    ) throws(CaptureError) -> Int32 {
        guard
            let instructions = XDPProgram.instructions(
                lines: lines, counterMap: counterMap, socketMap: socketMap, frameMax: frameMax)
        else {
            throw .unavailable(
                method: .xdp, place: interface,
                problem: "\(lines.count) lines with their sources make too long a program",
                remedy: "capture some of them with another method")
        }
        var log = [CChar](repeating: 0, count: 1 << 16)
        let result = cxdp_program_load(
            "tapeline", instructions, instructions.count, &log, log.count)
        guard result < 0 else { return result }
        let words = String(
            decoding: log.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // The verifier's last word before its statistics says why.
        let reason = words.split(separator: "\n").last { !$0.hasPrefix("processed ") }
        guard result == -EINVAL || result == -EACCES || result == -E2BIG else {
            throw failure("BPF program", -result, interface)
        }
        throw .unavailable(
            method: .xdp, place: interface,
            problem: "the kernel refuses the BPF program"
                + (reason.map { ": \($0)" } ?? ": \(text(-result))"),
            remedy: "needs Linux 5.18 or newer; or use method packet")
    }

    /// Attaches the program in the driver if it can, else in the stack. Returns why not in the
    /// driver, if so.
    func attach(requiresNative: Bool) throws(CaptureError) -> String? {
        var native = cxdp_program_attach(program, interface.index, 1)
        // A child that another thread has just forked holds the last attachment until it executes.
        for _ in 0..<XDPQueue.releaseTries where native == -EBUSY || native == -EEXIST {
            usleep(XDPQueue.releaseMicroseconds)
            native = cxdp_program_attach(program, interface.index, 1)
        }
        if native >= 0 {
            link = native
            isNative = true
            return nil
        }
        if native == -EBUSY || native == -EEXIST || native == -EPERM || requiresNative {
            throw failure(attaching: -native)
        }
        let generic = cxdp_program_attach(program, interface.index, 0)
        guard generic >= 0 else { throw failure(attaching: -generic) }
        link = generic
        return "the driver of \(interface.name) takes no XDP program: \(Self.text(-native))"
    }

    func add(socket: Int32, queue: UInt32) throws(CaptureError) {
        let result = cxdp_map_set_socket(socketMap, queue, socket)
        guard result == 0 else {
            throw Self.failure("queue \(queue) in the BPF map", -result, interface.name)
        }
    }

    /// Since the program was loaded; nil if the kernel does not tell. For any thread.
    func count(_ counter: XDPProgram.Counter) -> UInt64? {
        var sum: UInt64 = 0
        return cxdp_map_count(counterMap, counter.rawValue, &sum) == 0 ? sum : nil
    }

    // MARK: Errors

    private func failure(attaching code: Int32) -> CaptureError {
        let name = interface.name
        switch code {
        case EBUSY, EEXIST:
            return .unavailable(
                method: .xdp, place: name, problem: "another XDP program is attached already",
                remedy: "see `bpftool net show dev \(name)`, and end its owner or "
                    + "`ip link set dev \(name) xdp off`")
        case ERANGE, EMSGSIZE:
            return .unavailable(
                method: .xdp, place: name,
                problem: "MTU \(interface.mtu) is too large for the driver's XDP mode",
                remedy: "ip link set \(name) mtu 1500, or zeroCopy auto or off")
        case EOPNOTSUPP:
            return .unavailable(
                method: .xdp, place: name, problem: "the driver takes no XDP program",
                remedy: "zeroCopy auto or off, or method packet")
        default:
            return Self.failure("attaching the XDP program", code, name)
        }
    }

    static func failure(_ step: String, _ code: Int32, _ interface: String) -> CaptureError {
        let remedy =
            switch code {
            case EPERM, EACCES:
                "needs CAP_NET_ADMIN, CAP_BPF and CAP_NET_RAW: run as root, or "
                    + "`setcap cap_net_admin,cap_bpf,cap_net_raw+ep` on the program"
            case ENOBUFS:
                "more locked memory: `ulimit -l unlimited`, LimitMEMLOCK=infinity, or CAP_IPC_LOCK"
            case ENOMEM: "a smaller frameCount, or more memory"
            case EINVAL, EOPNOTSUPP, EAFNOSUPPORT, ENOSYS:
                "needs Linux 5.18 or newer with CONFIG_XDP_SOCKETS; or use method packet"
            default: "see bpf(2), or use method packet"
            }
        return .unavailable(
            method: .xdp, place: interface, problem: "\(step): \(text(code))", remedy: remedy)
    }

    static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
