import CPcap
import Glibc

/// An activated live capture of libpcap's.
final class PcapHandle {
    let pointer: OpaquePointer
    private let interface: String

    /// Not promiscuous, without blocking or batching, incoming packets only.
    init(interface: String, line: String, snapLength: Int, bufferBytes: Int)
        throws(CaptureError)
    {
        self.interface = interface
        var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        guard let pointer = pcap_create(interface, &message) else {
            throw .unavailable(
                method: .pcap, place: interface, problem: Self.text(message),
                remedy: "see `tcpdump -D` for what libpcap can open")
        }
        self.pointer = pointer
        // These fail on an activated handle only; microseconds come where nanoseconds cannot.
        pcap_set_snaplen(pointer, Int32(clamping: snapLength))
        pcap_set_promisc(pointer, 0)
        pcap_set_immediate_mode(pointer, 1)
        pcap_set_buffer_size(pointer, Int32(clamping: bufferBytes))
        pcap_set_tstamp_precision(pointer, PCAP_TSTAMP_PRECISION_NANO)
        let status = pcap_activate(pointer)
        // Above 0 are warnings.
        guard status >= 0 else { throw activationError(status, line: line) }
        guard pcap_setnonblock(pointer, 1, &message) == 0 else {
            throw .unavailable(
                method: .pcap, place: interface, problem: Self.text(message),
                remedy: "use another method")
        }
        // Where direction is unknown, nothing that goes out is seen, or all of it.
        _ = pcap_setdirection(pointer, PCAP_D_IN)
    }

    deinit { pcap_close(pointer) }

    private static func text(_ message: [CChar]) -> String {
        String(
            decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A DLT_ number.
    var linkType: Int32 { pcap_datalink(pointer) }

    var hasNanoseconds: Bool {
        pcap_get_tstamp_precision(pointer) == PCAP_TSTAMP_PRECISION_NANO
    }

    /// What poll(2) may sleep on; some devices have nothing of the kind.
    var selectable: Int32? {
        let descriptor = pcap_get_selectable_fd(pointer)
        return descriptor >= 0 ? descriptor : nil
    }

    /// libpcap's text for what failed last.
    var message: String { String(cString: pcap_geterr(pointer)) }

    func setFilter(_ expression: String) throws(CaptureError) {
        var program = bpf_program()
        var isSet = pcap_compile(pointer, &program, expression, 1, PCAP_NETMASK_UNKNOWN) == 0
        if isSet {
            isSet = pcap_setfilter(pointer, &program) == 0
            pcap_freecode(&program)
        }
        guard isSet else {
            throw .unavailable(
                method: .pcap, place: interface,
                problem: "filter '\(expression.prefix(200))': \(message)",
                remedy: "see the manual page pcap-filter(7)")
        }
    }

    private func activationError(_ status: Int32, line: String) -> CaptureError {
        let general = String(cString: pcap_statustostr(status))
        let detail = message
        let problem = detail.isEmpty || detail == general ? general : "\(general): \(detail)"
        switch status {
        case PCAP_ERROR_NO_SUCH_DEVICE:
            return .line(
                name: line, problem: "no interface '\(interface)'",
                remedy: "see `ip link` for names")
        case PCAP_ERROR_IFACE_NOT_UP:
            return .line(
                name: line, problem: "interface '\(interface)' is down",
                remedy: "ip link set \(interface) up")
        case PCAP_ERROR_PERM_DENIED:
            return .unavailable(
                method: .pcap, place: interface, problem: problem,
                remedy: "needs the capability CAP_NET_RAW: run as root, or"
                    + " `setcap cap_net_raw+ep` the program")
        default:
            return .unavailable(
                method: .pcap, place: interface, problem: problem,
                remedy: "see `tcpdump -D` for what libpcap can open; if memory is short, set a"
                    + " smaller capture.ringBytes")
        }
    }
}
