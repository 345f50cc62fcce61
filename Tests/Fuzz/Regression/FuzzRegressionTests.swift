import Foundation
import Simulation
import Testing

/// The fuzz targets without libFuzzer: over inputs that once broke something, and over seeded
/// mutations of valid ones. A target that finds a promise broken stops the process.
@Suite struct FuzzRegressionTests {
    private static let fixtures = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/fuzz")

    @Test(arguments: FuzzTarget.allCases)
    func keptInputs(_ target: FuzzTarget) throws {
        let folder = Self.fixtures.appendingPathComponent(target.rawValue)
        // No folder, nothing found yet.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for name in names.sorted() {
            target.run([UInt8](try Data(contentsOf: folder.appendingPathComponent(name))))
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func seedsAreTheSameEveryTime(_ target: FuzzTarget) throws {
        let seeds = try target.seeds()
        #expect(!seeds.isEmpty)
        #expect(seeds.allSatisfy { !$0.isEmpty })
        // An input log is written by a run of its own, with nothing of the moment in it.
        #expect(try target.seeds() == seeds)
        for seed in seeds { target.run(seed) }
    }

    @Test(arguments: FuzzTarget.allCases)
    func mutations(_ target: FuzzTarget) throws {
        let seeds = try target.seeds()
        var random = SplitMix64(seed: 0xF022)
        for round in 0..<60 {
            var bytes = seeds[round % seeds.count]
            mutate(&bytes, &random)
            target.run(bytes)
        }
        for _ in 0..<60 {
            let count = Int(random.next() % 400)
            target.run((0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        }
    }

    /// Changes, removes, repeats or cuts, one to eight times.
    private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        for _ in 0...(random.next() & 7) {
            guard !bytes.isEmpty else { return }
            let at = Int(random.next() % UInt64(bytes.count))
            let end = min(at + 1 + Int(random.next() & 63), bytes.count)
            switch random.next() % 6 {
            case 0: bytes[at] ^= 1 << UInt8(random.next() & 7)
            case 1: bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][Int(random.next() % 5)]
            case 2: bytes.removeSubrange(at..<end)
            case 3: bytes.insert(contentsOf: bytes[at..<end], at: at)
            case 4: bytes.removeLast(bytes.count - at)
            default:
                for index in at..<end { bytes[index] = UInt8(truncatingIfNeeded: random.next()) }
            }
        }
    }
}
