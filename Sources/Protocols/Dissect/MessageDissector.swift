/// Takes the messages of one feed apart by its description.
///
/// For people, tests and other tools: it allocates freely. Any bytes at all are taken; nothing is
/// read beyond the message.
public struct MessageDissector {
    private let description: ProtocolDescription
    private let plans: [Int: MessagePlan]
    private let prefix: [FieldPlan]
    private let headerFields: [FieldPlan]
    /// Bytes of the packet's header; 0 if the description has none.
    let headerSize: Int
    private let keys: [FieldPlan]
    private let blockLength: FieldPlan?

    /// - Parameter feed: which of the description's messages count; all if empty.
    public init(_ description: ProtocolDescription, feed: String) {
        self.description = description
        let messages = feed.isEmpty ? description.messages : description.messages(of: feed)
        plans = Dictionary(
            messages.map { ($0.key, MessagePlan($0, description)) },
            uniquingKeysWith: { first, _ in first })
        let prefix = description.prefix.map { FieldPlan($0, description) }
        self.prefix = prefix
        // Where a packet is one message, that message's prefix is the packet's header.
        let isMessage = description.framing == "packet" && description.inner.isEmpty
        let header =
            isMessage
            ? nil
            : description.headers.first { $0.feeds.contains(feed) }
                ?? description.headers.first { $0.feeds.isEmpty }
        headerFields = (header?.fields ?? []).map { FieldPlan($0, description) }
        headerSize = header?.size ?? 0
        keys = description.key.compactMap { name in prefix.first { $0.field.name == name } }
        blockLength =
            description.isSBE ? prefix.first { $0.field.name == "blockLength" } : nil
    }

    /// - Parameters:
    ///   - bytes: the message, from its prefix to its end.
    ///   - offset: where it begins in the packet's payload.
    public func dissect(
        _ bytes: UnsafeRawBufferPointer, at offset: Int, sequence: UInt64
    ) -> DissectedMessage {
        var message = DissectedMessage(
            offset: offset, length: bytes.count, key: nil, name: nil, status: .malformed,
            sequence: sequence)
        guard let base = bytes.baseAddress, bytes.count >= keyEnd else {
            message.problem = "\(bytes.count) bytes are no message"
            return message
        }
        let key = key(base)
        message.key = key
        message.fields = PartWalk.read(prefix, base, limit: bytes.count, at: offset).fields
        message.contradictions = Self.contradictions(prefix, base, limit: bytes.count)
        guard let plan = plans[Int(truncatingIfNeeded: key.number)] else {
            message.status = .unknown
            return message
        }
        message.key?.text = plan.message.keyText
        message.name = plan.message.name
        message.status = .whole
        var walk = PartWalk(bytes: bytes, payloadOffset: offset)
        take(plan, base, &walk, &message)
        if !walk.problem.isEmpty {
            message.problem = walk.problem
        }
        if !message.problem.isEmpty { message.status = .malformed }
        return message
    }

    /// Bytes that a message needs to have a key.
    private var keyEnd: Int { keys.map(\.field.end).max() ?? 0 }

    private func key(_ base: UnsafeRawPointer) -> DissectedKey {
        var number: UInt64 = 0
        var text = ""
        var isLetters = true
        for key in keys {
            let value = key.number(base)?.bits ?? 0
            number = number << UInt64(key.field.form.size * 8) | value
            if key.field.form == .character {
                text += FieldPlan.letter(UInt8(truncatingIfNeeded: value))
            } else {
                isLetters = false
            }
        }
        return DissectedKey(
            number: number, text: isLetters ? text : String(number), isLetters: isLetters)
    }

    /// The fixed part, then what follows it.
    private func take(
        _ plan: MessagePlan, _ base: UnsafeRawPointer, _ walk: inout PartWalk,
        _ message: inout DissectedMessage
    ) {
        let length = walk.bytes.count
        let start = description.isSBE ? description.prefixSize : 0
        guard length >= start else {
            message.problem = "\(length) bytes instead of \(start) of its head"
            return
        }
        let announced = blockLength.flatMap { $0.number(base) }
        let block = announced.map { Int(truncatingIfNeeded: $0.bits) } ?? length - start
        // The part that the offsets of its fields count in.
        let fixed = description.isSBE ? min(block, length - start) : length
        let own = PartWalk.read(
            plan.fields, base + start, limit: fixed, at: message.offset + start)
        message.fields += own.fields
        if description.isSBE, block > length - start {
            message.problem = "a block of \(block) bytes, of which \(length - start) are there"
        } else if fixed < plan.message.least {
            message.problem = "\(fixed) bytes instead of \(plan.message.least)"
        } else if let most = plan.message.most, fixed > most, !description.isSBE {
            message.problem = "\(fixed) bytes instead of \(most)"
        } else if own.isCut {
            message.problem = "its last fields are missing"
        }
        guard message.problem.isEmpty else { return }
        walk.cursor = description.isSBE ? start + block : fixedEnd(plan, length)
        let owner = PartWalk.Owner(
            fields: plan.fields, base: base + start, limit: fixed, prefix: prefix,
            prefixBase: base)
        message.fields += walk.take(plan.parts, owner)
        if plan.message.most == nil, walk.problem.isEmpty {
            message.extraBytes = max(0, length - walk.cursor)
        }
    }

    /// Where the fixed part ends and groups begin: behind the last field that is there.
    private func fixedEnd(_ plan: MessagePlan, _ length: Int) -> Int {
        if plan.parts.isEmpty {
            let end = plan.fields.map(\.field.end).max() ?? description.prefixSize
            return min(length, max(end, plan.message.least))
        }
        return max(plan.message.least, description.prefixSize)
    }

    /// The packet's header as the description has it, as far as it is there, and how many of its
    /// fields have a value that the description rules out.
    func header(_ payload: UnsafeRawBufferPointer) -> (fields: [DissectedField], odd: Int) {
        guard let base = payload.baseAddress else { return ([], 0) }
        let limit = min(payload.count, headerSize)
        return (
            PartWalk.read(headerFields, base, limit: limit, at: 0).fields,
            Self.contradictions(headerFields, base, limit: limit)
        )
    }

    private static func contradictions(
        _ plans: [FieldPlan], _ base: UnsafeRawPointer, limit: Int
    ) -> Int {
        plans.reduce(0) { count, plan in
            plan.field.end <= limit && !plan.hasItsConstant(base) ? count + 1 : count
        }
    }
}
