import Foundation
import Testing

/// A specification page of the repository, as the tests that compare it with the code see it: its
/// headings, and the rows of the tables under each.
public struct MarkdownPage {
    public struct Section {
        public var title: String
        /// Cells of every table row below the heading, heads and rules left out.
        public var rows: [[String]] = []
        /// Every other line that is not empty.
        public var text: [String] = []

        /// What stands between backquotes in the first line of text that begins with `label`.
        public func names(after label: String) -> [String] {
            MarkdownPage.quoted(text.first { $0.hasPrefix(label) } ?? "")
        }
    }

    public private(set) var sections: [Section] = []

    /// - Parameter path: from the repository's root.
    public init(_ path: String, testFile: String = #filePath) throws {
        let root = URL(filePath: testFile)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: path), encoding: .utf8)
        var isHead = true
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("#") {
                sections.append(Section(title: String(line.drop { $0 == "#" || $0 == " " })))
            } else if sections.isEmpty || line.isEmpty {
                isHead = true
            } else if line.hasPrefix("|") {
                if line.hasPrefix("|---") {
                    isHead = false
                } else if !isHead {
                    sections[sections.count - 1].rows.append(Self.cells(line))
                }
            } else {
                sections[sections.count - 1].text.append(String(line))
            }
        }
    }

    /// The one section whose title `matches`.
    public func section(_ matches: (String) -> Bool) throws -> Section {
        let found = sections.filter { matches($0.title) }
        try #require(found.count == 1, "one section, not \(found.map(\.title))")
        return found[0]
    }

    private static func cells(_ line: Substring) -> [String] {
        line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// The parts of a text that stand between backquotes.
    public static func quoted(_ text: String) -> [String] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }
}
