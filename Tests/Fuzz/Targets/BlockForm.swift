import CLinux

/// Segments with their payloads unpacked (Sources/Journal/FORMAT.md), and back: a block's header is
/// followed by its body as it is before compression.
enum BlockForm {
    private static let frameMagic: UInt32 = 0x184D_2A5B
    private static let blockMagic: UInt32 = 0x424A_4C54
    private static let footerMagic: UInt32 = 0x464A_4C54
    private static let footerSize = 48
    private static let indexKind: UInt8 = 6

    private enum Piece { case block(headerSize: Int), footer, other }

    private static func piece(_ bytes: ArraySlice<UInt8>) -> Piece {
        guard bytes.count >= 16, word(bytes, 0) == frameMagic else { return .other }
        let headerSize = 104 + 32 * Int(bytes[bytes.startIndex + 15])
        if word(bytes, 8) == blockMagic, bytes.count >= headerSize {
            return .block(headerSize: headerSize)
        }
        return word(bytes, 8) == footerMagic && bytes.count >= footerSize ? .footer : .other
    }

    /// Compresses bodies and corrects sizes, checksums and the footer's offset.
    static func pack(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var rest = bytes[...]
        var indexOffset = 0
        while !rest.isEmpty {
            switch piece(rest) {
            case .other:
                output += rest
                return output
            case .footer:
                var footer = Array(rest.prefix(footerSize))
                set(&footer, 28, UInt32(truncatingIfNeeded: indexOffset))
                set(&footer, 44, crc(Array(footer.prefix(44))))
                output += footer
                rest = rest.dropFirst(footerSize)
            case .block(let headerSize):
                var header = Array(rest.prefix(headerSize))
                rest = rest.dropFirst(headerSize)
                let rawSize = Int(word(header[...], 28))
                let body = Array(rest.prefix(rawSize))
                rest = rest.dropFirst(body.count)
                let payload = rawSize == 0 ? [] : Zstd.compress(body)
                if header[14] == indexKind { indexOffset = output.count }
                set(&header, 16, 0)
                set(&header, 20, crc(payload))
                set(&header, 24, UInt32(payload.count))
                set(&header, 16, crc(header))
                output += header
                output += payload
            }
        }
        return output
    }

    /// The other way; what is no whole block stays as it is.
    static func unpack(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var rest = bytes[...]
        while case .block(let headerSize) = piece(rest) {
            let payloadSize = Int(word(rest, 24))
            let payload = Array(rest.dropFirst(headerSize).prefix(payloadSize))
            let rawSize = Int(word(rest, 28))
            guard let body = rawSize == 0 ? [] : Zstd.decompress(payload, size: rawSize) else {
                break
            }
            output += rest.prefix(headerSize)
            output += body
            rest = rest.dropFirst(headerSize + payloadSize)
        }
        return output + rest
    }

    private static func crc(_ bytes: [UInt8]) -> UInt32 { clinux_crc32c(0, bytes, bytes.count) }

    private static func word(_ bytes: ArraySlice<UInt8>, _ offset: Int) -> UInt32 {
        bytes.dropFirst(offset).prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func set(_ bytes: inout [UInt8], _ offset: Int, _ value: UInt32) {
        for index in 0..<4 {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
        }
    }
}
