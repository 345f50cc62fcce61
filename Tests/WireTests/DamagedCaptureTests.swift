import Foundation
import Testing
import Wire

@Suite struct DamagedCaptureTests {
    private static func capture(isPcapng: Bool) -> (bytes: [UInt8], ends: [Int], header: Int) {
        var ends: [Int] = []
        if !isPcapng {
            var file = CaptureBytes.pcap()
            for _ in 0..<3 {
                file.addRecord(Example.frame)
                ends.append(file.bytes.count)
            }
            return (file.bytes, [24] + ends, 24)
        }
        var file = CaptureBytes()
        file.addSection()
        ends.append(file.bytes.count)
        file.addInterface(options: [(2, [UInt8]("eth0".utf8))])
        ends.append(file.bytes.count)
        file.addPacket(Example.frame)
        ends.append(file.bytes.count)
        file.addSimplePacket(Example.frame, original: 52)
        ends.append(file.bytes.count)
        return (file.bytes, ends, 4)
    }

    @Test(arguments: [false, true])
    func cutAtEveryByte(_ isPcapng: Bool) throws {
        let (bytes, ends, header) = Self.capture(isPcapng: isPcapng)
        let whole = try Reading(bytes: bytes).packets
        #expect(whole.count == (isPcapng ? 2 : 3))
        for count in 0..<header {
            #expect(throws: CaptureFileError.self) {
                try CaptureReader(bytes: Array(bytes.prefix(count)))
            }
        }
        for count in header...bytes.count {
            let reading = try Reading(bytes: Array(bytes.prefix(count)))
            let complete = ends.filter { $0 <= count }
            #expect(reading.error == nil)
            let packetCount = max(0, complete.count - (isPcapng ? 2 : 1))
            #expect(reading.packets == Array(whole.prefix(packetCount)))
            let last = complete.last ?? 0
            let cut = CaptureTruncation(
                part: isPcapng ? .block : .packet, byteOffset: UInt64(last),
                bytesPresent: UInt64(count - last))
            #expect(reading.truncation == (last == count ? nil : cut))
        }
    }

    /// Nothing that stands in a file may crash, hang or read outside; and what is read must not
    /// depend on anything but the bytes.
    @Test func mutatedCapturesAreReadOrRefused() throws {
        let files = Place.files(
            under: Place.fixtures.appendingPathComponent("captures"),
            withExtensions: ["pcap", "pcapng"])
        var generator = SeededGenerator(state: 20_260_101)
        var (clean, cut, refused) = (0, 0, 0)
        for file in files {
            let original = try Place.bytes(file)
            for _ in 0..<(original.count > 4096 ? 10 : 40) {
                let bytes = Self.mutate(original, &generator)
                guard let reading = try? Reading(bytes: bytes) else {
                    refused += 1
                    continue
                }
                let total = reading.packets.reduce(0) { $0 + $1.bytes.count }
                #expect(total <= bytes.count)
                #expect(reading.byteOffset <= UInt64(bytes.count))
                #expect(reading.error == nil || reading.truncation == nil)
                if reading.error == nil && reading.truncation == nil {
                    #expect(reading.byteOffset == UInt64(bytes.count))
                }
                if reading.truncation != nil { cut += 1 } else { clean += 1 }
                if clean % 16 == 0 {
                    #expect(try Reading(bytes: bytes).packets == reading.packets)
                }
            }
        }
        // Otherwise the mutations would miss what they are for.
        #expect(clean > 300 && cut > 100 && refused > 10)
    }

    /// Flips bits, overwrites words with extremes, removes or repeats a stretch, cuts the end.
    private static func mutate(
        _ original: [UInt8], _ generator: inout SeededGenerator
    ) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(index + Int.random(in: 1...16, using: &generator), bytes.count)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0, 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2:
                let extremes: [UInt8] = [0, 0xFF, 0x7F, 0x80]
                let word = extremes.randomElement(using: &generator) ?? 0
                for place in index..<end { bytes[place] = word }
            case 3 where bytes.count > 64: bytes.removeSubrange(index..<end)
            case 4: bytes.insert(contentsOf: bytes[index..<end], at: index)
            default: bytes[index] = UInt8.random(in: 0...255, using: &generator)
            }
        }
        if Int.random(in: 0..<8, using: &generator) == 0 {
            bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
        }
        return bytes
    }

    /// Every rejection reason at once: each byte of a packet set to each of some values, and the
    /// packet cut anywhere.
    @Test func mutatedPacketsAreDissectedOrRejected() {
        var counts = [Int](repeating: 0, count: PacketRejection.allCases.count)
        var datagrams = 0
        for index in 0..<Example.frame.count {
            for value in [0, 1, 0x11, 0x40, 0x45, 0x4F, 0x60, 0x7F, 0x80, 0x86, 0xDD, 0xFF] {
                var frame = Example.frame
                frame[index] = UInt8(value)
                for count in [frame.count, frame.count - index] {
                    let cut = Array(frame.prefix(count))
                    switch dissect(cut, originalLength: index % 2 * 52, verifyUDPChecksum: true) {
                    case .datagram(let datagram):
                        datagrams += 1
                        #expect(datagram.payload.count <= 10)
                    case .rejected(let reason): counts[Int(reason.rawValue)] += 1
                    }
                }
            }
        }
        #expect(datagrams > 0)
        #expect(datagrams + counts.reduce(0, +) == Example.frame.count * 24)
        for (index, reason) in PacketRejection.allCases.enumerated() {
            #expect(Int(reason.rawValue) == index)
        }
    }
}
