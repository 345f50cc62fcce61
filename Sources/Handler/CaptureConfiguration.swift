import Capture
import Wire

/// How a running handler gets its packets; `capture` of the configuration.
public struct CaptureConfiguration: Sendable, Equatable {
    /// Of lines that name no method of their own.
    public var method = CaptureMethod.socket
    public var options = CaptureOptions()
    /// A capture thread for each source; otherwise the core thread polls the sources itself.
    public var usesThreads = false
    /// Descriptors that fit between a capture thread and the core thread.
    public var frameRingCapacity = 8192

    public init() {}
}

extension CaptureConfiguration {
    static func read(_ root: ConfigurationNode) throws -> CaptureConfiguration {
        var configuration = CaptureConfiguration()
        guard let node = try root.child("capture") else { return configuration }
        if let method = try node.choice("method", of: CaptureMethod.self) {
            configuration.method = method
        }
        configuration.usesThreads = try node.boolean("threads", default: false)
        configuration.frameRingCapacity = try node.integer(
            "frameRing", in: 64...(1 << 24), default: configuration.frameRingCapacity)
        configuration.options = try readOptions(node)
        try node.finish()
        return configuration
    }

    private static func readOptions(_ node: ConfigurationNode) throws -> CaptureOptions {
        var options = CaptureOptions()
        options.receiveBufferBytes = try node.integer(
            "receiveBufferBytes", in: 4096...(1 << 30), default: options.receiveBufferBytes)
        options.busyPollMicroseconds = try node.integer(
            "busyPollMicroseconds", in: 0...1_000_000, default: 0)
        options.ringBytes = try node.integer(
            "ringBytes", in: 65_536...(1 << 32), default: options.ringBytes)
        options.fanoutCount = try node.integer("fanout", in: 1...64, default: 1)
        if let queues = try node.integers("queues", in: 0...1023) {
            guard !queues.isEmpty, Set(queues).count == queues.count else {
                throw node.fail("queues", "name each queue once, and at least one")
            }
            options.queues = queues.map { UInt32($0) }
        }
        options.frameCount = try node.integer(
            "frames", in: 64...(1 << 22), default: options.frameCount)
        options.frameBytes = try node.integer(
            "frameBytes", in: 2048...65_536, default: options.frameBytes)
        guard options.frameBytes & (options.frameBytes - 1) == 0 else {
            throw node.fail("frameBytes", "\(options.frameBytes): use a power of two")
        }
        options.zeroCopy = try node.choice("zeroCopy", of: CaptureOptions.ZeroCopy.self) ?? .auto
        options.usesHugePages = try node.boolean("hugePages", default: false)
        options.wantsHardwareTime = try node.boolean("hardwareTime", default: true)
        options.pcapFilter = try node.string("pcapFilter")
        return options
    }
}
