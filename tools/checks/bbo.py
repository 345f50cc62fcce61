"""Compares the rows of `decode --to bbo` with the bbo table of itch-book on the same message file."""

import csv
import datetime
import sys

import itch_book
import numpy

COLUMNS = ("ts_event", "locate", "bid_px", "bid_sz", "bid_ct", "ask_px", "ask_sz", "ask_ct")
# Ours are billionths of a dollar, itch-book's ten-thousandths.
PRICE_SCALE = 100_000


def expected_rows(path, date):
    feed = itch_book.Feed(path, date=date, price_type="fixed")
    columns = {name: [] for name in COLUMNS}
    symbols = {}
    for batch in feed.batches(tables=("bbo", "symbols")):
        for name in COLUMNS:
            columns[name].append(batch.bbo[name])
        for locate, symbol in zip(batch.symbols["locate"], batch.symbols["symbol"]):
            text = symbol.decode() if isinstance(symbol, bytes) else symbol
            symbols[int(locate)] = text.strip()
    joined = [numpy.concatenate(columns[name]).tolist() for name in COLUMNS]
    for row in zip(*joined):
        yield (row[0], symbols[row[1]], *row[2:])


def our_rows(path):
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            prices = [int(row["bid_price"]), int(row["ask_price"])]
            assert all(price % PRICE_SCALE == 0 for price in prices), row
            yield (
                int(row["exchange_time"]), row["symbol"],
                prices[0] // PRICE_SCALE, int(row["bid_quantity"]), int(row["bid_orders"]),
                prices[1] // PRICE_SCALE, int(row["ask_quantity"]), int(row["ask_orders"]),
            )


def main():
    message_file, date, table = sys.argv[1:]
    expected = list(expected_rows(message_file, datetime.date.fromisoformat(date)))
    ours = list(our_rows(table))
    for number, (one, other) in enumerate(zip(ours, expected)):
        if one != other:
            sys.exit(f"   row {number}: {one}, itch-book has {other}")
    if len(ours) != len(expected) or not ours:
        sys.exit(f"   {len(ours)} rows, itch-book has {len(expected)}")
    print(f"   {len(ours)} rows of best bid and offer equal itch-book's")


main()
