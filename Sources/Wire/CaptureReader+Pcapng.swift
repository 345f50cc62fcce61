/// What the blocks of the current pcapng section need to know of it (capture-formats.md §3).
struct PcapngSection {
    /// The Section Header Block's type, the same in either byte order.
    static let headerType: UInt32 = 0x0A0D_0D0A
    static let byteOrderMagic: UInt32 = 0x1A2B_3C4D

    var isSwapped = false
    /// Counted from 0; -1 before the first.
    var index = -1
    /// The number of interfaces of earlier sections.
    var firstInterface = 0
    var clocks: [InterfaceClock] = []
}

/// What every packet needs to know of its interface.
struct InterfaceClock {
    var unit: TimestampUnit
    var linkType: LinkType
    var snapLength: UInt32
    var fcsLength: Int
}

private enum BlockType {
    static let interface: UInt32 = 1
    static let obsoletePacket: UInt32 = 2
    static let simplePacket: UInt32 = 3
    static let enhancedPacket: UInt32 = 6
    static let customCopied: UInt32 = 0x0000_0BAD
    static let customNotCopied: UInt32 = 0x4000_0BAD
}

extension CaptureReader {
    func nextPcapng() throws(CaptureFileError) -> CaptureRecord? {
        while true {
            guard try window.has(12) else { return endOfInput(in: .block) }
            let type = load(window.cursor, 0, as: UInt32.self, swapped: section.isSwapped)
            if type == PcapngSection.headerType { try beginSection() }
            let swapped = section.isSwapped
            let total = load(window.cursor, 4, as: UInt32.self, swapped: swapped)
            guard total >= 12, total % 4 == 0, total <= Self.maximumLength else {
                throw failure(.badBlockLength(total), at: 4)
            }
            let length = Int(total)
            guard try window.has(length) else { return endOfInput(in: .block) }
            let block = UnsafeRawBufferPointer(start: window.cursor, count: length)
            let start = window.cursor
            guard load(start, length - 4, as: UInt32.self, swapped: swapped) == total else {
                throw failure(.badBlockLength(total), at: length - 4)
            }
            let record = try decode(type: type, block: block)
            window.cursor = start + length
            if let record { return record }
        }
    }

    private func decode(
        type: UInt32, block: UnsafeRawBufferPointer
    ) throws(CaptureFileError) -> CaptureRecord? {
        switch type {
        case BlockType.enhancedPacket, BlockType.obsoletePacket:
            return try packet(block, isObsolete: type == BlockType.obsoletePacket)
        case BlockType.simplePacket: return try simplePacket(block)
        case BlockType.interface: try addInterface(block)
        case BlockType.customCopied, BlockType.customNotCopied: return try custom(block)
        case PcapngSection.headerType: try checkSection(block)
        default: break
        }
        return nil
    }

    /// Learns the byte order of the section that begins at the cursor, before its length is read.
    private func beginSection() throws(CaptureFileError) {
        let magic = window.cursor.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
        switch magic {
        case PcapngSection.byteOrderMagic: section.isSwapped = false
        case PcapngSection.byteOrderMagic.byteSwapped: section.isSwapped = true
        default: throw failure(.badByteOrderMagic(magic.bigEndian), at: 8)
        }
        section.index += 1
        section.firstInterface = interfaces.count
        section.clocks.removeAll(keepingCapacity: true)
    }

    private func checkSection(_ block: UnsafeRawBufferPointer) throws(CaptureFileError) {
        guard block.count >= 28 else { throw failure(.badBlockLength(UInt32(block.count)), at: 4) }
        let base = block.baseAddress!
        let major = load(base, 12, as: UInt16.self, swapped: section.isSwapped)
        let minor = load(base, 14, as: UInt16.self, swapped: section.isSwapped)
        guard major == 1, minor == 0 || minor == 2 else {
            throw failure(.unsupportedVersion(major: major, minor: minor), at: 12)
        }
    }

    private func custom(
        _ block: UnsafeRawBufferPointer
    ) throws(CaptureFileError) -> CaptureRecord {
        guard block.count >= 16 else { throw failure(.badBlockLength(UInt32(block.count)), at: 4) }
        return .custom(
            enterprise: load(block.baseAddress!, 8, as: UInt32.self, swapped: section.isSwapped),
            data: UnsafeRawBufferPointer(rebasing: block[12..<(block.count - 4)]))
    }
}

// MARK: - Packets

extension CaptureReader {
    /// An Enhanced Packet Block, or the obsolete Packet Block, which differs only in its first
    /// 4 bytes: u16 interface and u16 drop count in place of a u32 interface.
    private func packet(
        _ block: UnsafeRawBufferPointer, isObsolete: Bool
    ) throws(CaptureFileError) -> CaptureRecord {
        guard block.count >= 32 else { throw failure(.badBlockLength(UInt32(block.count)), at: 4) }
        let base = block.baseAddress!
        let swapped = section.isSwapped
        let id =
            isObsolete
            ? UInt32(load(base, 8, as: UInt16.self, swapped: swapped))
            : load(base, 8, as: UInt32.self, swapped: swapped)
        guard id < section.clocks.count else { throw failure(.unknownInterface(id), at: 8) }
        let clock = section.clocks[Int(id)]
        let captured = load(base, 20, as: UInt32.self, swapped: swapped)
        guard captured <= block.count - 32 else {
            throw failure(.absurdCapturedLength(captured), at: 20)
        }
        let units =
            UInt64(load(base, 12, as: UInt32.self, swapped: swapped)) << 32
            | UInt64(load(base, 16, as: UInt32.self, swapped: swapped))
        let time = clock.unit.nanoseconds(units)
        var fcsLength = clock.fcsLength
        let optionsStart = 28 + (Int(captured) + 3) & ~3
        if optionsStart < block.count - 4 {
            let stated = try statedFCS(block, optionsStart: optionsStart)
            if stated != 0 { fcsLength = stated }
        }
        let original = load(base, 24, as: UInt32.self, swapped: swapped)
        return .packet(
            CapturedPacket(
                bytes: UnsafeRawBufferPointer(start: base + 28, count: Int(captured)),
                timeNanoseconds: time ?? 0, hasTime: time != nil, originalLength: original,
                interface: section.firstInterface + Int(id), linkType: clock.linkType,
                fcsLength: capturedFCS(
                    onWire: fcsLength, captured: captured, original: original)))
    }

    /// Bits 5–8 of the flags option (code 2 in both packet blocks); 0 when not stated.
    private func statedFCS(
        _ block: UnsafeRawBufferPointer, optionsStart: Int
    ) throws(CaptureFileError) -> Int {
        var options = PcapngOptions(
            block, from: optionsStart, isSwapped: section.isSwapped)
        while let option = options.next() {
            if option.code == 2, option.value.count == 4 {
                let flags = load(
                    option.value.baseAddress!, 0, as: UInt32.self, swapped: section.isSwapped)
                return Int(flags >> 5 & 0xF)
            }
        }
        if options.isDamaged { throw failure(.badOption, at: options.offset) }
        return 0
    }

    private func simplePacket(
        _ block: UnsafeRawBufferPointer
    ) throws(CaptureFileError) -> CaptureRecord {
        guard block.count >= 16 else { throw failure(.badBlockLength(UInt32(block.count)), at: 4) }
        guard let clock = section.clocks.first else { throw failure(.unknownInterface(0)) }
        let base = block.baseAddress!
        let original = load(base, 8, as: UInt32.self, swapped: section.isSwapped)
        var captured = min(original, UInt32(block.count - 16))
        if clock.snapLength != 0 { captured = min(captured, clock.snapLength) }
        return .packet(
            CapturedPacket(
                bytes: UnsafeRawBufferPointer(start: base + 12, count: Int(captured)),
                timeNanoseconds: 0, hasTime: false, originalLength: original,
                interface: section.firstInterface, linkType: clock.linkType,
                fcsLength: capturedFCS(
                    onWire: clock.fcsLength, captured: captured, original: original)))
    }
}

// MARK: - Interfaces

extension CaptureReader {
    private func addInterface(_ block: UnsafeRawBufferPointer) throws(CaptureFileError) {
        guard block.count >= 20 else { throw failure(.badBlockLength(UInt32(block.count)), at: 4) }
        guard interfaces.count < Self.maximumInterfaces else { throw failure(.tooManyInterfaces) }
        let base = block.baseAddress!
        let swapped = section.isSwapped
        var interface = CaptureInterface(
            name: nil, description: nil, filter: nil,
            linkType: LinkType(rawValue: load(base, 8, as: UInt16.self, swapped: swapped)),
            snapLength: load(base, 12, as: UInt32.self, swapped: swapped),
            resolution: .decimal(exponent: 6), offsetSeconds: 0, fcsLength: 0,
            section: section.index)
        var options = PcapngOptions(block, from: 16, isSwapped: swapped)
        while let option = options.next() { interface.apply(option, isSwapped: swapped) }
        if options.isDamaged { throw failure(.badOption, at: options.offset) }
        interfaces.append(interface)
        section.clocks.append(
            InterfaceClock(
                unit: TimestampUnit(
                    interface.resolution, offsetSeconds: interface.offsetSeconds),
                linkType: interface.linkType, snapLength: interface.snapLength,
                fcsLength: interface.fcsLength))
    }
}

extension CaptureInterface {
    /// Takes over an option of an Interface Description Block; one of an impossible length is
    /// ignored like an unknown one.
    fileprivate mutating func apply(_ option: PcapngOptions.Option, isSwapped: Bool) {
        let value = option.value
        switch (option.code, value.count) {
        case (2, _): name = String(decoding: value, as: UTF8.self)
        case (3, _): description = String(decoding: value, as: UTF8.self)
        case (9, 1):
            let exponent = value[0] & 0x7F
            resolution =
                value[0] & 0x80 == 0
                ? .decimal(exponent: exponent) : .binary(exponent: exponent)
        case (11, 1...) where value[0] == 0:
            // The first byte tells the kind of filter: 0 = text, 1 = BPF byte code.
            filter = String(decoding: value.dropFirst(), as: UTF8.self)
        case (13, 1):
            // Said to be bits, but given in bytes by the draft's own example: no checksum of a
            // link layer has fewer than 8 bits or more than 7 bytes (capture-formats.md §11).
            fcsLength = Int(value[0] < 8 ? value[0] : value[0] / 8)
        case (14, 8):
            offsetSeconds = load(value.baseAddress!, 0, as: Int64.self, swapped: isSwapped)
        default: break
        }
    }
}
