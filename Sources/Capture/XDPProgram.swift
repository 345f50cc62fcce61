import Wire

/// The XDP program of an interface: hands the frames of the configured lines to AF_XDP sockets and
/// lets everything else pass on to the stack, untouched.
///
/// Comparisons are made from the lines, in a binary search, instead of looked up in maps. What is
/// close to a line but none of its packets is counted. A frame that is handed over carries the time
/// in front of it, as metadata.
struct XDPProgram {
    /// What the program counts; indices of its map.
    enum Counter: UInt32, CaseIterable {
        case wrongPort
        case wrongSource
        case wrongVLAN
        /// A fragment to the group of a line.
        case fragment
        /// A line's frame that no chunk can hold.
        case oversize
        /// A line's frame on a queue that has no socket.
        case otherQueue

        /// Kept out by what the configuration lists, not lost.
        var isFilter: Bool {
            switch self {
            case .wrongPort, .wrongSource, .wrongVLAN: true
            default: false
            }
        }

        var description: String {
            switch self {
            case .wrongPort: "wrong port"
            case .wrongSource: "wrong source"
            case .wrongVLAN: "wrong VLAN"
            case .fragment: "fragment"
            case .oversize: "oversize"
            case .otherQueue: "queue without a socket"
            }
        }
    }

    /// Metadata in front of a frame: CLOCK_MONOTONIC in ns, then `magic`.
    static let metadataBytes = 16
    static let magic: UInt64 = 0x5450_4C4E_5844_5001

    /// Bytes at the front of each chunk that the kernel keeps (XDP_PACKET_HEADROOM of linux/bpf.h).
    static let headroomBytes = 256

    /// XDP_PASS and XDP_REDIRECT.
    private static let pass: Int32 = 2
    private static let redirect: UInt32 = 4
    /// Stands for the port where there is none: in fragments.
    private static let noPort: UInt32 = 0x1_0000
    /// Bytes of the Ethernet header without tags.
    private static let ethernet: Int16 = 14

    private var assembler = XDPAssembler()
    private let lines: [CaptureLine]
    private let counterMap: Int32
    private let socketMap: Int32
    private let frameMax: UInt32

    private let passLabel: XDPAssembler.Label
    /// Goes there with the counter in r2.
    private let countLabel: XDPAssembler.Label
    private let fragmentLabel: XDPAssembler.Label
    private let wrongPortLabel: XDPAssembler.Label
    private let redirectLabel: XDPAssembler.Label

    /// The instructions for `lines`, or nil if there are too many. The maps are descriptors; frames
    /// above `frameMax` bytes are counted and left alone.
    static func instructions(
        lines: [CaptureLine], counterMap: Int32, socketMap: Int32, frameMax: Int
    ) -> [UInt64]? {
        var program = XDPProgram(
            lines: lines, counterMap: counterMap, socketMap: socketMap, frameMax: frameMax)
        program.emit()
        return program.assembler.assembled()
    }

    private init(lines: [CaptureLine], counterMap: Int32, socketMap: Int32, frameMax: Int) {
        self.lines = lines
        self.counterMap = counterMap
        self.socketMap = socketMap
        self.frameMax = UInt32(frameMax)
        passLabel = assembler.label()
        countLabel = assembler.label()
        fragmentLabel = assembler.label()
        wrongPortLabel = assembler.label()
        redirectLabel = assembler.label()
    }

    // Registers: r6 context, r7 start of the frame (less tags), r8 its end, r9 VLAN id;
    // then r0 the group's last word, r4 an IPv4 sender, r5 the port. Numbers of the packet stay in
    // network order, as they are compared.
    private mutating func emit() {
        let version4 = assembler.label()
        let version6 = assembler.label()
        assembler.move(.r6, .r1)
        assembler.load(.r7, .word, .r6, 0)
        assembler.load(.r8, .word, .r6, 4)
        assembler.move(.r9, 0)
        requireBytes(Self.ethernet)
        assembler.load(.r3, .half, .r7, 12)
        emitTags(version4: version4, version6: version6)

        assembler.place(version4)
        emitIPv4()
        assembler.place(version6)
        emitIPv6()

        emitRedirect()
        assembler.place(fragmentLabel)
        count(.fragment)
        assembler.place(wrongPortLabel)
        count(.wrongPort)
        emitCount()
    }

    /// Passes frames that are shorter.
    private mutating func requireBytes(_ count: Int16) {
        assembler.move(.r2, .r7)
        assembler.add(.r2, Int32(count))
        assembler.jump(passLabel, if: .r2, .greater, .r8)
    }

    /// Skips up to two tags; the VLAN id is the outer one's.
    private mutating func emitTags(
        version4: XDPAssembler.Label, version6: XDPAssembler.Label
    ) {
        let types: [UInt16] = [0x8100, 0x88A8, 0x9100, 0x9200, 0x9300]
        for depth in 0..<2 {
            let tag = assembler.label()
            assembler.jump(version4, if: .r3, .equal, UInt32(UInt16(0x0800).bigEndian))
            assembler.jump(version6, if: .r3, .equal, UInt32(UInt16(0x86DD).bigEndian))
            for type in types {
                assembler.jump(tag, if: .r3, .equal, UInt32(type.bigEndian))
            }
            assembler.jump(passLabel)
            assembler.place(tag)
            requireBytes(Self.ethernet + 4)
            if depth == 0 {
                assembler.load(.r9, .half, .r7, 14)
                assembler.and(.r9, Int32(UInt16(0x0FFF).bigEndian))
            }
            assembler.load(.r3, .half, .r7, 16)
            assembler.add(.r7, 4)
        }
        assembler.jump(version4, if: .r3, .equal, UInt32(UInt16(0x0800).bigEndian))
        assembler.jump(version6, if: .r3, .equal, UInt32(UInt16(0x86DD).bigEndian))
        assembler.jump(passLabel)
    }
}

extension XDPProgram {
    // MARK: Headers

    private mutating func emitIPv4() {
        let start = Self.ethernet
        let search = assembler.label()
        requireBytes(start + 20)
        assembler.load(.r1, .byte, .r7, start)
        assembler.move(.r2, .r1)
        assembler.and(.r2, 0xF0)
        assembler.jump(passLabel, if: .r2, .notEqual, 0x40)
        assembler.and(.r1, 0x0F)
        assembler.shiftLeft(.r1, 2)
        assembler.jump(passLabel, if: .r1, .less, 20)
        assembler.load(.r2, .byte, .r7, start + 9)
        assembler.jump(passLabel, if: .r2, .notEqual, 17)
        assembler.load(.r4, .word, .r7, start + 12)
        assembler.load(.r0, .word, .r7, start + 16)
        assembler.move(.r5, Int32(Self.noPort))
        // More fragments to come, or not the first one.
        assembler.load(.r2, .half, .r7, start + 6)
        assembler.and(.r2, Int32(UInt16(0x3FFF).bigEndian))
        assembler.jump(search, if: .r2, .notEqual, 0)
        assembler.move(.r2, .r7)
        assembler.add(.r2, .r1)
        assembler.move(.r3, .r2)
        assembler.add(.r3, Int32(start) + 8)
        assembler.jump(passLabel, if: .r3, .greater, .r8)
        assembler.load(.r5, .half, .r2, start + 2)
        assembler.place(search)
        emitGroups(isV4: true)
    }

    /// UDP or a fragment header directly behind the fixed header.
    private mutating func emitIPv6() {
        let start = Self.ethernet
        let search = assembler.label()
        requireBytes(start + 40 + 8)
        assembler.load(.r1, .byte, .r7, start)
        assembler.and(.r1, 0xF0)
        assembler.jump(passLabel, if: .r1, .notEqual, 0x60)
        assembler.load(.r0, .word, .r7, start + 36)
        assembler.move(.r5, Int32(Self.noPort))
        assembler.load(.r2, .byte, .r7, start + 6)
        assembler.jump(search, if: .r2, .equal, 44)
        assembler.jump(passLabel, if: .r2, .notEqual, 17)
        assembler.load(.r5, .half, .r7, start + 40 + 2)
        assembler.place(search)
        emitGroups(isV4: false)
    }

    // MARK: Lines

    /// Jumps to one of `keys` by the register's lower half, or to `miss`.
    private mutating func emitSearch(
        _ keys: ArraySlice<(key: UInt32, label: XDPAssembler.Label)>,
        in register: XDPAssembler.Register, miss: XDPAssembler.Label
    ) {
        guard keys.count > 4 else {
            for (key, label) in keys { assembler.jump(label, if: register, .equal, key) }
            assembler.jump(miss)
            return
        }
        let middle = keys.startIndex + keys.count / 2
        let upper = assembler.label()
        assembler.jump(upper, if: register, .greater, keys[middle - 1].key)
        emitSearch(keys[..<middle], in: register, miss: miss)
        assembler.place(upper)
        emitSearch(keys[middle...], in: register, miss: miss)
    }

    /// Splits `lines` by `key`, searches for the register's number, and emits each part.
    private mutating func emitSplit(
        _ lines: [CaptureLine], by key: (CaptureLine) -> UInt32,
        in register: XDPAssembler.Register, miss: XDPAssembler.Label,
        part: (inout XDPProgram, [CaptureLine]) -> Void
    ) {
        let parts = Dictionary(grouping: lines, by: key).sorted { $0.key < $1.key }
        var labels: [(key: UInt32, label: XDPAssembler.Label)] = []
        for (key, _) in parts { labels.append((key, assembler.label())) }
        emitSearch(labels[...], in: register, miss: miss)
        for (index, one) in parts.enumerated() {
            assembler.place(labels[index].label)
            part(&self, one.value)
        }
    }

    private mutating func emitGroups(isV4: Bool) {
        emitSplit(
            lines.filter { $0.address.group.isV4 == isV4 },
            by: { Self.words($0.address.group)[3] }, in: .r0, miss: passLabel
        ) { program, lines in
            if isV4 {
                program.emitPorts(lines, isV4: true)
            } else {
                program.emitLongGroups(lines)
            }
        }
    }

    /// IPv6 groups with the same last word.
    private mutating func emitLongGroups(_ lines: [CaptureLine]) {
        for (group, lines) in Dictionary(grouping: lines, by: \.address.group) {
            let next = assembler.label()
            emitComparison(group, words: 0..<3, at: Self.ethernet + 24, otherwise: next)
            emitPorts(lines, isV4: false)
            assembler.place(next)
        }
        assembler.jump(passLabel)
    }

    /// Compares words of an address in the packet.
    private mutating func emitComparison(
        _ address: IPAddress, words: Range<Int>, at offset: Int16,
        otherwise: XDPAssembler.Label
    ) {
        let expected = Self.words(address)
        for word in words {
            assembler.load(.r1, .word, .r7, offset + Int16(4 * word))
            assembler.jump(otherwise, if: .r1, .notEqual, expected[word])
        }
    }

    private mutating func emitPorts(_ lines: [CaptureLine], isV4: Bool) {
        assembler.jump(fragmentLabel, if: .r5, .equal, Self.noPort)
        emitSplit(
            lines, by: { UInt32($0.address.port.bigEndian) }, in: .r5, miss: wrongPortLabel
        ) { program, lines in
            program.emitLines(lines, isV4: isV4)
        }
    }

    /// The lines of one group and port: the first that fits takes the frame, else the nearest miss is
    /// counted, as `FrameClassifier` has it.
    private mutating func emitLines(_ lines: [CaptureLine], isV4: Bool) {
        assembler.move(.r2, Int32(Counter.wrongSource.rawValue))
        for line in lines {
            let next = assembler.label()
            let allowed = assembler.label()
            for source in line.address.sources {
                if isV4 {
                    assembler.jump(allowed, if: .r4, .equal, Self.words(source)[3])
                } else {
                    let other = assembler.label()
                    emitComparison(source, words: 0..<4, at: Self.ethernet + 8, otherwise: other)
                    assembler.jump(allowed)
                    assembler.place(other)
                }
            }
            if !line.address.sources.isEmpty { assembler.jump(next) }
            assembler.place(allowed)
            let vlan = UInt32((line.address.vlan & 0xFFF).bigEndian)
            assembler.jump(redirectLabel, if: .r9, .equal, vlan)
            assembler.move(.r2, Int32(Counter.wrongVLAN.rawValue))
            assembler.place(next)
        }
        assembler.jump(countLabel)
    }

    /// The four words of the IPv6 form, in network order.
    private static func words(_ address: IPAddress) -> [UInt32] {
        [address.high >> 32, address.high, address.low >> 32, address.low].map {
            UInt32(truncatingIfNeeded: $0).bigEndian
        }
    }

    // MARK: Ends

    private mutating func emitRedirect() {
        let handOver = assembler.label()
        let done = assembler.label()
        let fits = assembler.label()
        assembler.place(redirectLabel)
        assembler.move(.r1, .r6)
        assembler.call(.bufferLength)
        assembler.jump(fits, if: .r0, .less, frameMax + 1)
        count(.oversize)
        assembler.place(fits)

        assembler.move(.r1, .r6)
        assembler.move(.r2, -Int32(Self.metadataBytes))
        assembler.call(.adjustMetadata)
        assembler.jump(handOver, if: .r0, .notEqual, 0)
        assembler.call(.ktimeGetNanoseconds)
        assembler.load(.r1, .word, .r6, 0)
        assembler.load(.r2, .word, .r6, 8)
        assembler.move(.r3, .r2)
        assembler.add(.r3, Int32(Self.metadataBytes))
        assembler.jump(handOver, if: .r3, .greater, .r1)
        assembler.store(.r0, .double, .r2, 0)
        assembler.loadNumber(.r3, Self.magic)
        assembler.store(.r3, .double, .r2, 8)

        assembler.place(handOver)
        assembler.loadMap(.r1, descriptor: socketMap)
        assembler.load(.r2, .word, .r6, 16)
        assembler.move(.r3, Self.pass)
        assembler.call(.redirectMap)
        assembler.jump(done, if: .r0, .equal, Self.redirect)
        count(.otherQueue)
        assembler.place(done)
        assembler.exit()
    }

    private mutating func count(_ counter: Counter) {
        assembler.move(.r2, Int32(counter.rawValue))
        assembler.jump(countLabel)
    }

    private mutating func emitCount() {
        assembler.place(countLabel)
        assembler.store(.r2, .word, .frame, -4)
        assembler.move(.r2, .frame)
        assembler.add(.r2, -4)
        assembler.loadMap(.r1, descriptor: counterMap)
        assembler.call(.mapLookupElement)
        assembler.jump(passLabel, ifNull: .r0)
        assembler.load(.r1, .double, .r0, 0)
        assembler.add(.r1, 1)
        assembler.store(.r1, .double, .r0, 0)
        assembler.place(passLabel)
        assembler.move(.r0, Self.pass)
        assembler.exit()
    }
}
