/// Assembles BPF instructions with forward jumps (opcodes: RFC 9669; helpers: linux/bpf.h).
struct XDPAssembler {
    enum Register: UInt8 {
        case r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, frame
    }

    enum Width: UInt8 {
        case word = 0x00
        case half = 0x08
        case byte = 0x10
        case double = 0x18
    }

    /// Comparisons of unsigned numbers.
    enum Condition: UInt8 {
        case equal = 0x10
        case greater = 0x20
        case notEqual = 0x50
        case less = 0xA0
    }

    /// Kernel functions, by number.
    enum Helper: Int32 {
        case mapLookupElement = 1
        case ktimeGetNanoseconds = 5
        case redirectMap = 51
        case adjustMetadata = 54
        case bufferLength = 188
    }

    struct Label {
        fileprivate var index: Int
    }

    /// Jumps reach this far (a signed 16-bit number of instructions).
    static let reach = Int(Int16.max)

    private var instructions: [UInt64] = []
    private var places: [Int?] = []
    private var jumps: [(at: Int, label: Label)] = []

    // MARK: Labels

    mutating func label() -> Label {
        places.append(nil)
        return Label(index: places.count - 1)
    }

    mutating func place(_ label: Label) {
        precondition(places[label.index] == nil, "a label stands in one place")
        places[label.index] = instructions.count
    }

    /// The program, or nil if a jump is too long.
    func assembled() -> [UInt64]? {
        var program = instructions
        for jump in jumps {
            let distance = places[jump.label.index]! - jump.at - 1
            guard distance <= Self.reach else { return nil }
            program[jump.at] |= UInt64(UInt16(distance)) << 16
        }
        return program
    }

    // MARK: Instructions

    private mutating func add(
        _ opcode: UInt8, _ target: Register = .r0, _ source: UInt8 = 0, offset: Int16 = 0,
        _ immediate: Int32 = 0
    ) {
        instructions.append(
            UInt64(opcode) | UInt64(target.rawValue | source << 4) << 8
                | UInt64(UInt16(bitPattern: offset)) << 16
                | UInt64(UInt32(bitPattern: immediate)) << 32)
    }

    mutating func move(_ target: Register, _ source: Register) {
        add(0xBF, target, source.rawValue)
    }

    mutating func move(_ target: Register, _ number: Int32) { add(0xB7, target, number) }

    mutating func add(_ target: Register, _ source: Register) {
        add(0x0F, target, source.rawValue)
    }

    mutating func add(_ target: Register, _ number: Int32) { add(0x07, target, number) }

    mutating func and(_ target: Register, _ number: Int32) { add(0x57, target, number) }

    mutating func shiftLeft(_ target: Register, _ bits: Int32) { add(0x67, target, bits) }

    mutating func load(_ target: Register, _ width: Width, _ base: Register, _ offset: Int16) {
        add(0x61 | width.rawValue, target, base.rawValue, offset: offset)
    }

    mutating func store(_ source: Register, _ width: Width, _ base: Register, _ offset: Int16) {
        add(0x63 | width.rawValue, base, source.rawValue, offset: offset)
    }

    mutating func loadNumber(_ target: Register, _ number: UInt64) {
        add(0x18, target, Int32(truncatingIfNeeded: number))
        add(0x00, .r0, Int32(truncatingIfNeeded: number >> 32))
    }

    /// The address of a map, which the kernel puts in for the descriptor.
    mutating func loadMap(_ target: Register, descriptor: Int32) {
        add(0x18, target, 1, descriptor)
        add(0x00)
    }

    mutating func call(_ helper: Helper) { add(0x85, .r0, helper.rawValue) }

    mutating func exit() { add(0x95) }

    mutating func jump(_ label: Label) {
        jumps.append((instructions.count, label))
        add(0x05)
    }

    mutating func jump(
        _ label: Label, if left: Register, _ condition: Condition, _ right: Register
    ) {
        jumps.append((instructions.count, label))
        add(0x0D | condition.rawValue, left, right.rawValue)
    }

    /// Compares the lower 32 bits.
    mutating func jump(
        _ label: Label, if left: Register, _ condition: Condition, _ right: UInt32
    ) {
        jumps.append((instructions.count, label))
        add(0x06 | condition.rawValue, left, Int32(bitPattern: right))
    }

    /// Looks at all 64 bits, as the verifier wants it of pointers.
    mutating func jump(_ label: Label, ifNull register: Register) {
        jumps.append((instructions.count, label))
        add(0x05 | Condition.equal.rawValue, register, 0)
    }

    private mutating func add(_ opcode: UInt8, _ target: Register, _ immediate: Int32) {
        add(opcode, target, 0, offset: 0, immediate)
    }
}
