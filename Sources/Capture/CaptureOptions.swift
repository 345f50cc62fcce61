/// How sources are set up; `capture` of the configuration.
public struct CaptureOptions: Sendable, Equatable {
    public enum ZeroCopy: String, CaseIterable, Sendable, Codable {
        /// Zero copy if the driver can, otherwise copies.
        case auto
        /// An error if the driver cannot.
        case require
        case off
    }

    /// Bytes of receive buffer to ask for, for each socket (`socket`, `uring`).
    public var receiveBufferBytes = 16 << 20
    /// `SO_BUSY_POLL` in microseconds; 0 for off.
    public var busyPollMicroseconds = 0
    /// Bytes of the mapped ring of one packet socket (`packet`), or of the kernel's buffer (`pcap`).
    public var ringBytes = 64 << 20
    /// Packet sockets, and threads, that share one interface by fanout (`packet`).
    public var fanoutCount = 1
    /// Receive queues (`xdp`).
    public var queues: [UInt32] = [0]
    /// Chunks of memory for packets: of one queue (`xdp`), of one source (`uring`, `socket`).
    public var frameCount = 4096
    /// Bytes of one chunk: a power of two; 2048 or 4096 for `xdp`.
    public var frameBytes = 2048
    public var zeroCopy = ZeroCopy.auto
    /// Packet memory on huge pages where the host has some free.
    public var usesHugePages = false
    /// Ask the network card for its own stamps.
    public var wantsHardwareTime = true
    /// A filter expression of libpcap's, instead of the one made from the lines (`pcap`).
    public var pcapFilter: String?

    public init() {}
}
