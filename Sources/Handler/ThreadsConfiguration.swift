import Capture

/// Where the threads of a run go; `threads` of the configuration. By default nowhere in particular.
public struct ThreadsConfiguration: Sendable, Equatable {
    public var core = ThreadPlacement()
    public var journal = ThreadPlacement()
    public var control = ThreadPlacement()
    /// Of the capture threads in the order of their sources, over and over; one entry at least.
    public var capture = [ThreadPlacement()]
    /// Keeps all memory of the process resident.
    public var locksMemory = false

    public init() {}

    func capture(_ index: Int) -> ThreadPlacement { capture[index % capture.count] }

    var all: [ThreadPlacement] { [core, journal, control] + capture }
}

extension ThreadsConfiguration {
    static func read(_ root: ConfigurationNode) throws -> ThreadsConfiguration {
        var configuration = ThreadsConfiguration()
        guard let node = try root.child("threads") else { return configuration }
        configuration.core = try readOne(node, "core")
        configuration.journal = try readOne(node, "journal")
        configuration.control = try readOne(node, "control")
        if let capture = try node.child("capture") {
            let priority = try readPriority(capture)
            let cpus = try capture.integers("cpus", in: 0...4095) ?? []
            configuration.capture =
                cpus.isEmpty
                ? [ThreadPlacement(fifoPriority: priority)]
                : cpus.map { ThreadPlacement(cpu: $0, fifoPriority: priority) }
            try capture.finish()
        }
        configuration.locksMemory = try node.boolean("lockMemory", default: false)
        try node.finish()
        return configuration
    }

    private static func readOne(_ threads: ConfigurationNode, _ key: String) throws
        -> ThreadPlacement
    {
        guard let node = try threads.child(key) else { return ThreadPlacement() }
        let cpu = try node.integer("cpu", in: -1...4095, default: -1)
        let placement = ThreadPlacement(
            cpu: cpu < 0 ? nil : cpu, fifoPriority: try readPriority(node))
        try node.finish()
        return placement
    }

    private static func readPriority(_ node: ConfigurationNode) throws -> Int? {
        let priority = try node.integer("priority", in: 0...99, default: 0)
        return priority == 0 ? nil : priority
    }
}
