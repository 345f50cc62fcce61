import CLinux
import CPcap
import Glibc

/// Capture filters in the language of pcap-filter(7).
enum RecorderFilter {
    /// Compiles a filter for one interface; empty if neither a filter nor a snapshot length is asked
    /// for, since then the kernel need not run any.
    ///
    /// libpcap compiles against the open interface, because VLAN tags are not in the packet where the
    /// filter runs, and its code then looks for them where they are.
    static func compile(
        _ expression: String?, interface: String, snapLength: UInt32
    ) throws(CaptureError) -> [clinux_record_instruction] {
        guard expression != nil || snapLength < 262_144 else { return [] }
        var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        guard let handle = pcap_create(interface, &message) else {
            throw failure(interface, text(message), remedy: "see `ip link` for names")
        }
        defer { pcap_close(handle) }
        pcap_set_snaplen(handle, Int32(snapLength))
        pcap_set_timeout(handle, 1)
        pcap_set_buffer_size(handle, 1 << 20)
        guard pcap_activate(handle) >= 0 else {
            throw failure(
                interface, String(cString: pcap_geterr(handle)),
                remedy: "run as root, or: setcap cap_net_raw,cap_net_admin+ep on the program")
        }
        var program = bpf_program()
        guard pcap_compile(handle, &program, expression ?? "", 1, bpf_u_int32.max) == 0 else {
            throw failure(
                interface,
                "filter '\(expression ?? "")': \(String(cString: pcap_geterr(handle)))",
                remedy: "see the manual page pcap-filter(7)")
        }
        defer { pcap_freecode(&program) }
        return (0..<Int(program.bf_len)).map { index in
            let one = program.bf_insns[index]
            return clinux_record_instruction(
                code: one.code, jump_true: one.jt, jump_false: one.jf, operand: one.k)
        }
    }

    private static func text(_ message: [CChar]) -> String {
        String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func failure(
        _ interface: String, _ problem: String, remedy: String
    ) -> CaptureError {
        .unavailable(method: .packet, place: interface, problem: problem, remedy: remedy)
    }
}
