"""Compares `tapeline dissect --json` with a table of an independent dissector: see `golden`.

The table has a row a packet and a column a field; values of several messages, or of several entries
of one, are joined by commas in the order of the wire. Arguments: our packets (JSON lines), the table.
"""

import decimal
import gzip
import json
import sys

# The last part of a column's name, and where the same value stands in ours: `packet` and `header`
# name one value, `messages` all fields of any of the names, in the order of the wire.
COLUMNS = {
    "number": ("packet", ["packet"]),
    "time_epoch": ("packet", ["time"]),
    "dst": ("destination", ["address"]),
    "dstport": ("destination", ["port"]),
    "packetsequencenumber": ("header", ["sequence", "packetsequencenumber", "msgseqnum"]),
    "sendingtime": ("header", ["sendingtime", "sendtime"]),
    "templateid": ("key", []),
    "securityid": ("messages", ["securityid"]),
    "rptseq": ("messages", ["rptseq"]),
    "unit": ("header", ["unit"]),
    "sequence": ("header", ["sequence"]),
    "count": ("header", ["count"]),
    "messagetype": ("key", []),
    "orderid": ("messages", ["orderid"]),
    "sessionid": ("header", ["session", "sessionid"]),
    "firstmessagesequencenumber": ("header", ["sequence", "firstsequence",
                                              "firstmessagesequencenumber"]),
    "messagecount": ("header", ["count", "messagecount"]),
    "symbol": ("messages", ["symbol"]),
    "price": ("messages", ["price"]),
}


def normal(name):
    return name.replace("_", "").lower()


def plain(value):
    """A field's value as the table writes it: numbers for enumerations, times and bit sets."""
    if isinstance(value, dict):
        return value["value"] if "value" in value else value["raw"]
    return value


def collect(fields, names, found):
    for name, value in fields.items():
        if isinstance(value, list):
            for entry in value:
                collect(entry, names, found)
        elif normal(name) in names and value is not None:
            found.append(plain(value))


def ours(packet, where, names):
    if where == "packet":
        return [packet[names[0]]]
    if where == "destination":
        address, _, port = packet["destination"].rpartition(":")
        return [address if names[0] == "address" else port]
    if where == "header":
        header = {normal(name): value for name, value in packet["header"].items()}
        for name in names:
            if name in header:
                return [plain(header[name])]
        sys.exit(f"   no {names[0]} in the header {packet['header']}")
    if where == "key":
        return [message["key"] for message in packet["messages"]]
    found = []
    for message in packet["messages"]:
        collect(message["fields"], names, found)
    return found


def equal(column, golden, mine):
    if column == "time_epoch":
        return decimal.Decimal(golden).scaleb(9) == mine
    if golden == str(mine):
        return True
    try:
        return decimal.Decimal(golden) == decimal.Decimal(str(mine))
    except decimal.InvalidOperation:
        return False


def compare(row, columns, packet):
    """How many values were compared; stops the program at the first that differs."""
    count = 0
    for name, text in zip(columns, row):
        column = name.rpartition(".")[2]
        where, names = COLUMNS[column]
        golden = text.split(",") if text else []
        if packet is None:
            if golden and name.startswith(("frame", "ip", "udp")):
                continue
            mine = []
        else:
            mine = ours(packet, where, names)
        if len(golden) != len(mine) or not all(
                equal(column, left, right) for left, right in zip(golden, mine)):
            sys.exit(f"   packet {row[0]}, {column}: golden {golden}, ours {mine}")
        count += len(golden)
    return count


def main():
    packets = {}
    with open(sys.argv[1]) as file:
        for line in file:
            packet = json.loads(line)
            packets[packet["packet"]] = packet
    rows = values = messages = without = 0
    with gzip.open(sys.argv[2], "rt") as table:
        columns = next(table).rstrip("\n").split("\t")
        for line in table:
            row = line.rstrip("\n").split("\t")
            row += [""] * (len(columns) - len(row))
            packet = packets.pop(int(row[0]), None)
            values += compare(row, columns, packet)
            rows += 1
            if packet is None:
                without += 1
                continue
            messages += len(packet["messages"])
            bad = [m for m in packet["messages"] if m["status"] != "whole"]
            if bad or packet["problems"]:
                sys.exit(f"   packet {row[0]}: {bad} {packet['problems']}")
    if packets:
        sys.exit(f"   packets that the table does not have: {sorted(packets)[:5]} …")
    print(f"   {rows} packets, {messages} messages, {values} values equal {sys.argv[2].split('/')[-1]}"
          f" ({without} packets carry no UDP)")


main()
