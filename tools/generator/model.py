"""The model of a protocol description."""

import re
from dataclasses import dataclass, field
from pathlib import Path


class DescriptionError(Exception):
    """A mistake in a description: file, line, what is wrong."""


INTEGERS = {f"{s}{b}": (s, b // 8) for s in "ui" for b in (8, 16, 24, 32, 40, 48, 56, 64)}


@dataclass
class Type:
    """A field's form on the wire: kind is u, i, char, text, bytes or pad."""

    kind: str
    size: int
    big: bool = False

    @property
    def canonical(self):
        if self.kind in "ui":
            order = "" if self.size == 1 else "be" if self.big else "le"
            return f"{self.kind}{self.size * 8}{order}"
        if self.kind == "char":
            return "char"
        return f"{ {'text': 'char'}.get(self.kind, self.kind)}[{self.size}]".replace(" ", "")


@dataclass
class Field:
    offset: int
    type: Type
    name: str = ""
    exponent: int = None
    enum: str = ""
    bits: str = ""
    null: str = ""
    unit: str = ""
    const: str = ""
    since: str = ""
    to: str = ""
    optional: bool = False
    line: int = 0

    @property
    def end(self):
        return self.offset + self.type.size


@dataclass
class Part:
    """What follows the fixed part: kind is group, repeat, data or tail."""

    kind: str
    name: str
    dimension: list = field(default_factory=list)
    size: int = None
    count: str = ""
    when: tuple = None
    least: int = None
    fields: list = field(default_factory=list)
    parts: list = field(default_factory=list)
    to: str = ""
    line: int = 0
    # A later schema version added it: the message may end in front of it.
    optional: bool = False
    # Bytes of an SBE entry as its schema says; the last field may end earlier.
    block_size: int = 0

    @property
    def dimension_size(self):
        return sum(f.type.size for f in self.dimension)

    def dimension_field(self, name):
        return next((f for f in self.dimension if f.name == name), None)


@dataclass
class Message:
    key: int
    key_text: str
    name: str
    least: int
    most: int = None
    feeds: list = field(default_factory=list)
    fields: list = field(default_factory=list)
    parts: list = field(default_factory=list)
    to: str = ""
    notes: list = field(default_factory=list)
    line: int = 0
    # Bytes of an SBE block as its schema says; the last field may end earlier.
    block_size: int = 0

    @property
    def full(self):
        """Bytes of the fixed part with every optional field."""
        return max([self.least, self.block_size] + [f.end for f in self.fields])

    @property
    def is_dropped(self):
        return self.to.startswith("dropped")


@dataclass
class Feed:
    name: str
    title: str = ""
    version: str = ""
    venue: str = ""
    hints: list = field(default_factory=list)


@dataclass
class Header:
    name: str
    size: int
    # Those whose packets begin with it; empty: all that no other header names.
    feeds: list = field(default_factory=list)
    fields: list = field(default_factory=list)


@dataclass
class Enumeration:
    name: str
    type: Type
    values: list = field(default_factory=list)  # (number, name, text)


@dataclass
class BitSet:
    name: str
    type: Type
    values: list = field(default_factory=list)  # (low, high, name, text)


@dataclass
class Protocol:
    path: Path
    name: str = ""
    title: str = ""
    source: str = ""
    big: bool = False
    framing: str = ""
    inner: str = ""
    inner_after: int = 0
    sbe: dict = None
    prefix: list = field(default_factory=list)
    prefix_size: int = 0
    key: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    feeds: list = field(default_factory=list)
    headers: list = field(default_factory=list)
    enums: dict = field(default_factory=dict)
    bits: dict = field(default_factory=dict)
    messages: list = field(default_factory=list)
    schema: str = ""
    maps: dict = field(default_factory=dict)

    @property
    def length_field(self):
        """The prefix field that holds the message's length, if the message counts itself."""
        found = re.match(r"u\d+(?:be|le)?@(\d+) inclusive", self.inner or self.framing)
        if not found:
            return None
        return next((f for f in self.prefix if f.offset == int(found[1])), None)

    def feed_names(self, message):
        return message.feeds or [f.name for f in self.feeds]


def parse_type(text, big, fail):
    found = re.fullmatch(r"([ui]\d+)(be|le)?", text)
    if found and found[1] in INTEGERS:
        kind, size = INTEGERS[found[1]]
        return Type(kind, size, found[2] == "be" if found[2] else big)
    if text == "char":
        return Type("char", 1)
    found = re.fullmatch(r"(char|bytes|pad)\[(\d+)\]", text)
    if found and int(found[2]) > 0:
        return Type({"char": "text"}.get(found[1], found[1]), int(found[2]))
    if text == "pad":
        return Type("pad", 1)
    fail(f"unknown type {text}")


def parse_value(text, fail):
    """A number, 0x number or quoted letters (big-endian joined)."""
    if len(text) >= 3 and text[0] == text[-1] == "'":
        value = 0
        for letter in text[1:-1]:
            value = value << 8 | ord(letter)
        return value
    try:
        return int(text, 0)
    except ValueError:
        fail(f"not a number or quoted letters: {text}")


TOKEN = re.compile(r"'[^']*'|[^\s']+")


def null_number(made):
    """The number that stands for no value."""
    bits = made.type.size * 8
    if made.null == "max":
        return (1 << bits) - 1 if made.type.kind == "u" else (1 << (bits - 1)) - 1
    if made.null == "min":
        return 0 if made.type.kind == "u" else -(1 << (bits - 1))
    return int(made.null, 0)
