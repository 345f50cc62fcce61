/// The layout of one classic pcap file (capture-formats.md §2).
struct PcapLayout {
    /// What the magic number tells.
    struct Variant {
        var isSwapped: Bool
        /// 6 or 9 digits of a second.
        var exponent: UInt8
        /// The "modified" format has 8 more bytes in each record header, Ixia's 4 more in the file
        /// header (capture-formats.md §1). Both count microseconds, as Wireshark reads them.
        var isModified = false
        var isIxia = false

        var fileHeaderLength: Int { isIxia ? 28 : 24 }

        /// Nil unless `magic`, the file's first bytes as a big-endian number, is one of pcap's.
        init?(magic: UInt32) {
            let big: UInt32
            let isBig: Bool
            switch magic {
            case 0xA1B2_C3D4, 0xA1B2_3C4D, 0xA1B2_CD34, 0x1C00_01AC, 0x1C00_01AB:
                (big, isBig) = (magic, true)
            default: (big, isBig) = (magic.byteSwapped, false)
            }
            isSwapped = isBig != (1.bigEndian == 1)
            switch big {
            case 0xA1B2_C3D4: exponent = 6
            case 0xA1B2_3C4D: exponent = 9
            case 0xA1B2_CD34: (exponent, isModified) = (6, true)
            case 0x1C00_01AC, 0x1C00_01AB: (exponent, isIxia) = (6, true)
            default: return nil
            }
        }
    }

    let isSwapped: Bool
    let fileHeaderLength: Int
    let recordHeaderLength: Int
    let nanosecondsPerUnit: UInt64
    let unitsPerSecond: UInt32
    let exponent: UInt8
    let snapLength: UInt32
    let maximumCaptured: UInt32
    let linkType: LinkType
    let fcsLength: Int
    let majorVersion: UInt16
    let minorVersion: UInt16

    /// `header` has the variant's header length.
    init(variant: Variant, header: UnsafeRawPointer) {
        let swapped = variant.isSwapped
        isSwapped = swapped
        fileHeaderLength = variant.fileHeaderLength
        recordHeaderLength = variant.isModified ? 24 : 16
        nanosecondsPerUnit = variant.exponent == 9 ? 1 : 1000
        unitsPerSecond = variant.exponent == 9 ? 1_000_000_000 : 1_000_000
        majorVersion = load(header, 4, as: UInt16.self, swapped: swapped)
        minorVersion = load(header, 6, as: UInt16.self, swapped: swapped)
        exponent = variant.exponent
        snapLength = load(header, 16, as: UInt32.self, swapped: swapped)
        let link = load(header, 20, as: UInt32.self, swapped: swapped)
        maximumCaptured = min(max(snapLength, 262_144), CaptureReader.maximumLength)
        linkType = LinkType(rawValue: UInt16(truncatingIfNeeded: link))
        fcsLength = link & 0x0400_0000 == 0 ? 0 : Int(link >> 28) * 2
    }
}

extension CaptureInterface {
    /// The only interface of a classic pcap file.
    init(_ layout: PcapLayout) {
        self.init(
            name: nil, description: nil, filter: nil, linkType: layout.linkType,
            snapLength: layout.snapLength, resolution: .decimal(exponent: layout.exponent),
            offsetSeconds: 0, fcsLength: layout.fcsLength, section: 0)
    }
}

extension CaptureReader {
    @inline(__always)
    func nextPcap(_ layout: PcapLayout) throws(CaptureFileError) -> CaptureRecord? {
        let header = layout.recordHeaderLength
        guard try window.has(header) else { return endOfInput(in: .packet) }
        let swapped = layout.isSwapped
        let captured = load(window.cursor, 8, as: UInt32.self, swapped: swapped)
        guard captured <= layout.maximumCaptured else {
            throw failure(.absurdCapturedLength(captured), at: 8)
        }
        let length = header + Int(captured)
        guard try window.has(length) else { return endOfInput(in: .packet) }
        let record = window.cursor
        window.cursor = record + length
        let seconds = load(record, 0, as: UInt32.self, swapped: swapped)
        let fraction = load(record, 4, as: UInt32.self, swapped: swapped)
        if fraction >= layout.unitsPerSecond { oddFractionCount &+= 1 }
        let original = load(record, 12, as: UInt32.self, swapped: swapped)
        return .packet(
            CapturedPacket(
                bytes: UnsafeRawBufferPointer(start: record + header, count: Int(captured)),
                timeNanoseconds: UInt64(seconds) * 1_000_000_000
                    + UInt64(fraction) * layout.nanosecondsPerUnit,
                originalLength: original, linkType: layout.linkType,
                fcsLength: capturedFCS(
                    onWire: layout.fcsLength, captured: captured, original: original)))
    }

    /// How much of the frame check sequence, which ends the packet on the wire, was captured.
    @inline(__always)
    func capturedFCS(onWire length: Int, captured: UInt32, original: UInt32) -> Int {
        if length == 0 { return 0 }
        let missing = original > captured ? Int(original - captured) : 0
        return min(max(length - missing, 0), Int(captured))
    }
}
