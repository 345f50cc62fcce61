import CPcap
import Foundation
import Testing
import Wire

/// libpcap's view of a file.
private struct LibpcapReading {
    struct Packet: Equatable {
        var bytes: [UInt8]
        var time: UInt64
        var originalLength: UInt32
    }

    var packets: [Packet] = []
    /// False when libpcap gave up inside the file.
    var isComplete = false

    /// Nil when libpcap does not open the file.
    init?(_ file: URL) {
        var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        guard
            let handle = pcap_open_offline_with_tstamp_precision(
                file.path, UInt32(PCAP_TSTAMP_PRECISION_NANO), &message)
        else { return nil }
        defer { pcap_close(handle) }
        var header: UnsafeMutablePointer<pcap_pkthdr>?
        var data: UnsafePointer<UInt8>?
        var status = pcap_next_ex(handle, &header, &data)
        while status == 1, let packet = header?.pointee {
            let bytes = UnsafeRawBufferPointer(start: data, count: Int(packet.caplen))
            let seconds = UInt64(truncatingIfNeeded: packet.ts.tv_sec)
            packets.append(
                Packet(
                    bytes: [UInt8](bytes),
                    time: seconds &* 1_000_000_000 &+ UInt64(packet.ts.tv_usec),
                    originalLength: packet.len))
            status = pcap_next_ex(handle, &header, &data)
        }
        isComplete = status == -2
    }
}

@Suite struct LibpcapTests {
    private static let files: [URL] = {
        let extensions: Set<String> = ["pcap", "pcapng"]
        let fixtures = Place.files(
            under: Place.fixtures.appendingPathComponent("captures"), withExtensions: extensions)
        let samples = Place.samples.map {
            Place.files(under: $0, withExtensions: extensions)
        }
        return fixtures + (samples ?? [])
    }()

    /// Where libpcap gives up inside a file (interfaces of differing link types), what it has read
    /// until then is compared.
    @Test func packetsEqualThoseOfLibpcap() throws {
        var opened = 0
        var compared = 0
        for file in Self.files {
            guard let libpcap = LibpcapReading(file) else { continue }
            opened += 1
            let ours = try Reading(path: file.path).packets
            if libpcap.isComplete {
                #expect(libpcap.packets.count == ours.count, "\(file.path)")
            }
            for (index, pair) in zip(libpcap.packets, ours).enumerated() {
                compared += 1
                let packet = LibpcapReading.Packet(
                    bytes: pair.1.bytes, time: pair.1.time ?? 0,
                    originalLength: pair.1.originalLength)
                if packet != pair.0 {
                    Issue.record("\(file.path) packet \(index + 1): \(packet) is not \(pair.0)")
                }
            }
        }
        #expect(opened >= 20)
        #expect(compared >= 100)
    }
}
