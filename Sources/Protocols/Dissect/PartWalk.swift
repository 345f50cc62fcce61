/// Walks groups, repeating parts, data and tails behind a message's fixed part.
struct PartWalk {
    /// What the counts and conditions of parts refer to: the fields in front of them.
    struct Owner {
        var fields: [FieldPlan]
        var base: UnsafeRawPointer
        /// Fields beyond it are not there.
        var limit: Int
        var prefix: [FieldPlan] = []
        var prefixBase: UnsafeRawPointer

        func number(_ name: String) -> UInt64? {
            if let plan = fields.first(where: { $0.field.name == name }) {
                return plan.field.end <= limit ? plan.number(base)?.bits : nil
            }
            return prefix.first { $0.field.name == name }?.number(prefixBase)?.bits
        }
    }

    let bytes: UnsafeRawBufferPointer
    /// Where the message begins in the packet's payload.
    let payloadOffset: Int
    /// From the message's beginning.
    var cursor = 0
    /// Why the walk stopped; empty if it did not.
    private(set) var problem = ""

    init(bytes: UnsafeRawBufferPointer, payloadOffset: Int) {
        self.bytes = bytes
        self.payloadOffset = payloadOffset
    }

    /// Fields that lie whole before `limit`. An optional one that does not is not there; another one
    /// is cut off.
    static func read(
        _ plans: [FieldPlan], _ base: UnsafeRawPointer, limit: Int, at offset: Int
    ) -> (fields: [DissectedField], isCut: Bool) {
        var fields: [DissectedField] = []
        fields.reserveCapacity(plans.count)
        var isCut = false
        for plan in plans {
            if plan.field.end <= limit {
                fields.append(plan.read(base, at: offset + plan.field.offset))
            } else if !plan.field.isOptional {
                isCut = true
            }
        }
        return (fields, isCut)
    }

    mutating func take(_ plans: [PartPlan], _ owner: Owner) -> [DissectedField] {
        var fields: [DissectedField] = []
        for plan in plans {
            guard problem.isEmpty else { break }
            if plan.part.isOptional, rest == 0 { break }
            let start = cursor
            let value: DissectedValue?
            switch plan.part.kind {
            case .group: value = group(plan)
            case .repeat: value = repeating(plan, owner)
            case .data: value = data(plan)
            case .tail: value = tail()
            }
            if let value {
                fields.append(
                    DissectedField(
                        name: plan.part.name, offset: payloadOffset + start,
                        length: cursor - start, value: value))
            }
        }
        return fields
    }

    private var rest: Int { bytes.count - cursor }

    private func address(_ offset: Int) -> UnsafeRawPointer {
        bytes.baseAddress.unsafelyUnwrapped + offset
    }

    private mutating func group(_ plan: PartPlan) -> DissectedValue? {
        let dimension = plan.part.dimensionSize
        guard rest >= dimension, let counter = plan.counter?.number(address(cursor)) else {
            problem = "group \(plan.part.name) is missing"
            return nil
        }
        let onWire = plan.blockLength?.number(address(cursor))
        let stride = onWire.map { Int(truncatingIfNeeded: $0.bits) } ?? plan.part.size ?? 0
        cursor += dimension
        if counter.bits > 0, stride < plan.part.least {
            problem =
                "entries of \(plan.part.name) have \(stride) bytes instead of "
                + "\(plan.part.least)"
            return .entries([])
        }
        return entries(plan, count: counter.bits, stride: stride)
    }

    private mutating func repeating(_ plan: PartPlan, _ owner: Owner) -> DissectedValue? {
        if let when = plan.part.when {
            let value = owner.number(when.field)
            guard when.values.contains(where: { UInt64(truncatingIfNeeded: $0) == value }) else {
                return nil
            }
        }
        let count = plan.part.count.isEmpty ? 1 : owner.number(plan.part.count) ?? 0
        return entries(plan, count: count, stride: plan.part.size ?? 0)
    }

    private mutating func entries(
        _ plan: PartPlan, count: UInt64, stride: Int
    ) -> DissectedValue {
        var all: [[DissectedField]] = []
        for index in 0..<count {
            let start = cursor
            guard stride >= 0, rest >= stride else {
                problem = "\(plan.part.name) \(index + 1) of \(count) reaches beyond the message"
                break
            }
            let base = address(start)
            let read = Self.read(plan.fields, base, limit: stride, at: payloadOffset + start)
            var fields = read.fields
            cursor += stride
            if !plan.parts.isEmpty {
                let owner = Owner(
                    fields: plan.fields, base: base, limit: stride, prefixBase: base)
                fields += take(plan.parts, owner)
            }
            all.append(fields)
            if !problem.isEmpty { break }
            guard cursor > start else {
                problem = "\(plan.part.name): \(count) entries without a byte"
                break
            }
        }
        return .entries(all)
    }

    private mutating func data(_ plan: PartPlan) -> DissectedValue? {
        let dimension = plan.part.dimensionSize
        guard rest >= dimension, let count = plan.counter?.number(address(cursor)) else {
            problem = "data \(plan.part.name) is missing"
            return nil
        }
        cursor += dimension
        let length = min(count.bits, UInt64(rest))
        if count.bits > length { problem = "data \(plan.part.name) reaches beyond the message" }
        return content(Int(length))
    }

    private mutating func tail() -> DissectedValue? { content(rest) }

    /// Text if all of it is printable, else bytes.
    private mutating func content(_ length: Int) -> DissectedValue {
        defer { cursor += length }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[cursor..<(cursor + length)])
        var text = slice[...]
        while let last = text.last, last == 0 || last == 0x20 { text.removeLast() }
        if text.allSatisfy({ (0x20...0x7E).contains($0) }) {
            return .text(String(decoding: text, as: UTF8.self))
        }
        return .bytes(Array(slice))
    }
}
