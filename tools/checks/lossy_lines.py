"""Compares a lossy decode with the lossless one: see `lossy-lines`."""

import json
import sys

import numpy

GAP = 17
# Ticks that tell how lines and epochs went: gap, gapFilled, epoch, heartbeat, lineState, alert.
OWN_KINDS = (17, 18, 19, 20, 21, 22)
SUSPECT = 1 << 9
ALWAYS_EQUAL = ("channel", "sequence", "kind", "order_id", "exchange_time")
EQUAL_UNLESS_SUSPECT = ("price", "side", "quantity")


def main():
    whole, lossy = numpy.load(sys.argv[1]), numpy.load(sys.argv[2])
    with open(sys.argv[3]) as file:
        truth = json.load(file)
    gaps = lossy[lossy["kind"] == GAP]
    declared = [[int(gap["sequence"]), int(gap["sequence"] + gap["quantity"])] for gap in gaps]
    if declared != truth["lost_everywhere"]:
        sys.exit(f"   gaps {declared}, lost on both lines {truth['lost_everywhere']}")
    if not declared or min(line["lost"] for line in truth["lines"]) == 0:
        sys.exit("   nothing was lost: the check says nothing")

    whole = whole[~numpy.isin(whole["kind"], OWN_KINDS)]
    lossy = lossy[~numpy.isin(lossy["kind"], OWN_KINDS)]
    inside = numpy.zeros(len(whole), dtype=bool)
    for first, end in declared:
        inside |= (whole["sequence"] >= first) & (whole["sequence"] < end)
    whole = whole[~inside]
    if len(whole) != len(lossy):
        sys.exit(f"   {len(lossy)} ticks, expected {len(whole)}")
    for name in ALWAYS_EQUAL:
        if not numpy.array_equal(whole[name], lossy[name]):
            sys.exit(f"   {name} differs outside the gaps")
    suspect = (lossy["flags"] & SUSPECT) != 0
    different = 0
    for name in EQUAL_UNLESS_SUSPECT:
        unequal = whole[name] != lossy[name]
        different += int(unequal.sum())
        if (unequal & ~suspect).any():
            sys.exit(f"   {name} differs on a tick that is not flagged suspect")
    print(f"   {len(declared)} gaps as the lines lost them, {len(lossy)} ticks equal, "
          f"{different} values differ, all on suspect books")


main()
