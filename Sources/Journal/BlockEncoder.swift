import CLinux
import Ticks

/// Turns what blocks hold into bytes: compresses, checksums and puts the header in front.
final class BlockEncoder {
    private let compressor: PayloadCompressor
    private let columns: TickEncoder
    private let raw: ByteBuffer

    /// - Parameter level: zstd's compression level.
    init(ticksMax: Int, level: Int32) {
        compressor = PayloadCompressor(level: level)
        columns = TickEncoder(ticksMax: ticksMax)
        raw = ByteBuffer(capacity: TickColumns.rawSizeMax(count: ticksMax))
    }

    /// Appends a block of ticks; fills in the sizes, the count and the checksum of `header`.
    func append(
        _ ticks: UnsafeBufferPointer<Tick>, header: inout BlockHeader, to output: ByteBuffer
    ) {
        guard let start = ticks.baseAddress else { preconditionFailure("a block of no ticks") }
        raw.truncate(to: 0)
        let room = raw.reserve(TickColumns.rawSizeMax(count: ticks.count))
        raw.grow(by: columns.encode(start, count: ticks.count, into: room))
        header.count = UInt32(ticks.count)
        finish(raw.contents, pieces: columns.pieceEnds, header: &header, to: output)
    }

    /// Appends a block with the given body.
    func append(
        _ body: UnsafeRawBufferPointer, header: inout BlockHeader, to output: ByteBuffer
    ) {
        finish(body, pieces: nil, header: &header, to: output)
    }

    private func finish(
        _ body: UnsafeRawBufferPointer, pieces: [Int]?, header: inout BlockHeader,
        to output: ByteBuffer
    ) {
        precondition(body.count <= BlockHeader.rawSizeMax, "a block too large for the format")
        let headerSize = header.headerSize
        let room = PayloadCompressor.bound(size: body.count, pieces: pieces?.count ?? 1)
        let start = output.reserve(headerSize + room)
        let payload = start + headerSize
        let size =
            if let pieces {
                compressor.compress(body, ends: pieces, payload, room: room)
            } else {
                compressor.compress(body, payload, room: room)
            }
        header.rawSize = UInt32(body.count)
        header.compressedSize = UInt32(size)
        header.payloadChecksum = clinux_crc32c(0, start + headerSize, size)
        header.encode(into: start)
        output.grow(by: headerSize + size)
    }
}
