"""Prints what PyPI `itchfeed` reads out of a file of length-prefixed ITCH 5.0 messages.

    itchfeed_fields.py FILE

One line a message: sequence, then `field=value` columns in the package's own names, tab separated.
Bytes are printed as text with their padding. Exits 77 if the package is missing.
"""

import sys

try:
    from itch.parser import MessageParser
except ImportError:
    sys.exit(77)


def main(path):
    parser = MessageParser()
    with open(path, "rb") as file:
        data = file.read()
    offset = sequence = 0
    while offset + 2 <= len(data):
        length = int.from_bytes(data[offset : offset + 2], "big")
        raw = data[offset + 2 : offset + 2 + length]
        offset += 2 + length
        sequence += 1
        fields = vars(parser.get_message_type(raw))
        columns = [f"type={chr(raw[0])}"]
        for name, value in fields.items():
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            columns.append(f"{name}={text}")
        print(sequence, *columns, sep="\t")


main(sys.argv[1])
