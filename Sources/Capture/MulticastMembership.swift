import CLinux
import Glibc
import Wire

/// What happened to the memberships of some lines. `lines` are `CaptureLine.index`es.
public enum MembershipEvent: Sendable, Equatable {
    /// The interface went down, lost its carrier, or is gone.
    case linkDown(interface: String, lines: [UInt16])
    case linkUp(interface: String, lines: [UInt16])
    /// The host is no longer in the groups. `interface` is nil where the kernel chose it.
    case membershipLost(interface: String?, lines: [UInt16])
    /// Joined again, with new reports to the network.
    case rejoined(interface: String?, lines: [UInt16])
    /// The groups cannot be joined again; it is tried at each check, and told once.
    case rejoinFailed(interface: String?, lines: [UInt16], code: Int32)
}

/// Holds the multicast memberships of lines whose packets are seen as frames, and watches these and the
/// memberships of sockets that receive by themselves.
///
/// Linux lets one socket join 20 IPv4 groups (`igmp_max_memberships`), and 10 sources of each
/// (`igmp_max_msf`), so companion sockets are opened as they are needed. They are bound to no port, and
/// receive nothing. Owned by the control thread.
public final class MulticastMembership {
    /// One group on one interface, and who needs it.
    struct Member {
        let group: IPAddress
        let interface: String?
        var index: UInt32
        var lines: [UInt16]
        /// Sources to join; any if empty.
        var sources: [IPAddress]
        /// Sockets that hold it, and how many of the sources each holds.
        var holders: [(descriptor: Int32, sourceCount: Int)] = []
        /// Bound by its scope to the interface, and therefore to be bound again with it.
        var isScopeBound = false
        var state = State.joined
    }

    enum State {
        case joined
        /// To be joined again when the link is up.
        case stale
        /// Joining again has failed, and was told.
        case failed
    }

    /// An interface as it was at the last check.
    private struct Link {
        let name: String
        var state: clinux_link?

        var isUp: Bool {
            let needed = CLINUX_INTERFACE_UP.rawValue | CLINUX_INTERFACE_CARRIER.rawValue
            return state.map { $0.flags & UInt32(needed) == UInt32(needed) } ?? false
        }
    }

    var members: [Member] = []
    private var links: [Link] = []
    /// Kept alive as long as they are watched.
    private let sockets: [LineSocket]
    private(set) var companions: [Int32] = []
    private let table = MembershipTable()
    private let linkSocket: Int32

    /// Joins the groups of `lines` on companion sockets, and watches the groups that `sockets` have
    /// joined themselves.
    public init(lines: [CaptureLine], sockets: [LineSocket] = []) throws(CaptureError) {
        self.sockets = sockets
        linkSocket = clinux_link_socket()
        for line in lines { try add(line) }
        // One for each family.
        var current: [Int32] = [-1, -1]
        for index in members.indices {
            if let code = hold(&members[index], with: &current[members[index].group.isV4 ? 0 : 1]) {
                let line = lines.first { $0.index == members[index].lines[0] }!
                throw code == EMFILE || code == ENFILE
                    ? .line(
                        name: line.name, problem: "no file descriptor left for its membership",
                        remedy: "raise `ulimit -n`")
                    : GroupJoin.error(line, code)
            }
        }
        for socket in sockets {
            let address = socket.line.address
            members.append(
                Member(
                    group: address.group, interface: address.interface,
                    index: address.interface.map { if_nametoindex($0) } ?? 0,
                    lines: [socket.line.index], sources: address.sources,
                    holders: [(socket.descriptor, address.sources.count)],
                    isScopeBound: address.group.needsScope))
        }
        for name in Set(members.compactMap(\.interface)).sorted() {
            links.append(Link(name: name, state: readLink(name)))
        }
    }

    deinit {
        for descriptor in companions { close(descriptor) }
        if linkSocket >= 0 { close(linkSocket) }
    }

    /// Lines of one group on one interface share its membership. One that takes any source makes it
    /// one for all.
    private func add(_ line: CaptureLine) throws(CaptureError) {
        let address = line.address
        try GroupJoin.checkAddresses(of: line)
        let index = try address.interface.map { name throws(CaptureError) in
            try NetworkInterface(name, line: line.name).index
        }
        let known = members.firstIndex {
            $0.group == address.group && $0.interface == address.interface
        }
        guard let known else {
            members.append(
                Member(
                    group: address.group, interface: address.interface, index: index ?? 0,
                    lines: [line.index], sources: address.sources))
            return
        }
        members[known].lines.append(line.index)
        if address.sources.isEmpty {
            members[known].sources = []
        } else if !members[known].sources.isEmpty {
            for source in address.sources where !members[known].sources.contains(source) {
                members[known].sources.append(source)
            }
        }
    }

    /// Joins on the family's newest companion, and on a new one where that is full. Returns nil, or
    /// the number of the error.
    private func hold(_ member: inout Member, with current: inout Int32) -> Int32? {
        var left = member.sources[...]
        var isFresh = false
        repeat {
            if current < 0 {
                current = clinux_udp_membership_socket(member.group.isV4 ? 0 : 1)
                if current < 0 { return errno }
                companions.append(current)
                isFresh = true
            }
            let joined = Self.join(member, current, left)
            if joined.count > 0 || (joined.code == nil && left.isEmpty) {
                member.holders.append((current, joined.count))
            }
            left = left.dropFirst(joined.count)
            guard let code = joined.code else { return nil }
            // Full. One that was opened for this and took nothing says that there is no room at all.
            guard code == ENOBUFS || code == ENOMEM, !isFresh || joined.count > 0 else {
                return code
            }
            current = -1
            isFresh = false
        } while true
    }

    /// Joins from `sources`, from any if the member lists none. Returns how many could be joined, and
    /// the error that stopped it.
    private static func join(
        _ member: Member, _ descriptor: Int32, _ sources: ArraySlice<IPAddress>
    ) -> (count: Int, code: Int32?) {
        let group = clinux_address(member.group)
        if member.sources.isEmpty {
            let isJoined =
                clinux_udp_join(descriptor, group, nil, member.index) == 0 || errno == EADDRINUSE
            return (0, isJoined ? nil : errno)
        }
        var count = 0
        for source in sources {
            var source = clinux_address(source)
            let isJoined =
                clinux_udp_join(descriptor, group, &source, member.index) == 0
                || errno == GroupJoin.sourceIsJoined
            guard isJoined else { return (count, errno) }
            count += 1
        }
        return (count, nil)
    }

    private func readLink(_ name: String) -> clinux_link? {
        var link = clinux_link()
        return clinux_link_read(linkSocket, name, &link) == 0 ? link : nil
    }
}

extension MulticastMembership {
    /// Looks at the interfaces and at what the host is a member of, and joins again what needs it: to
    /// be called every 200 ms or so. Does not wait.
    public func check() -> [MembershipEvent] {
        var events: [MembershipEvent] = []
        for index in links.indices { check(&links[index], &events) }
        findLost(&events)
        var rejoined: [String?: [UInt16]] = [:]
        for index in members.indices where members[index].state != .joined {
            let interface = members[index].interface
            guard isLinkUp(interface) else { continue }
            if let code = rejoin(&members[index]) {
                if members[index].state != .failed {
                    events.append(
                        .rejoinFailed(
                            interface: interface, lines: members[index].lines, code: code))
                }
                members[index].state = .failed
            } else {
                members[index].state = .joined
                rejoined[interface, default: []] += members[index].lines
            }
        }
        for (interface, lines) in rejoined.sorted(by: { $0.key ?? "" < $1.key ?? "" }) {
            events.append(.rejoined(interface: interface, lines: lines.sorted()))
        }
        return events
    }

    private func check(_ link: inout Link, _ events: inout [MembershipEvent]) {
        let name = link.name
        let wasUp = link.isUp
        let old = link.state
        link.state = readLink(name)
        // A flap between two checks has moved the index or the count.
        let hasFlapped =
            old?.index != link.state?.index || old?.carrier_changes != link.state?.carrier_changes
        guard wasUp != link.isUp || (wasUp && hasFlapped) else { return }
        let lines = members.filter { $0.interface == name }.flatMap(\.lines).sorted()
        if wasUp { events.append(.linkDown(interface: name, lines: lines)) }
        guard link.isUp else { return }
        events.append(.linkUp(interface: name, lines: lines))
        for index in members.indices where members[index].interface == name {
            members[index].state = .stale
        }
    }

    /// Marks the members that are missing from the host's table though their link is up.
    private func findLost(_ events: inout [MembershipEvent]) {
        var lost: [String?: [UInt16]] = [:]
        for isV6 in [false, true] {
            let watched = members.indices.filter {
                members[$0].group.isV4 != isV6 && members[$0].state == .joined
                    && isLinkUp(members[$0].interface)
            }
            guard !watched.isEmpty, let entries = table.entries(v6: isV6) else { continue }
            var missing = watched.filter { !Self.stands(members[$0], in: entries) }
            // A table that changes while it is read may lack what has been there all the time.
            if !missing.isEmpty, let again = table.entries(v6: isV6) {
                missing.removeAll { Self.stands(members[$0], in: again) }
            }
            for index in missing {
                members[index].state = .stale
                lost[members[index].interface, default: []] += members[index].lines
            }
        }
        for (interface, lines) in lost.sorted(by: { $0.key ?? "" < $1.key ?? "" }) {
            events.append(.membershipLost(interface: interface, lines: lines.sorted()))
        }
    }

    /// True also where the kernel chose the interface.
    private func isLinkUp(_ name: String?) -> Bool {
        name == nil || links.contains { $0.name == name && $0.isUp }
    }

    private static func stands(_ member: Member, in entries: Set<MembershipTable.Entry>) -> Bool {
        if member.interface == nil { return entries.contains { $0.group == member.group } }
        return entries.contains(.init(interface: member.index, group: member.group))
    }

    /// Leaves and joins, so that reports go out and a new index is known. Returns nil, or the number of
    /// the error.
    private func rejoin(_ member: inout Member) -> Int32? {
        let group = clinux_address(member.group)
        let oldIndex = member.index
        if let name = member.interface {
            guard let link = links.first(where: { $0.name == name })?.state else { return ENODEV }
            member.index = link.index
        }
        var left = member.sources[...]
        for holder in member.holders {
            // Fails where the kernel has forgotten it together with the interface, which is as well.
            _ = clinux_udp_leave(holder.descriptor, group, oldIndex)
            if member.isScopeBound, oldIndex != member.index,
                clinux_udp_rebind(holder.descriptor, member.index) != 0
            {
                let code = errno
                member.index = oldIndex
                return code
            }
            let sources = left.prefix(holder.sourceCount)
            if let code = Self.join(member, holder.descriptor, sources).code { return code }
            left = left.dropFirst(holder.sourceCount)
        }
        return nil
    }
}
