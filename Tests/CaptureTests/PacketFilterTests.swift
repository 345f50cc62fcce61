import CLinux
import CPcap
import TestSupport
import Testing
import Wire

@testable import Capture

/// Our programs, run by libpcap's interpreter beside what libpcap compiles, and beside plain Swift.
struct PacketFilterTests {
    /// Whether libpcap's interpreter passes the frame.
    private static func run(_ program: [clinux_bpf_instruction], _ frame: [UInt8]) -> Bool {
        program.withUnsafeBytes { bytes in
            result(bytes.baseAddress!.assumingMemoryBound(to: pcap_bpf_insn.self), frame)
        }
    }

    private static func result(_ program: UnsafePointer<pcap_bpf_insn>, _ frame: [UInt8]) -> Bool {
        bpf_filter(program, frame, UInt32(frame.count), UInt32(frame.count)) != 0
    }

    private static func isValid(_ program: [clinux_bpf_instruction]) -> Bool {
        program.withUnsafeBytes {
            bpf_validate(
                $0.baseAddress!.assumingMemoryBound(to: pcap_bpf_insn.self), Int32(program.count))
                == 1
        }
    }

    private static func line(
        _ group: String, _ port: UInt16 = 5000, _ sources: [String] = []
    ) -> CaptureLine {
        CaptureLine(
            index: 0, name: group,
            address: MulticastAddress(
                group: IPAddress(group)!, port: port, sources: sources.map { IPAddress($0)! }))
    }

    private static func groups(
        _ count: Int, v6 isV6: Bool, _ generator: inout SeededGenerator
    ) -> [String] {
        (0..<count).map { _ in
            isV6
                ? "ff3\(generator.below(2))::\(generator.below(3)):"
                    + "\(generator.below(2)):\(String(generator.below(300), radix: 16))"
                : "239.\(generator.below(2)).\(generator.below(3)).\(generator.below(256))"
        }
    }

    /// To a group that is listed or close to one, with anything wrong that can be.
    private static func frame(
        _ groups: [String], _ generator: inout SeededGenerator, tagMax: Int
    ) -> [UInt8] {
        var frame = TestFrame()
        frame.group =
            generator.chance(500)
            ? groups.randomElement(using: &generator)!
            : Self.groups(1, v6: generator.chance(500), &generator)[0]
        let isV6 = !IPAddress(frame.group)!.isV4
        frame.source = (isV6 ? "fe80::" : "10.0.0.") + "\(generator.below(4))"
        frame.port = UInt16(5000 + generator.below(4))
        for _ in 0..<(generator.chance(400) ? generator.below(tagMax + 1) : 0) {
            frame.tags.append(
                ([0x8100, 0x88A8, 0x9100].randomElement(using: &generator)!, 7))
        }
        if generator.chance(200) {
            frame.ipProtocol = [1, 2, 6, 50, 58].randomElement(using: &generator)!
        }
        if generator.chance(200) {
            frame.fragment = [0x2000, 0x00B9, 0x20B8, 1].randomElement(using: &generator)!
        }
        if generator.chance(200) {
            frame.options = [UInt8](repeating: 1, count: 4 * generator.below(4))
            frame.extensions = [[], [0], [43, 60], [0, 60, 135]].randomElement(using: &generator)!
        }
        frame.payload = generator.bytes(generator.below(40))
        var bytes = frame.bytes
        if generator.chance(100) { bytes.removeLast(generator.below(bytes.count)) }
        if generator.chance(50), bytes.count > 14 {
            bytes.replaceSubrange(12..<14, with: generator.bytes(2))
        }
        return bytes
    }

    @Test(arguments: [(1, 0), (0, 1), (2, 1), (3, 3), (25, 0), (40, 60), (256, 0), (0, 256)])
    func passesTheSameFramesAsLibpcapsOwnExpression(v4: Int, v6: Int) throws {
        var generator = SeededGenerator(seed: UInt64(v4 * 1000 + v6))
        let groups =
            Self.groups(v4, v6: false, &generator) + Self.groups(v6, v6: true, &generator)
        let program = PacketFilter(lines: groups.map { Self.line($0) }, purpose: .groups)
            .instructions
        #expect(Self.isValid(program))
        #expect(program.count <= BPFAssembler.instructionMax)

        let dead = pcap_open_dead(DLT_EN10MB, 65_535)
        defer { pcap_close(dead) }
        var compiled = bpf_program()
        let expression = PcapSource.expression(
            groups: groups.map { IPAddress($0)! }, linkType: .ethernet)
        try #require(pcap_compile(dead, &compiled, expression, 0, PCAP_NETMASK_UNKNOWN) == 0)
        defer { pcap_freecode(&compiled) }

        var passed = 0
        for _ in 0..<20_000 {
            let frame = Self.frame(groups, &generator, tagMax: 1)
            let ours = Self.run(program, frame)
            let theirs = Self.result(compiled.bf_insns, frame)
            #expect(ours == theirs, "\(frame)")
            if ours != theirs { return }
            passed += ours ? 1 : 0
        }
        #expect(passed > 4000)
    }

    @Test func followsAsManyTagsAsTheDissector() {
        let program = PacketFilter(
            lines: [Self.line("239.9.0.1"), Self.line("ff3e::1")], purpose: .groups
        ).instructions
        for group in ["239.9.0.1", "ff3e::1"] {
            for count in 0...9 {
                var frame = TestFrame(group: group, payload: [1])
                if group != "239.9.0.1" { frame.source = "fe80::1" }
                frame.tags = (0..<count).map {
                    ([0x8100, 0x88A8, 0x9100, 0x9200, 0x9300][$0 % 5], UInt16($0))
                }
                #expect(Self.run(program, frame.bytes) == (count <= 8))
            }
        }
    }

    /// The dissector and a plain search decide what is a stray; fragments by their first.
    @Test func strayFiltersPassExactlyWhatNoLineLists() {
        var generator = SeededGenerator(seed: 9)
        let groups =
            Self.groups(60, v6: false, &generator) + Self.groups(60, v6: true, &generator)
        var lines: [CaptureLine] = []
        for group in groups {
            let prefix = IPAddress(group)!.isV4 ? "10.0.0." : "fe80::"
            for _ in 0...generator.below(2) {
                let sources = (0..<generator.below(3)).map { _ in "\(prefix)\(generator.below(4))" }
                lines.append(Self.line(group, UInt16(5000 + generator.below(4)), sources))
            }
        }
        // First they ask the kernel for a tag beside the frame: not libpcap's, whose interpreter
        // starts where the Ethernet type is loaded.
        func filter(_ purpose: PacketFilter.Purpose) -> [clinux_bpf_instruction] {
            Array(
                PacketFilter(lines: lines, purpose: purpose).instructions
                    .drop { $0.code != BPFAssembler.Code.loadHalf })
        }
        let (ports, sources) = (filter(.wrongPorts), filter(.wrongSources))
        #expect(Self.isValid(ports))
        #expect(Self.isValid(sources))
        var counts = (ports: 0, sources: 0)
        for _ in 0..<40_000 {
            let frame = Self.frame(groups, &generator, tagMax: 0)
            guard let expected = Self.stray(frame, lines) else { continue }
            let found = (Self.run(ports, frame), Self.run(sources, frame))
            #expect(found == expected, "\(frame)")
            if found != expected { return }
            counts.ports += found.0 ? 1 : 0
            counts.sources += found.1 ? 1 : 0
        }
        #expect(counts.ports > 1000)
        #expect(counts.sources > 500)
    }

    /// Nil for frames that are broken: what the kernel makes of them is no matter of ports.
    private static func stray(_ frame: [UInt8], _ lines: [CaptureLine]) -> (Bool, Bool)? {
        frame.withUnsafeBytes { bytes in
            let packet = CapturedPacket(
                bytes: bytes, timeNanoseconds: 0, originalLength: UInt32(bytes.count))
            switch PacketDissector().dissect(packet) {
            case .datagram(let datagram):
                let sameGroup = lines.map(\.address).filter { $0.group == datagram.destination }
                if sameGroup.isEmpty { return (false, false) }
                let same = sameGroup.filter { $0.port == datagram.destinationPort }
                if same.isEmpty { return (true, false) }
                let isListed = same.contains {
                    $0.sources.isEmpty || $0.sources.contains(datagram.source)
                }
                return (false, !isListed)
            case .rejected(.otherProtocol): return (false, false)
            case .rejected: return nil
            }
        }
    }

    @Test func jumpsReachHoweverFarTheyGo() {
        var assembler = BPFAssembler()
        let (near, far, end) = (assembler.label(), assembler.label(), assembler.label())
        assembler.emit(BPFAssembler.Code.loadByte, 0)
        assembler.branch(BPFAssembler.Code.jumpEqual, 1, onTrue: far, onFalse: end)
        assembler.place(near)
        for _ in 0..<300 { assembler.emit(BPFAssembler.Code.add, 1) }
        assembler.place(far)
        assembler.emit(BPFAssembler.Code.return, 7)
        for _ in 0..<300 { assembler.emit(BPFAssembler.Code.add, 1) }
        assembler.place(end)
        assembler.emit(BPFAssembler.Code.return, 0)
        let program = assembler.assemble()
        #expect(program.count == 606)
        #expect(Self.isValid(program))
        #expect(Self.run(program, [1]))
        #expect(!Self.run(program, [2]))
    }
}
