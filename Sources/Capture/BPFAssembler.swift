import CLinux

/// Puts a classic BPF program together: jumps go to labels, and those that a conditional jump's eight
/// bits cannot reach go by way of an unconditional one.
struct BPFAssembler {
    /// What the kernel takes at most (BPF_MAXINSNS).
    static let instructionMax = 4096

    struct Label: Hashable {
        fileprivate var index: Int
    }

    /// Codes of <linux/bpf_common.h>. The accumulator is A, the index register X.
    enum Code {
        static let loadWord: UInt16 = 0x20
        static let loadHalf: UInt16 = 0x28
        static let loadByte: UInt16 = 0x30
        static let loadWordIndexed: UInt16 = 0x40
        static let loadHalfIndexed: UInt16 = 0x48
        static let loadByteIndexed: UInt16 = 0x50
        static let loadMemory: UInt16 = 0x60
        static let loadIndex: UInt16 = 0x01
        /// X = 4 * (byte & 0xF): the length of an IPv4 header.
        static let loadIndexHeader: UInt16 = 0xB1
        static let storeMemory: UInt16 = 0x02
        static let add: UInt16 = 0x04
        static let addIndex: UInt16 = 0x0C
        static let shiftLeft: UInt16 = 0x64
        static let jump: UInt16 = 0x05
        static let jumpEqual: UInt16 = 0x15
        static let jumpAtLeast: UInt16 = 0x35
        static let jumpAnySet: UInt16 = 0x45
        static let `return`: UInt16 = 0x06
        static let toIndex: UInt16 = 0x07
        static let fromIndex: UInt16 = 0x87
    }

    private enum Item {
        case plain(code: UInt16, operand: UInt32)
        case jump(Label)
        case branch(Branch)

        var size: Int {
            if case .branch(let branch) = self { return branch.size }
            return 1
        }
    }

    private struct Branch {
        var code: UInt16
        var operand: UInt32
        /// A side without a label goes on with the next item.
        var onTrue: Label?
        var onFalse: Label?
        var isTrueFar = false
        var isFalseFar = false

        var size: Int { 1 + (isTrueFar ? 1 : 0) + (isFalseFar ? 1 : 0) }
    }

    private var items: [Item] = []
    /// Index of the item that a label stands before.
    private var places: [Int?] = []

    mutating func label() -> Label {
        places.append(nil)
        return Label(index: places.count - 1)
    }

    /// The label names what is emitted next.
    mutating func place(_ label: Label) {
        places[label.index] = items.count
    }

    mutating func emit(_ code: UInt16, _ operand: UInt32 = 0) {
        items.append(.plain(code: code, operand: operand))
    }

    mutating func jump(_ label: Label) {
        items.append(.jump(label))
    }

    mutating func branch(
        _ code: UInt16, _ operand: UInt32, onTrue: Label? = nil, onFalse: Label? = nil
    ) {
        items.append(
            .branch(Branch(code: code, operand: operand, onTrue: onTrue, onFalse: onFalse)))
    }

    /// The program. Every label is placed, behind all jumps to it: classic BPF cannot go back.
    func assemble() -> [clinux_bpf_instruction] {
        var items = items
        var positions = Self.positions(items)
        while lengthen(&items, positions) { positions = Self.positions(items) }
        var program: [clinux_bpf_instruction] = []
        for (index, item) in items.enumerated() {
            switch item {
            case .plain(let code, let operand):
                program.append(Self.instruction(code, operand))
            case .jump(let label):
                program.append(
                    Self.instruction(
                        Code.jump, UInt32(distance(index, label, positions))))
            case .branch(let branch):
                append(branch, at: index, positions, to: &program)
            }
        }
        return program
    }

    private func append(
        _ branch: Branch, at index: Int, _ positions: [Int],
        to program: inout [clinux_bpf_instruction]
    ) {
        let next = branch.size - 1
        let toTrue = branch.onTrue.map { distance(index, $0, positions) } ?? next
        let toFalse = branch.onFalse.map { distance(index, $0, positions) } ?? next
        program.append(
            clinux_bpf_instruction(
                code: branch.code, jump_true: branch.isTrueFar ? 0 : UInt8(toTrue),
                jump_false: branch.isFalseFar ? (branch.isTrueFar ? 1 : 0) : UInt8(toFalse),
                operand: branch.operand))
        if branch.isTrueFar {
            program.append(Self.instruction(Code.jump, UInt32(toTrue - 1)))
        }
        if branch.isFalseFar {
            program.append(Self.instruction(Code.jump, UInt32(toFalse - next)))
        }
    }

    private static func instruction(_ code: UInt16, _ operand: UInt32) -> clinux_bpf_instruction {
        clinux_bpf_instruction(code: code, jump_true: 0, jump_false: 0, operand: operand)
    }

    /// Where each item's first instruction stands; one more for the end.
    private static func positions(_ items: [Item]) -> [Int] {
        var positions = [0]
        for item in items { positions.append(positions[positions.count - 1] + item.size) }
        return positions
    }

    /// Instructions to skip behind the first one of an item.
    private func distance(_ item: Int, _ label: Label, _ positions: [Int]) -> Int {
        let distance = positions[places[label.index]!] - positions[item] - 1
        precondition(distance >= 0, "a jump back")
        return distance
    }

    /// Makes far what does not reach. A jump never becomes near again, so this comes to an end.
    private func lengthen(_ items: inout [Item], _ positions: [Int]) -> Bool {
        var changed = false
        for (index, item) in items.enumerated() {
            guard case .branch(var branch) = item else { continue }
            let size = branch.size
            if let label = branch.onTrue, distance(index, label, positions) > 255 {
                branch.isTrueFar = true
            }
            if let label = branch.onFalse, distance(index, label, positions) > 255 {
                branch.isFalseFar = true
            }
            guard branch.size != size else { continue }
            items[index] = .branch(branch)
            changed = true
        }
        return changed
    }
}
