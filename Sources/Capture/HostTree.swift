import Glibc

/// Files under /proc and /sys, or under a root that stands for it.
struct HostTree {
    /// Ends in a slash.
    let root: String

    init(root: String = "/") {
        self.root = root.hasSuffix("/") ? root : root + "/"
    }

    /// A whole file, up to 4 MiB; nil if it cannot be read. `path` has no slash in front.
    func text(_ path: String) -> String? {
        let descriptor = open(root + path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        let chunk = 16_384
        while bytes.count < 4 << 20 {
            let start = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: chunk))
            let count = bytes.withUnsafeMutableBytes { buffer in
                read(descriptor, buffer.baseAddress! + start, chunk)
            }
            guard count >= 0 else { return nil }
            bytes.removeLast(chunk - count)
            if count == 0 { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A file of one line, without blanks around it.
    func line(_ path: String) -> String? {
        guard let text = text(path) else { return nil }
        let line = text.prefix { $0 != "\n" }
        let end = line.lastIndex { !$0.isWhitespace }
        return end.map { String(line[...$0].drop { $0.isWhitespace }) } ?? ""
    }

    func number(_ path: String) -> Int? {
        line(path).flatMap { Int($0) }
    }

    /// The first word behind "NAME:" in a file of such lines.
    func value(_ name: String, of path: String) -> String? {
        for line in text(path)?.split(separator: "\n") ?? [] where line.hasPrefix(name + ":") {
            return line.dropFirst(name.count + 1).split { $0 == " " || $0 == "\t" }.first
                .map(String.init)
        }
        return nil
    }

    func entry(_ name: String, of path: String) -> Int? {
        value(name, of: path).flatMap { Int($0) }
    }

    func exists(_ path: String) -> Bool {
        access(root + path, F_OK) == 0
    }

    /// Names in a directory, sorted; none if it cannot be read.
    func names(in path: String) -> [String] {
        guard let directory = opendir(root + path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
