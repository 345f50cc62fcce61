import Foundation
import TestSupport
import Testing

@testable import Capture

@Suite struct InterfaceStatisticsTests {
    private final class Driver {
        var values: [(name: String, value: UInt64)] = []
    }

    private let tree: MadeUpTree
    private let driver = Driver()

    init() throws {
        tree = try MadeUpTree()
        try set(["rx_dropped": 10, "rx_missed_errors": 5, "rx_errors": 0, "rx_nohandler": 0])
    }

    private func set(_ values: [String: Int]) throws {
        for (name, value) in values {
            try tree.write("\(value)\n", to: "sys/class/net/eth7/statistics/\(name)")
        }
    }

    private func open() -> InterfaceStatistics {
        InterfaceStatistics(interface: "eth7", lines: [3, 4], tree: tree.tree) { [driver] in
            driver.values
        }
    }

    private func values(_ readings: [DropReading]) -> [String: UInt64] {
        #expect(readings.allSatisfy { $0.place == .interface && $0.lines == [3, 4] })
        return Dictionary(uniqueKeysWithValues: readings.map { ($0.counter, $0.value) })
    }

    @Test func countsFromTheOpening() throws {
        let statistics = open()
        #expect(statistics.read() == [])
        try set(["rx_dropped": 17, "rx_missed_errors": 6])
        #expect(
            values(statistics.read()) == ["rx_dropped of eth7": 7, "rx_missed_errors of eth7": 1])
    }

    @Test func partsAreNotCountedTwice() throws {
        let statistics = open()
        driver.values = [
            ("rx_queue_0_drops", 4), ("rx_queue_0_xdp_drops", 9), ("tx_drops", 1),
            ("rx_packets", 99), ("rx_discards_phy", 2),
        ]
        try set([
            "rx_dropped": 14, "rx_errors": 3, "rx_crc_errors": 3, "rx_fifo_errors": 3,
            "rx_over_errors": 3,
        ])
        #expect(
            values(statistics.read()) == [
                "rx_dropped of eth7": 4, "rx_errors of eth7": 3,
                "ethtool rx_discards_phy of eth7": 2,
            ])
        #expect(
            values(statistics.details()) == [
                "rx_crc_errors of eth7": 3, "rx_fifo_errors of eth7": 3,
                "rx_over_errors of eth7": 3, "ethtool rx_queue_0_drops of eth7": 4,
                "ethtool rx_queue_0_xdp_drops of eth7": 9,
            ])
        // An overrun that no other counter can contain.
        try set(["rx_fifo_errors": 8])
        let beyond = "rx_fifo_errors beyond rx_missed_errors and rx_errors of eth7"
        #expect(values(statistics.read())[beyond] == 5)
    }

    @Test func survivesAnInterfaceThatComesAndGoes() throws {
        let statistics = open()
        try set(["rx_dropped": 12])
        #expect(values(statistics.read()) == ["rx_dropped of eth7": 2])
        try tree.remove("sys/class/net/eth7")
        #expect(values(statistics.read()) == ["rx_dropped of eth7": 2])
        // Made again, it counts from 0.
        try set(["rx_dropped": 3])
        #expect(values(statistics.read()) == ["rx_dropped of eth7": 5])
    }

    @Test func interfaceThatAppearsLaterCountsFromZero() throws {
        let late = InterfaceStatistics(interface: "eth8", lines: [3, 4], tree: tree.tree) { [] }
        try tree.write("6\n", to: "sys/class/net/eth8/statistics/rx_dropped")
        #expect(values(late.read()) == ["rx_dropped of eth8": 6])
    }

    @Test(arguments: [
        ("rx_queue_0_drops", true), ("rx_missed_errors", true), ("rx_no_buffer_count", true),
        ("rx_out_of_buffer", true), ("port.rx_dropped", true), ("rx0_xdp_drops", true),
        ("tx_dropped", false), ("rx_queue_0_xdp_tx_errors", false), ("rx_packets", false),
        ("peer_ifindex", false), ("port.tx_errors", false),
    ])
    func namesOfDriverCounters(_ name: String, _ isLoss: Bool) {
        #expect(InterfaceStatistics.isReceiveLoss(name) == isLoss)
    }

    /// The driver's counters as `ethtool` lists them, for each interface of this machine.
    @Test func countersAreThoseOfEthtool() {
        for interface in HostTree().names(in: "sys/class/net") {
            guard let listing = output(of: "ethtool", ["-S", interface]) else { continue }
            let names = String(decoding: listing, as: UTF8.self).split(separator: "\n").dropFirst()
                .compactMap { $0.split(separator: ":").first?.drop { $0 == " " } }
            let ours = InterfaceStatistics.driverStatistics(of: interface).map(\.name)
            #expect(ours == names.map(String.init), "\(interface)")
        }
    }

    @Test func realInterfaces() {
        #expect(InterfaceStatistics(interface: "lo", lines: []).read() == [])
        #expect(InterfaceStatistics(interface: "no-such-interface-at-all", lines: []).read() == [])
    }
}
