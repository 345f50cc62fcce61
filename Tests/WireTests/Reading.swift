import Wire

/// A datagram that owns its bytes.
struct OwnedDatagram: Equatable {
    var source: String
    var destination: String
    var sourcePort: UInt16
    var destinationPort: UInt16
    var payload: [UInt8]
}

enum Outcome: Equatable {
    case datagram(OwnedDatagram)
    case rejected(PacketRejection)
}

extension Dissection {
    var owned: Outcome {
        switch self {
        case .rejected(let reason): .rejected(reason)
        case .datagram(let datagram):
            .datagram(
                OwnedDatagram(
                    source: datagram.source.description,
                    destination: datagram.destination.description,
                    sourcePort: datagram.sourcePort, destinationPort: datagram.destinationPort,
                    payload: [UInt8](datagram.payload)))
        }
    }
}

struct OwnedPacket: Equatable {
    var bytes: [UInt8]
    /// Nil for a packet without time.
    var time: UInt64?
    var originalLength: UInt32
    var interface: Int
    var linkType: LinkType
    var fcsLength: Int
    var outcome: Outcome
}

/// All that a reader delivers, copied.
struct Reading {
    var packets: [OwnedPacket] = []
    var customs: [(enterprise: UInt32, data: [UInt8])] = []
    var interfaces: [CaptureInterface] = []
    var truncation: CaptureTruncation?
    var error: CaptureFileError?
    var oddFractionCount: UInt64 = 0
    var byteOffset: UInt64 = 0

    init(_ reader: CaptureReader, verifyUDPChecksum: Bool = false) {
        let dissector = PacketDissector(verifyUDPChecksum: verifyUDPChecksum)
        do throws(CaptureFileError) {
            while let record = try reader.next() {
                switch record {
                case .custom(let enterprise, let data):
                    customs.append((enterprise, [UInt8](data)))
                case .packet(let packet):
                    packets.append(
                        OwnedPacket(
                            bytes: [UInt8](packet.bytes),
                            time: packet.hasTime ? packet.timeNanoseconds : nil,
                            originalLength: packet.originalLength, interface: packet.interface,
                            linkType: packet.linkType, fcsLength: packet.fcsLength,
                            outcome: dissector.dissect(packet).owned))
                }
            }
        } catch {
            self.error = error
        }
        interfaces = reader.interfaces
        truncation = reader.truncation
        oddFractionCount = reader.oddFractionCount
        byteOffset = reader.byteOffset
    }

    init(path: String) throws(CaptureFileError) {
        self.init(try CaptureReader(path: path))
    }

    init(bytes: [UInt8]) throws(CaptureFileError) {
        self.init(try CaptureReader(bytes: bytes))
    }
}

/// The outcome of one packet that no file holds.
func dissect(
    _ bytes: [UInt8], linkType: LinkType = .ethernet, originalLength: Int? = nil,
    fcsLength: Int = 0, verifyUDPChecksum: Bool = false
) -> Outcome {
    bytes.withUnsafeBytes { buffer in
        PacketDissector(verifyUDPChecksum: verifyUDPChecksum).dissect(
            CapturedPacket(
                bytes: buffer, timeNanoseconds: 0,
                originalLength: UInt32(originalLength ?? bytes.count), linkType: linkType,
                fcsLength: fcsLength)
        ).owned
    }
}
