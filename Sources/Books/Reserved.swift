import Glibc

/// A fixed array of trivial elements in memory of its own: reserved at once, zero, touched as used,
/// on huge pages where the kernel grants them (a random walk over millions of orders is bound by
/// address translation otherwise).
struct Reserved<Element: BitwiseCopyable> {
    let base: UnsafeMutablePointer<Element>
    let capacity: Int
    private let byteCount: Int

    init(capacity: Int) {
        let hugePage = 2 << 20
        let wanted = max(capacity * MemoryLayout<Element>.stride, 1)
        byteCount = (wanted + hugePage - 1) / hugePage * hugePage
        // One page more, so that the array can begin on a huge page's border.
        let mapped = mmap(
            nil, byteCount + hugePage, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let mapped, mapped != MAP_FAILED else {
            fatalError("cannot reserve \(byteCount) bytes for books: lower the capacities")
        }
        let address = Int(bitPattern: mapped)
        let aligned = (address + hugePage - 1) / hugePage * hugePage
        if aligned > address { munmap(mapped, aligned - address) }
        let start = mapped + (aligned - address)
        munmap(start + byteCount, hugePage - (aligned - address))
        // A small array would only have its whole huge page cleared at the first touch.
        if wanted >= hugePage { _ = madvise(start, byteCount, MADV_HUGEPAGE) }
        base = start.bindMemory(to: Element.self, capacity: capacity)
        self.capacity = capacity
    }

    func free() { munmap(base, byteCount) }

    /// Has the kernel provide the first `bytes` now: a first touch costs milliseconds where pages are
    /// huge and the machine is virtual. The array must be untouched, for it is overwritten with zeros.
    func populate(bytes: Int) {
        memset(base, 0, min(bytes, byteCount))
    }

    @inline(__always)
    subscript(_ index: UInt32) -> UnsafeMutablePointer<Element> { base + Int(index) }
}
