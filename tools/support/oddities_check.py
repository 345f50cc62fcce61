#!/usr/bin/env python3
"""Compares a run's counters with what tools/checks/wire-oddities put on the wire, 7 frames of each kind.

    oddities_check.py METHOD <TOTALS

What a method never gets to see, because the kernel keeps it, has no counter: the sockets' host drops
tags, fragments without an end, and other protocols; filters let only the lines' groups through.
"""

import json
import sys

EACH = 7
REASONS = ["wrong source", "wrong port", "wrong VLAN", "fragment", "oversize", "other group", "runt"]
EXPECTED = {
    "socket": {"wrong source": EACH, "wrong port": EACH},
    "uring": {"wrong source": EACH, "wrong port": EACH},
    "packet": {
        "wrong source": EACH, "wrong port": EACH, "wrong VLAN": EACH, "fragment": 2 * EACH},
    "pcap": {"wrong source": EACH, "wrong port": EACH, "wrong VLAN": EACH, "fragment": 2 * EACH},
    "xdp": {
        "wrong source": EACH, "wrong port": EACH, "wrong VLAN": EACH, "fragment": 2 * EACH,
        "oversize": EACH},
}


def main():
    method = sys.argv[1]
    totals = json.loads(sys.stdin.read().strip().splitlines()[-1])
    capture = totals["capture"]
    counts = dict.fromkeys(REASONS, 0)
    named = [(name, value) for source in capture["sources"] for name, value in
             source["counts"].items()]
    # Filter readings repeat what the sources counted themselves; the others come from the kernel.
    own = {source["name"] for source in capture["sources"]}
    named += [(reading["counter"], reading["value"]) for reading in capture["readings"]
              if not any(reading["counter"].endswith(name) for name in own)]
    for name, value in named:
        for reason in REASONS:
            if name.startswith(reason):
                counts[reason] += value
    expected = dict.fromkeys(REASONS, 0) | EXPECTED[method]
    wrong = {reason: (counts[reason], expected[reason]) for reason in REASONS
             if counts[reason] != expected[reason]}
    lines = totals["channels"][0]["lines"]
    missing = [line["name"] for line in lines[2:] if line["packets"] != 3]
    if wrong or missing or len(lines) != 25:
        sys.exit(f"   {method}: counted, expected: {wrong}; groups without packets: {missing}")
    if capture["dropped_by_kernel"]:
        sys.exit(f"   {method}: the kernel dropped {capture['dropped_by_kernel']}")
    shown = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    print(f"   {method}: 25 groups; {shown}")


main()
