import CLinux
import Wire

/// Classic BPF programs for packet sockets on Ethernet, made from the configured lines.
///
/// The kernel takes a tag of 802.1Q or 802.1ad off a frame before a packet socket sees it; further
/// tags, and those of other types, are in the frame. Offsets are those of <linux/if_ether.h>,
/// RFC 791 and RFC 8200. A load behind the end of a frame ends a program with "drop".
struct PacketFilter {
    /// What to pass.
    enum Purpose {
        /// UDP to any group of the lines, whatever its port, sender and tags, and all fragments of
        /// it: what is wrong with them is found out and counted by us.
        case groups
        /// Untagged UDP to a group of the lines and to a port that none lists with it; a datagram in
        /// fragments counts by its first.
        case wrongPorts
        /// Untagged UDP to a group and port of lines, from a sender that none of those lists.
        case wrongSources
    }

    /// Most tags and IPv6 extension headers that are followed, as `PacketDissector` does.
    fileprivate static let nestingMax = 8
    fileprivate static let tagTypes: [UInt32] = [0x8100, 0x88A8, 0x9100, 0x9200, 0x9300]
    fileprivate static let udp: UInt32 = 17
    fileprivate static let fragment: UInt32 = 44
    fileprivate static let authentication: UInt32 = 51
    /// Hop-by-hop, routing and destination options, mobility: all count in units of 8 bytes.
    fileprivate static let optionHeaders: [UInt32] = [0, 43, 60, 135]
    /// SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT: 1 if the kernel took a tag off the frame.
    fileprivate static let tagPresent: UInt32 = 0xFFFF_F000 + 48

    /// Scratch words: the first three of an IPv6 destination, a next header, the destination port.
    fileprivate enum Scratch {
        static let address: UInt32 = 0
        static let nextHeader: UInt32 = 3
        static let port: UInt32 = 4
    }

    let instructions: [clinux_bpf_instruction]

    /// More groups than the kernel takes make a program above `BPFAssembler.instructionMax`.
    init(lines: [CaptureLine], purpose: Purpose) {
        var builder = Builder(addresses: lines.map(\.address), purpose: purpose)
        instructions = builder.build()
    }

    fileprivate struct Builder {
        let addresses: [MulticastAddress]
        let purpose: Purpose
        fileprivate typealias Code = BPFAssembler.Code

        var assembler = BPFAssembler()
        let accept: BPFAssembler.Label
        let drop: BPFAssembler.Label
        /// Where a packet to each group goes on.
        var targets: [IPAddress: BPFAssembler.Label] = [:]

        init(addresses: [MulticastAddress], purpose: Purpose) {
            self.addresses = addresses
            self.purpose = purpose
            accept = assembler.label()
            drop = assembler.label()
            for address in addresses where targets[address.group] == nil {
                targets[address.group] = purpose == .groups ? accept : assembler.label()
            }
        }

        mutating func build() -> [clinux_bpf_instruction] {
            let (searchV4, searchV6) = (assembler.label(), assembler.label())
            if purpose == .groups {
                emitTagged(searchV4: searchV4, searchV6: searchV6)
            } else {
                emitUntagged(searchV4: searchV4, searchV6: searchV6)
            }
            assembler.place(searchV4)
            emitSearchV4()
            assembler.place(searchV6)
            emitSearchV6()
            if purpose != .groups {
                for group in targets.keys.sorted(by: { ($0.high, $0.low) < ($1.high, $1.low) }) {
                    assembler.place(targets[group]!)
                    emitStrayChecks(of: group)
                }
            }
            assembler.place(accept)
            // Longer than any frame: whole ones.
            assembler.emit(Code.return, 1 << 18)
            assembler.place(drop)
            assembler.emit(Code.return, 0)
            return assembler.assemble()
        }
    }
}

// MARK: Headers

extension PacketFilter.Builder {
    /// With any tags; an IPv4 header needs no length, as its addresses stand before the options.
    private mutating func emitTagged(searchV4: BPFAssembler.Label, searchV6: BPFAssembler.Label) {
        let (v4, v6) = (assembler.label(), assembler.label())
        let (taggedV4, taggedV6) = (assembler.label(), assembler.label())
        assembler.emit(Code.loadHalf, 12)
        assembler.branch(Code.jumpEqual, 0x0800, onTrue: v4)
        assembler.branch(Code.jumpEqual, 0x86DD, onTrue: v6)
        assembler.emit(Code.loadIndex, 0)
        // Loading the constant into X leaves the type in A.
        for _ in 0..<PacketFilter.nestingMax {
            let tagged = assembler.label()
            for type in PacketFilter.tagTypes {
                assembler.branch(Code.jumpEqual, type, onTrue: tagged)
            }
            assembler.jump(drop)
            assembler.place(tagged)
            assembler.emit(Code.fromIndex)
            assembler.emit(Code.add, 4)
            assembler.emit(Code.toIndex)
            assembler.emit(Code.loadHalfIndexed, 12)
            assembler.branch(Code.jumpEqual, 0x0800, onTrue: taggedV4)
            assembler.branch(Code.jumpEqual, 0x86DD, onTrue: taggedV6)
        }
        assembler.jump(drop)

        // Loads from fixed places are faster than indexed ones; most frames have no tag left.
        assembler.place(v4)
        assembler.emit(Code.loadByte, 23)
        assembler.branch(Code.jumpEqual, PacketFilter.udp, onFalse: drop)
        assembler.emit(Code.loadWord, 30)
        assembler.jump(searchV4)
        assembler.place(taggedV4)
        assembler.emit(Code.loadByteIndexed, 23)
        assembler.branch(Code.jumpEqual, PacketFilter.udp, onFalse: drop)
        assembler.emit(Code.loadWordIndexed, 30)
        assembler.jump(searchV4)

        assembler.place(v6)
        assembler.emit(Code.loadByte, 20)
        emitNextHeaderCheck()
        emitDestinationV6(Code.loadWord)
        assembler.jump(searchV6)
        assembler.place(taggedV6)
        assembler.emit(Code.loadByteIndexed, 20)
        emitNextHeaderCheck()
        emitDestinationV6(Code.loadWordIndexed)
        assembler.jump(searchV6)
    }

    /// What is behind extension headers is left to the dissector.
    private mutating func emitNextHeaderCheck() {
        let passes = assembler.label()
        let others =
            PacketFilter.optionHeaders + [PacketFilter.fragment, PacketFilter.authentication]
        for header in [PacketFilter.udp] + others {
            assembler.branch(Code.jumpEqual, header, onTrue: passes)
        }
        assembler.jump(drop)
        assembler.place(passes)
    }

    /// Leaves the last word in A and the others in scratch memory.
    private mutating func emitDestinationV6(_ load: UInt16) {
        for word in 0..<3 as Range<UInt32> {
            assembler.emit(load, 38 + 4 * word)
            assembler.emit(Code.storeMemory, PacketFilter.Scratch.address + word)
        }
        assembler.emit(load, 50)
    }

    /// Without tags, down to the destination port of a whole datagram or of a first fragment.
    private mutating func emitUntagged(
        searchV4: BPFAssembler.Label, searchV6: BPFAssembler.Label
    ) {
        let (v4, v6) = (assembler.label(), assembler.label())
        // A tagged frame belongs to another interface, one of VLAN kind.
        assembler.emit(Code.loadByte, PacketFilter.tagPresent)
        assembler.branch(Code.jumpEqual, 0, onFalse: drop)
        assembler.emit(Code.loadHalf, 12)
        assembler.branch(Code.jumpEqual, 0x0800, onTrue: v4)
        assembler.branch(Code.jumpEqual, 0x86DD, onTrue: v6)
        assembler.jump(drop)

        assembler.place(v4)
        assembler.emit(Code.loadByte, 23)
        assembler.branch(Code.jumpEqual, PacketFilter.udp, onFalse: drop)
        assembler.emit(Code.loadHalf, 20)
        assembler.branch(Code.jumpAnySet, 0x1FFF, onTrue: drop)
        assembler.emit(Code.loadIndexHeader, 14)
        assembler.emit(Code.loadHalfIndexed, 16)
        assembler.emit(Code.storeMemory, PacketFilter.Scratch.port)
        assembler.emit(Code.loadWord, 30)
        assembler.jump(searchV4)

        assembler.place(v6)
        assembler.emit(Code.loadIndex, 54)
        assembler.emit(Code.loadByte, 20)
        let udp = assembler.label()
        for _ in 0..<PacketFilter.nestingMax { emitExtensionHeader(udp: udp) }
        assembler.branch(Code.jumpEqual, PacketFilter.udp, onFalse: drop)
        assembler.place(udp)
        assembler.emit(Code.loadHalfIndexed, 2)
        assembler.emit(Code.storeMemory, PacketFilter.Scratch.port)
        emitDestinationV6(Code.loadWord)
        assembler.jump(searchV6)
    }

    /// The kind of the header at X is in A, before and after.
    private mutating func emitExtensionHeader(udp: BPFAssembler.Label) {
        let (options, fragment) = (assembler.label(), assembler.label())
        let (authentication, next) = (assembler.label(), assembler.label())
        assembler.branch(Code.jumpEqual, PacketFilter.udp, onTrue: udp)
        for header in PacketFilter.optionHeaders {
            assembler.branch(Code.jumpEqual, header, onTrue: options)
        }
        assembler.branch(Code.jumpEqual, PacketFilter.fragment, onTrue: fragment)
        assembler.branch(
            Code.jumpEqual, PacketFilter.authentication, onTrue: authentication, onFalse: drop)
        assembler.place(fragment)
        assembler.emit(Code.loadHalfIndexed, 2)
        assembler.branch(Code.jumpAnySet, 0xFFF8, onTrue: drop)
        emitNextHeader {
            $0.emit(Code.fromIndex)
            $0.emit(Code.add, 8)
        }
        assembler.jump(next)
        assembler.place(authentication)
        emitNextHeader {
            $0.emit(Code.loadByteIndexed, 1)
            $0.emit(Code.add, 2)
            $0.emit(Code.shiftLeft, 2)
            $0.emit(Code.addIndex)
        }
        assembler.jump(next)
        assembler.place(options)
        emitNextHeader {
            $0.emit(Code.loadByteIndexed, 1)
            $0.emit(Code.add, 1)
            $0.emit(Code.shiftLeft, 3)
            $0.emit(Code.addIndex)
        }
        assembler.place(next)
    }

    /// Moves X to what `end` puts into A.
    private mutating func emitNextHeader(_ end: (inout BPFAssembler) -> Void) {
        assembler.emit(Code.loadByteIndexed, 0)
        assembler.emit(Code.storeMemory, PacketFilter.Scratch.nextHeader)
        end(&assembler)
        assembler.emit(Code.toIndex)
        assembler.emit(Code.loadMemory, PacketFilter.Scratch.nextHeader)
    }
}

// MARK: Groups

extension PacketFilter.Builder {
    private mutating func emitSearchV4() {
        var leaves: [UInt32: BPFAssembler.Label] = [:]
        for (group, target) in targets {
            if let number = group.v4 { leaves[number] = target }
        }
        emitSearch(leaves.keys.sorted()[...], leaves)
    }

    /// By the last word, in which groups differ most, then by the others.
    private mutating func emitSearchV6() {
        let groups = targets.keys.filter { !$0.isV4 }
        let byLastWord = Dictionary(grouping: groups) { UInt32(truncatingIfNeeded: $0.low) }
        let words = byLastWord.keys.sorted()
        var leaves: [UInt32: BPFAssembler.Label] = [:]
        for word in words { leaves[word] = assembler.label() }
        emitSearch(words[...], leaves)
        for word in words {
            assembler.place(leaves[word]!)
            for group in byLastWord[word]!.sorted(by: { ($0.high, $0.low) < ($1.high, $1.low) }) {
                let next = assembler.label()
                for (index, expected) in group.words.prefix(3).enumerated() {
                    assembler.emit(
                        Code.loadMemory, PacketFilter.Scratch.address + UInt32(index))
                    assembler.branch(Code.jumpEqual, expected, onFalse: next)
                }
                assembler.jump(targets[group]!)
                assembler.place(next)
            }
            assembler.jump(drop)
        }
    }

    /// Halves the sorted `keys` until A is found among them, or not.
    private mutating func emitSearch(
        _ keys: ArraySlice<UInt32>, _ leaves: [UInt32: BPFAssembler.Label]
    ) {
        if keys.count <= 2 {
            for key in keys { assembler.branch(Code.jumpEqual, key, onTrue: leaves[key]!) }
            assembler.jump(drop)
            return
        }
        let middle = keys.startIndex + keys.count / 2
        let upper = assembler.label()
        assembler.branch(Code.jumpAtLeast, keys[middle], onTrue: upper)
        emitSearch(keys[..<middle], leaves)
        assembler.place(upper)
        emitSearch(keys[middle...], leaves)
    }

    /// For a packet to the group: is its port, or its sender, in no line?
    private mutating func emitStrayChecks(of group: IPAddress) {
        let lines = addresses.filter { $0.group == group }
        let byPort = Dictionary(grouping: lines, by: \.port)
        assembler.emit(Code.loadMemory, PacketFilter.Scratch.port)
        let ports = byPort.keys.sorted()
        if purpose == .wrongPorts {
            for port in ports { assembler.branch(Code.jumpEqual, UInt32(port), onTrue: drop) }
            assembler.jump(accept)
            return
        }
        for port in ports where byPort[port]!.allSatisfy({ !$0.sources.isEmpty }) {
            let next = assembler.label()
            assembler.branch(Code.jumpEqual, UInt32(port), onFalse: next)
            let sources = Set(byPort[port]!.flatMap(\.sources))
            emitSourceCheck(
                sources.sorted { ($0.high, $0.low) < ($1.high, $1.low) }, isV4: group.isV4)
            assembler.place(next)
        }
        assembler.jump(drop)
    }

    private mutating func emitSourceCheck(_ sources: [IPAddress], isV4: Bool) {
        if isV4 { assembler.emit(Code.loadWord, 26) }
        for source in sources where source.isV4 == isV4 {
            if let number = source.v4 {
                assembler.branch(Code.jumpEqual, number, onTrue: drop)
                continue
            }
            let next = assembler.label()
            for (index, expected) in source.words.enumerated() {
                assembler.emit(Code.loadWord, 22 + 4 * UInt32(index))
                assembler.branch(Code.jumpEqual, expected, onFalse: next)
            }
            assembler.jump(drop)
            assembler.place(next)
        }
        assembler.jump(accept)
    }
}

extension IPAddress {
    /// The four words of the IPv6 form, in wire order.
    fileprivate var words: [UInt32] {
        [high >> 32, high, low >> 32, low].map { UInt32(truncatingIfNeeded: $0) }
    }
}
