"""itch-book's C++ core over a message file: full-depth books, only `feed` is timed."""

import sys
import time
from importlib.metadata import version

import numpy as np
from itch_book._core import Session

from peer import serve

CHUNK = 8 << 20


def main():
    data = np.fromfile(sys.argv[1], dtype=np.uint8)

    def run():
        # Halts are few, so that next to nothing is written besides the books.
        session = Session(tables=["halts"], depth=0, symbols=[])
        elapsed = 0
        for start in range(0, len(data), CHUNK):
            chunk = data[start : start + CHUNK]
            before = time.perf_counter_ns()
            session.feed(chunk)
            elapsed += time.perf_counter_ns() - before
        messages = session.stats()["messages"]
        return elapsed / messages, {"messages": messages}

    serve(f"itch-book {version('itch-book')} (C++)", run)


main()
