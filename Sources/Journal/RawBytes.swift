import Glibc

/// Little-endian loads and stores at byte offsets; the caller has checked the bounds.
extension UnsafeMutableRawPointer {
    @inline(__always)
    func storeLittle<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
    }
}

extension UnsafeRawPointer {
    @inline(__always)
    func loadLittle<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
        T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
    }
}

extension UnsafeMutablePointer where Pointee: BitwiseCopyable {
    /// Zeroed memory that takes no room before it is touched; `free` gives it back.
    ///
    /// - Parameter capacity: in elements, above zero.
    static func zeroed(capacity: Int) -> UnsafeMutablePointer {
        guard let bytes = calloc(capacity, MemoryLayout<Pointee>.stride) else {
            preconditionFailure("out of memory")
        }
        return bytes.bindMemory(to: Pointee.self, capacity: capacity)
    }
}
