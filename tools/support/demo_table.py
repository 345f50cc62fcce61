"""Prints what a run came to, for people: the handler's JSON totals and the C reader's latencies."""

import json
import sys


def main():
    with open(sys.argv[1]) as file:
        totals = json.loads(next(line for line in file if line.startswith("{")))
    with open(sys.argv[2]) as file:
        latency = json.load(file)
    channel = totals["channels"][0]
    rows = [("line", "packets", "delivered first", "missing on it", "filled by the other line")]
    for line in channel["lines"]:
        filled = line["lost"] - channel["lost"]
        rows.append((line["name"], line["packets"], line["wins"], line["lost"], filled))
    widths = [max(len(str(row[place])) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        print("  ".join(str(cell).rjust(width) for cell, width in zip(row, widths)))
    journal = totals["journal"]
    print(f"""
messages delivered, in order      {channel["delivered"]:>10,}
lost on both lines (gaps)         {channel["lost"]:>10,} ({channel["gaps"]} gaps)
ticks on the tape                 {totals["ticks"]:>10,}
dropped by the kernel             {totals["capture"]["dropped_by_kernel"]:>10,}
wire to C reader, median          {latency["p50"] / 1000:>10,.1f} µs
wire to C reader, 99 %            {latency["p99"] / 1000:>10,.1f} µs
  (a hole may wait 10 ms for the other line, and what is behind it waits with it)
journal, bytes a tick             {journal["tick_bytes"] / max(journal["ticks"], 1):>10.2f}
""")


main()
