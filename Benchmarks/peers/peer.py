"""Answers each line on standard input with one run's result as a line of JSON."""

import json
import sys


def serve(name, run):
    print(name, flush=True)
    for _ in sys.stdin:
        nanoseconds, figures = run()
        print(json.dumps({"nanoseconds": nanoseconds, "figures": figures}), flush=True)
