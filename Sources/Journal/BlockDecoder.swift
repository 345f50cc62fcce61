import CLinux
import CZstd
import Glibc
import Ticks

/// Why a block cannot be read.
public enum BlockDamage: Error, Equatable, Sendable {
    /// The header's own checksum or fields are wrong, or there is no header where one must be.
    case header
    /// The file ends inside the block.
    case truncated
    /// The payload is not what the header's checksum says.
    case checksum
    /// zstd refuses the payload, or it unpacks to another size.
    case compression
    /// The columns contradict themselves.
    case columns
    /// The body of definitions, index or segment header is not well formed.
    case body
    /// The footer is missing its index, or contradicts it.
    case footer
    /// A block of another segment, or one that is out of turn.
    case order
}

/// Turns blocks back into what they hold, in memory that it keeps.
final class BlockDecoder {
    private let context: OpaquePointer
    private var columns: TickDecoder?
    private var decoderTicksMax = 0
    private var ticks: UnsafeMutableBufferPointer<Tick> = .init(start: nil, count: 0)
    private let raw = ByteBuffer(capacity: 1 << 16)

    /// - Parameter checksContents: have zstd check what it unpacked, too. The block's own checksum
    ///   covers the payload as stored and is always checked.
    init(checksContents: Bool = true) {
        guard let context = ZSTD_createDCtx() else { preconditionFailure("out of memory") }
        self.context = context
        // ZSTD_d_forceIgnoreChecksum.
        ZSTD_DCtx_setParameter(context, ZSTD_d_experimentalParam3, checksContents ? 0 : 1)
    }

    deinit {
        ZSTD_freeDCtx(context)
        free(ticks.baseAddress)
    }

    /// The unpacked payload; valid until the next call.
    func body(
        of header: BlockHeader, payload: UnsafeRawBufferPointer
    ) throws(BlockDamage) -> UnsafeRawBufferPointer {
        guard payload.count == Int(header.compressedSize) else { throw .truncated }
        guard clinux_crc32c(0, payload.baseAddress, payload.count) == header.payloadChecksum
        else { throw .checksum }
        raw.truncate(to: 0)
        let rawSize = Int(header.rawSize)
        guard rawSize <= BlockHeader.rawSizeMax else { throw .compression }
        if payload.isEmpty && rawSize == 0 { return raw.contents }
        let room = raw.reserve(
            rawSize + TickDecoder.slack(count: min(Int(header.count), TickColumns.ticksMax)))
        let size = ZSTD_decompressDCtx(
            context, room, rawSize, payload.baseAddress, payload.count)
        guard ZSTD_isError(size) == 0, size == rawSize else { throw .compression }
        raw.grow(by: size)
        return raw.contents
    }

    /// The ticks of a `ticks` or `image` block; valid until the next call.
    func ticks(
        of header: BlockHeader, payload: UnsafeRawBufferPointer
    ) throws(BlockDamage) -> UnsafeBufferPointer<Tick> {
        let body = try body(of: header, payload: payload)
        let count = Int(header.count)
        guard count > 0 else {
            guard body.isEmpty else { throw .columns }
            return UnsafeBufferPointer(start: nil, count: 0)
        }
        do throws(ColumnError) {
            try decoder(for: count).decode(body, count: count, into: ticks.baseAddress!)
        } catch {
            throw .columns
        }
        return UnsafeBufferPointer(rebasing: ticks[0..<count])
    }

    /// A decoder, and room, for that many ticks; grows by doubling.
    private func decoder(for count: Int) -> TickDecoder {
        if let columns, decoderTicksMax >= count { return columns }
        decoderTicksMax = min(max(count, decoderTicksMax * 2), TickColumns.ticksMax)
        free(ticks.baseAddress)
        ticks = UnsafeMutableBufferPointer(
            start: .zeroed(capacity: decoderTicksMax), count: decoderTicksMax)
        let decoder = TickDecoder(ticksMax: decoderTicksMax)
        columns = decoder
        return decoder
    }
}
