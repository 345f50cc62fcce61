import CLinux
import Testing

@Suite struct ChecksumTests {
    /// RFC 1071 §2 as it is written, 16 bits at a time.
    private func reference(_ bytes: some Collection<UInt8>, _ start: UInt32) -> UInt16 {
        var sum = UInt64(start)
        for (index, byte) in bytes.enumerated() {
            sum += UInt64(byte) << (index % 2 == 0 ? 8 : 0)
        }
        while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
        return UInt16(sum)
    }

    @Test func exampleOfTheRFC() {
        let bytes: [UInt8] = [0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]
        #expect(clinux_internet_sum(bytes, bytes.count, 0) == 0xDDF2)
    }

    @Test func everyLengthAndAlignmentEqualsTheReference() {
        var generator = SeededGenerator(state: 1071)
        var bytes = (0..<400).map { _ in UInt8.random(in: 0...255, using: &generator) }
        bytes.replaceSubrange(100..<200, with: repeatElement(0xFF, count: 100))
        bytes.withUnsafeBufferPointer { buffer in
            for offset in 0..<9 {
                for length in 0...(buffer.count - offset) {
                    let start =
                        length % 3 == 0 ? 0 : UInt32.random(in: 0...UInt32.max, using: &generator)
                    let sum = clinux_internet_sum(buffer.baseAddress! + offset, length, start)
                    let expected = reference(buffer[offset..<offset + length], start)
                    // The reference never turns a non-zero sum into 0, nor does the shim.
                    if sum != expected { Issue.record("\(offset) \(length): \(sum) \(expected)") }
                }
            }
        }
    }
}
