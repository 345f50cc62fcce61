import Foundation
import TestSupport

@testable import Capture

/// A directory that stands for /, and disappears with its owner.
final class MadeUpTree {
    let root: String

    init() throws {
        root = TestFiles.temporary("tree-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    var tree: HostTree { HostTree(root: root) }

    func write(_ text: String, to path: String) throws {
        let file = root + "/" + path
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: file))
    }

    func remove(_ path: String) throws {
        try FileManager.default.removeItem(atPath: root + "/" + path)
    }
}
