"""Compares the part of a page between its markers with a file, or replaces it: page, file, --check
or --write."""

import sys

BEGIN, END = "<!-- feeds: tools/checks/protocols --write -->\n", "<!-- end of feeds -->\n"


def main():
    page, table, action = sys.argv[1:4]
    with open(page) as file:
        text = file.read()
    with open(table) as file:
        wanted = "\n" + file.read() + "\n"
    start = text.index(BEGIN) + len(BEGIN)
    end = text.index(END)
    if action == "--write":
        with open(page, "w") as file:
            file.write(text[:start] + wanted + text[end:])
    elif text[start:end] != wanted:
        sys.exit(1)
    else:
        print(f"   {len(wanted.strip().splitlines()) - 2} feeds, as the program lists them")


main()
