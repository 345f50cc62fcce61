"""Compares totals and ticks of the DEEP sample with the golden table: see `deep10`."""

import collections
import gzip
import json
import sys

import numpy

LEVEL, GAP, EPOCH, ALERT = 9, 17, 19, 22
LAST_OF_EVENT = 1
# Nanoseconds of core time that an event may stay open.
EVENT_LIMIT = 1_000_000


def golden(path):
    types = collections.Counter()
    levels, packets = [], 0
    with gzip.open(path, "rt") as file:
        next(file)
        for line in file:
            row = line.rstrip("\n").split("\t")
            packets += 1
            if not row[7]:
                continue
            kinds = row[7].split(",")
            types.update(kinds)
            prices = [price for price in row[9].split(",") if price] if len(row) > 9 else []
            # The dissector names a price for levels and trades (and trade breaks) only.
            priced = [kind for kind in kinds if kind in "85TBX"]
            if len(prices) != len(priced):
                continue
            first = int(row[5])
            numbers = [first + place for place, kind in enumerate(kinds) if kind in "85TBX"]
            for kind, price, number in zip(priced, prices, numbers):
                if kind in "85":
                    levels.append((number, round(float(price) * 10_000)))
    return packets, types, levels


def check_visibility(ticks):
    """No best bid or offer is held back beyond 1 ms of core time.

    Core time is the largest capture time so far. While an instrument's event is open, no tick may
    follow whose core time is more than the limit above that of the opening: the event must have
    been ended before by its flag, by another timestamp, or by the alert that gives it up.
    """
    opened = {}
    openings = alerts = 0
    core_time = 0
    for time, kind, flags, instrument, stamp in zip(
        *(ticks[name].tolist()
          for name in ("capture_time", "kind", "flags", "instrument", "exchange_time"))
    ):
        core_time = max(core_time, time)
        if kind == ALERT:
            alerts += 1
            opened.pop(instrument, None)
            continue
        if kind == EPOCH:
            opened.clear()
        if opened and core_time - min(start for start, _ in opened.values()) > EVENT_LIMIT:
            sys.exit(f"   an event is still open at core time {core_time}: {opened}")
        if instrument in opened and opened[instrument][1] != stamp:
            del opened[instrument]
        if kind == LEVEL and flags & LAST_OF_EVENT:
            opened.pop(instrument, None)
        elif kind == LEVEL and instrument not in opened:
            openings += 1
            opened[instrument] = (core_time, stamp)
    if openings == 0 or alerts == 0:
        sys.exit("   no event was opened or given up: the check says nothing")
    return openings, alerts


def main():
    text = open(sys.argv[1]).read()
    totals = json.loads(next(line for line in text.splitlines() if line.startswith("{")))
    ticks = numpy.load(sys.argv[2])
    packets, types, levels = golden(sys.argv[3])
    channel = totals["channels"][0]

    if totals["packets_read"] != packets:
        sys.exit(f"   {totals['packets_read']} packets read, golden has {packets}")
    if channel["messages_by_type"] != dict(types):
        sys.exit(f"   messages {channel['messages_by_type']}, golden {dict(types)}")
    epochs = ticks[ticks["kind"] == EPOCH]
    if len(epochs) != 12 or list(epochs["detail"]) != [1] + [4] * 11:
        sys.exit(f"   epochs {epochs['detail']}: expected a start and eleven restarts")
    if (ticks["kind"] == GAP).any() or channel["lost"]:
        sys.exit("   a gap that the capture does not have")
    ours = ticks[ticks["kind"] == LEVEL]
    ours = list(zip(ours["sequence"].tolist(), (ours["price"] // 100_000).tolist()))
    if levels != ours:
        sys.exit(f"   levels differ: {len(ours)}, golden {len(levels)}")

    openings, alerts = check_visibility(ticks)
    print(f"   {packets} packets, {sum(types.values())} messages, {len(levels)} levels equal the "
          f"golden table; 11 restarts, {openings} events opened, {alerts} given up")


main()
