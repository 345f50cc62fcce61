# A wire of our own for checks that need one: two network namespaces and a veth pair between them.
# Sourced after common.sh. "${sender[@]}" and "${receiver[@]}" run a command at either end, whose
# interfaces are $sending and $receiving. Skips the check, aloud, where that cannot be made.
if [ "$(id -u)" -ne 0 ]; then
    echo "   skipped: network namespaces need root"
    exit 77
fi
send_space=tlcheck-s-$$ receive_space=tlcheck-r-$$
sending=tlcs$$ receiving=tlcr$$

remove_wire() {
    local space process
    for space in "$send_space" "$receive_space"; do
        for process in $(ip netns pids "$space" 2>/dev/null); do
            kill -9 "$process" 2>/dev/null || true
        done
        ip netns del "$space" 2>/dev/null || true
    done
}
trap 'remove_wire; clean_up' EXIT

# Gives both ends IPv6 addresses; from then on the kernel talks on the wire, too.
add_ipv6() {
    for space in "$send_space" "$receive_space"; do
        ip netns exec "$space" sysctl -qw net.ipv6.conf.all.disable_ipv6=0 \
            net.ipv6.conf.all.accept_dad=0
    done
    ip -n "$send_space" address add fd00:77::1/64 dev "$sending" nodad
    ip -n "$receive_space" address add fd00:77::2/64 dev "$receiving" nodad
    for _ in $(seq 100); do
        ip -n "$send_space" -6 address show dev "$sending" scope link | grep -q fe80 &&
            ! ip -n "$send_space" -6 address show dev "$sending" | grep -q tentative && return
        sleep 0.05
    done
}

# make_wire [MTU]: without IPv6 nothing but what the check sends is on the wire.
make_wire() {
    if ! ip netns add "$send_space" 2>wire.txt || ! ip netns add "$receive_space" 2>>wire.txt; then
        echo "   skipped: no network namespaces here: $(cat wire.txt)"
        exit 77
    fi
    for space in "$send_space" "$receive_space"; do
        ip netns exec "$space" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
            net.ipv6.conf.default.disable_ipv6=1
        ip -n "$space" link set lo up
    done
    ip link add "$sending" netns "$send_space" type veth \
        peer name "$receiving" netns "$receive_space"
    ip -n "$send_space" link set "$sending" mtu "${1:-1500}" arp off up
    ip -n "$receive_space" link set "$receiving" mtu "${1:-1500}" arp off up
    ip -n "$send_space" address add 10.77.0.1/24 dev "$sending"
    ip -n "$receive_space" address add 10.77.0.2/24 dev "$receiving"
}

# In front of a command: at either end of the wire. No functions, so that $! is the command's process.
sender=(ip netns exec "$send_space")
receiver=(ip netns exec "$receive_space")

# Waits up to 10 s until FILE holds TEXT; `process` is who should write it.
wait_for() {
    local file=$1 text=$2 process=$3
    for _ in $(seq 500); do
        if grep -q "$text" "$file" 2>/dev/null; then return 0; fi
        if ! kill -0 "$process" 2>/dev/null; then break; fi
        sleep 0.02
    done
    fail "no '$text' in $file: $(cat "$file")"
}

# Ends a handler as an operator does; fails if it has not ended within 20 s.
end_handler() {
    local process=$1
    kill -INT "$process"
    for _ in $(seq 1000); do
        kill -0 "$process" 2>/dev/null || break
        sleep 0.02
    done
    kill -0 "$process" 2>/dev/null && fail "the handler does not end: $(cat run.txt)"
    wait "$process"
}

# Fails if more is left than before.txt says; the kernel frees programs a moment after their end.
expect_nothing_left() {
    for _ in $(seq 100); do
        left_behind >after.txt
        cmp -s before.txt after.txt && return
        sleep 0.05
    done
    fail "$1 left something behind: $(diff before.txt after.txt)"
}

# What a run could leave behind: programs, packet sockets, huge pages, shared memory, one line each.
left_behind() {
    bpftool prog list 2>/dev/null | grep -c '^[0-9]*: xdp' || true
    ip -n "$receive_space" -o link show "$receiving" | grep -o 'xdp[a-z/]*' || true
    "${receiver[@]}" cat /proc/net/packet | tail -n +2 | wc -l
    grep HugePages_Free /proc/meminfo
    find /dev/shm -name "tapeline.check.$$.*" | wc -l
}
