"""Ticks as DBN MBO records, compressed with zstd level 3, as Databento delivers them."""

import sys
import time
from importlib.metadata import version

import databento_dbn as dbn
import numpy as np
import zstandard

from peer import serve

TICK = np.dtype(
    [
        ("exchange_time", "<u8"), ("capture_time", "<u8"), ("sequence", "<u8"),
        ("order_id", "<u8"), ("price", "<i8"), ("quantity", "<i8"), ("instrument", "<u4"),
        ("channel", "<u2"), ("kind", "u1"), ("side", "u1"), ("flags", "<u2"), ("line", "u1"),
        ("detail", "u1"), ("extra", "<u4"),
    ]
)
# DBN's MboMsg: a header of 16 bytes, then the order's fields; 56 bytes.
MBO = np.dtype(
    [
        ("length", "u1"), ("rtype", "u1"), ("publisher_id", "<u2"), ("instrument_id", "<u4"),
        ("ts_event", "<u8"), ("order_id", "<u8"), ("price", "<i8"), ("size", "<u4"),
        ("flags", "u1"), ("channel_id", "u1"), ("action", "S1"), ("side", "S1"),
        ("ts_recv", "<u8"), ("ts_in_delta", "<i4"), ("sequence", "<u4"),
    ]
)
# By tick kind: add, modify, cancel, delete, fill, trade; what is none of these has no MBO record.
ACTIONS = np.zeros(256, dtype="S1")
ACTIONS[1:7] = [b"A", b"M", b"C", b"C", b"F", b"T"]
SIDES = np.array([b"N", b"B", b"A"], dtype="S1")
LAST = 0x80


def records(path):
    ticks = np.fromfile(path, dtype=TICK)
    ticks = ticks[ACTIONS[ticks["kind"]] != b""]
    out = np.zeros(len(ticks), dtype=MBO)
    out["length"] = MBO.itemsize // 4
    out["rtype"] = 0xA0
    out["publisher_id"] = 2
    out["instrument_id"] = ticks["instrument"]
    out["ts_event"] = ticks["exchange_time"]
    out["order_id"] = ticks["order_id"]
    out["price"] = ticks["price"]
    out["size"] = np.where(ticks["quantity"] < 0, 0, ticks["quantity"])
    out["flags"] = np.where(ticks["flags"] & 1, LAST, 0)
    out["channel_id"] = ticks["channel"]
    out["action"] = ACTIONS[ticks["kind"]]
    out["side"] = SIDES[ticks["side"]]
    out["ts_recv"] = ticks["capture_time"]
    out["sequence"] = ticks["sequence"]
    return out


def check(out):
    """The package itself must read the first records as they were meant."""
    decoder = dbn.DBNDecoder(has_metadata=False, input_version=3)
    decoder.write(out[:1000].tobytes())
    decoded = [record for record in decoder.decode() if isinstance(record, dbn.MBOMsg)]
    assert len(decoded) == len(out[:1000])
    for record, row in zip(decoded, out[:1000]):
        assert record.order_id == row["order_id"] and record.price == row["price"]
        assert record.ts_recv == row["ts_recv"] and record.size == row["size"]


def main():
    out = records(sys.argv[1])
    check(out)
    raw = out.tobytes()
    packer = zstandard.ZstdCompressor(level=3, write_checksum=True)
    unpacker = zstandard.ZstdDecompressor()

    def run():
        before = time.perf_counter_ns()
        packed = packer.compress(raw)
        between = time.perf_counter_ns()
        unpacker.decompress(packed)
        after = time.perf_counter_ns()
        count = len(out)
        figures = {
            "bytesPerTick": len(packed) / count,
            "decode": (after - between) / count,
            "records": count,
        }
        return (between - before) / count, figures

    serve(f"DBN {version('databento-dbn')}, zstd 3", run)


main()
