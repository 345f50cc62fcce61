"""The model of a protocol description, and the reader of the .protocol form.

Sources/Protocols/DESCRIPTIONS.md is the specification of that form.
"""

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


class Reader:
    """Reads one .protocol file, statement by statement."""

    def __init__(self, path):
        self.path = Path(path)
        self.protocol = Protocol(path=self.path)
        self.line = 0
        self.block = None  # what field or value lines belong to
        self.stack = []  # open groups and repeats

    def fail(self, text):
        raise DescriptionError(f"{self.path}:{self.line}: {text}")

    def read(self):
        for number, raw in enumerate(self.path.read_text().splitlines(), 1):
            self.line = number
            text = re.sub(r"(^|\s)#.*$", "", raw) if "'#'" not in raw else raw
            statement, _, to = text.partition("->")
            tokens = TOKEN.findall(statement)
            if tokens:
                self.statement(tokens, statement.strip(), to.strip())
        if self.stack:
            self.fail(f"group {self.stack[-1].name} has no end")
        return self.protocol

    def statement(self, tokens, text, to):
        word = tokens[0]
        action = getattr(self, "on_" + word.replace("-", "_"), None)
        if action and not (self.is_field(tokens) and word not in ("end",)):
            action(tokens[1:], text[len(word):].strip(), to)
        elif self.block is not None:
            self.entry(tokens, text, to)
        else:
            self.fail(f"unknown statement {word}")

    def is_field(self, tokens):
        return re.fullmatch(r"\d+", tokens[0]) is not None

    # Head

    def on_protocol(self, tokens, text, to):
        self.protocol.name = tokens[0]

    def on_title(self, tokens, text, to):
        if isinstance(self.block, Feed):
            self.block.title = text
        else:
            self.protocol.title = text

    def on_version(self, tokens, text, to):
        if not isinstance(self.block, Feed):
            self.fail("version belongs to a feed")
        self.block.version = text

    def on_venue(self, tokens, text, to):
        self.block.venue = text

    def on_hint(self, tokens, text, to):
        self.block.hints += tokens

    def on_source(self, tokens, text, to):
        self.protocol.source = text

    def on_endian(self, tokens, text, to):
        if text not in ("big", "little"):
            self.fail("endian is big or little")
        self.protocol.big = text == "big"

    def on_framing(self, tokens, text, to):
        self.protocol.framing = text

    def on_messages(self, tokens, text, to):
        found = re.search(r"\s*\bafter=(\d+)", text)
        if found:
            self.protocol.inner_after = int(found[1])
            text = text.replace(found[0], "").strip()
        self.protocol.inner = text or self.protocol.inner

    def on_note(self, tokens, text, to):
        owner = self.block if isinstance(self.block, Message) else self.protocol
        owner.notes.append(text + (" -> " + to if to else ""))

    def on_sbe(self, tokens, text, to):
        self.protocol.sbe = dict(t.split("=", 1) for t in tokens)

    def on_sbe_schema(self, tokens, text, to):
        self.protocol.schema = text

    def on_map(self, tokens, text, to):
        self.protocol.maps[tokens[0]] = to

    def on_key(self, tokens, text, to):
        self.protocol.key = [t.strip() for t in text.split(",")]

    def on_prefix(self, tokens, text, to):
        if re.fullmatch(r"\d+", text):
            self.protocol.prefix_size = int(text)
            self.block = "prefix"
            return
        self.protocol.prefix = self.inline_fields(text)
        self.protocol.prefix_size = sum(f.type.size for f in self.protocol.prefix)

    def inline_fields(self, text):
        """`u16 blockLength, pad[5], u8 count` as fields one behind the other."""
        fields, offset = [], 0
        for item in text.split(","):
            words = item.split()
            kind = parse_type(words[0], self.protocol.big, self.fail)
            made = Field(offset, kind, words[1] if len(words) > 1 else "", line=self.line)
            self.attributes(made, words[2:])
            fields.append(made)
            offset += kind.size
        return fields

    # Blocks

    def on_feed(self, tokens, text, to):
        self.block = Feed(tokens[0])
        self.protocol.feeds.append(self.block)

    def on_header(self, tokens, text, to):
        self.block = Header(tokens[0], int(tokens[1]))
        for token in tokens[2:]:
            name, _, value = token.partition("=")
            if name != "feeds":
                self.fail(f"a header has no {name}")
            self.block.feeds = value.split(",")
        self.protocol.headers.append(self.block)

    def on_enum(self, tokens, text, to):
        self.block = Enumeration(tokens[0], parse_type(tokens[1], self.protocol.big, self.fail))
        self.protocol.enums[tokens[0]] = self.block

    def on_bits(self, tokens, text, to):
        self.block = BitSet(tokens[0], parse_type(tokens[1], self.protocol.big, self.fail))
        self.protocol.bits[tokens[0]] = self.block

    def on_message(self, tokens, text, to):
        if self.stack:
            self.fail(f"group {self.stack[-1].name} has no end")
        key_text, name = tokens[0], tokens[1]
        made = Message(parse_value(key_text, self.fail), key_text.strip("'"), name, 0, to=to)
        made.line = self.line
        rest = tokens[2:]
        if rest and rest[0] == "block":
            rest = rest[1:]
            made.least = int(rest.pop(0))
        elif rest:
            self.size(made, rest.pop(0))
        for word in rest:
            if not word.startswith("feeds="):
                self.fail(f"unknown attribute {word}")
            made.feeds = word[6:].split(",")
        self.protocol.messages.append(made)
        self.block = made

    def size(self, message, text):
        found = re.fullmatch(r"(\d+)(\+)?(?:\.\.(\d+))?", text)
        if not found:
            self.fail(f"size {text} is none of N, N+, N..M")
        message.least = int(found[1])
        message.most = None if found[2] else int(found[3] or found[1])

    def on_group(self, tokens, text, to):
        text = re.sub(r"^\S+\s*", "", text)
        options = dict(o.split("=") for o in re.findall(r"\b(?:size|least)=\d+", text))
        text = re.sub(r"\s*\b(?:size|least)=\d+", "", text)
        part = Part("group", tokens[0], dimension=self.inline_fields(text), to=to)
        part.size = int(options["size"]) if "size" in options else None
        part.least = int(options["least"]) if "least" in options else None
        self.open(part)

    def on_repeat(self, tokens, text, to):
        part = Part("repeat", tokens[0], to=to)
        for word in tokens[1:]:
            name, _, value = word.partition("=")
            if name == "size":
                part.size = int(value)
            elif name == "count":
                part.count = value
            elif name == "when":
                text = text[text.index("when=") + 5:].split()[0] if "'" not in text else (
                    text[text.index("when=") + 5:])
                indicator, _, values = text.partition(":")
                part.when = (indicator.strip(), self.when_values(indicator.strip(), values))
                break
            else:
                self.fail(f"unknown attribute {word}")
        if part.size is None or not (part.count or part.when):
            self.fail("a repeat has size=, and count= or when=field:values or both")
        self.open(part)

    def when_values(self, indicator, text):
        owners = self.block.fields + self.protocol.prefix
        made = next((f for f in owners if f.name == indicator), None)
        letters = made is not None and made.type.kind == "char"
        values = []
        for item in text.split(","):
            item = item.strip()
            if letters and len(item) == 1:
                values.append(ord(item))
            elif re.fullmatch(r"\d+|0x[0-9a-fA-F]+|'.*'", item):
                values.append(parse_value(item, self.fail))
            elif len(item) == 1:
                values.append(ord(item))
            else:
                self.fail(f"not a value: {item}")
        return values

    def open(self, part):
        if not isinstance(self.block, (Message, Part)):
            self.fail(f"{part.kind} {part.name} belongs into a message")
        part.line = self.line
        self.block.parts.append(part)
        self.stack.append(part)
        part.parent = self.block
        self.block = part

    def on_end(self, tokens, text, to):
        if not self.stack:
            self.fail("end without a group")
        self.block = self.stack.pop().parent

    def on_data(self, tokens, text, to):
        length = parse_type(tokens[1], self.protocol.big, self.fail)
        part = Part("data", tokens[0], dimension=[Field(0, length, "count")], size=1, to=to)
        self.open(part)
        self.on_end([], "", "")

    def on_tail(self, tokens, text, to):
        self.open(Part("tail", tokens[0], size=1, to=to))
        self.on_end([], "", "")

    # Lines inside a block

    def entry(self, tokens, text, to):
        if isinstance(self.block, Enumeration):
            value = tokens[0]
            number = (
                parse_value(value, self.fail) if value[0] in "'-0123456789" and (
                    self.block.type.kind != "char" or len(value) > 1) else ord(value))
            if self.block.type.kind == "char" and len(value) == 1:
                number = ord(value)
            self.block.values.append((number, tokens[1], " ".join(tokens[2:])))
        elif isinstance(self.block, BitSet):
            low, _, high = tokens[0].partition("-")
            self.block.values.append(
                (int(low), int(high or low), tokens[1], " ".join(tokens[2:])))
        elif self.is_field(tokens):
            target = self.protocol.prefix if self.block == "prefix" else self.block.fields
            target.append(self.field(tokens, to))
        else:
            self.fail(f"unknown statement {tokens[0]}")

    def field(self, tokens, to):
        if len(tokens) < 2:
            self.fail("a field has an offset, a type and a name")
        kind = parse_type(tokens[1], self.protocol.big, self.fail)
        made = Field(int(tokens[0]), kind, to=to, line=self.line)
        rest = tokens[2:]
        if kind.kind != "pad":
            if not rest or not re.fullmatch(r"[a-z][A-Za-z0-9]*", rest[0]):
                self.fail("a field needs a lowerCamelCase name")
            made.name = rest.pop(0)
        self.attributes(made, rest)
        return made

    def attributes(self, made, words):
        for word in words:
            if re.fullmatch(r"e[-+]?\d+", word):
                made.exponent = int(word[1:])
                continue
            name, _, value = word.partition("=")
            if name not in ("enum", "bits", "null", "unit", "const", "since") or not value:
                self.fail(f"unknown attribute {word}")
            setattr(made, name, value)


def null_number(made):
    """The number that stands for no value."""
    bits = made.type.size * 8
    if made.null == "max":
        return (1 << bits) - 1 if made.type.kind == "u" else (1 << (bits - 1)) - 1
    if made.null == "min":
        return 0 if made.type.kind == "u" else -(1 << (bits - 1))
    return int(made.null, 0)


class Checker:
    """Everything that a description must keep to before anything is generated from it."""

    def __init__(self, protocol):
        self.protocol = protocol

    def fail(self, line, text):
        raise DescriptionError(f"{self.protocol.path}:{line}: {text}")

    def check(self):
        protocol = self.protocol
        for attribute in ("name", "title", "source", "framing", "key"):
            if not getattr(protocol, attribute):
                self.fail(1, f"no {attribute}")
        if not protocol.feeds:
            self.fail(1, "no feed")
        names = {f.name for f in protocol.prefix}
        for key in protocol.key:
            if key not in names:
                self.fail(1, f"key {key} is no field of the prefix")
        for header in protocol.headers:
            self.fields(header.fields, 0, header.size, header.size, False)
        if not protocol.sbe:
            self.fields(protocol.prefix, 0, protocol.prefix_size, protocol.prefix_size, False)
        for message in protocol.messages:
            self.message(message)
        self.unique()

    def message(self, message):
        protocol = self.protocol
        begin = 0 if protocol.sbe else protocol.prefix_size
        if protocol.sbe:
            message.most = None
        if message.least < begin:
            self.fail(message.line, f"{message.name} is shorter than its prefix")
        if not message.to:
            self.fail(message.line, f"{message.name} does not say what becomes of it (->)")
        full = message.most or message.full
        has_parts = bool(message.parts)
        if message.most is not None and has_parts:
            message.most = None
            full = message.full
        self.fields(message.fields, begin, message.least, full, not message.is_dropped)
        self.parts(message, message.parts, not message.is_dropped)

    def fields(self, fields, begin, least, full, mapped):
        at = begin
        seen = set()
        for made in fields:
            if made.offset < at:
                self.fail(made.line, f"{made.name or 'pad'} overlaps what stands before it")
            if made.offset > at:
                self.fail(made.line, f"a hole before {made.name or 'pad'}: {made.offset - at} bytes")
            at = made.end
            made.optional = made.end > least
            if made.type.kind == "pad":
                continue
            if made.name in seen:
                self.fail(made.line, f"{made.name} twice")
            seen.add(made.name)
            for kind, table in (("enum", self.protocol.enums), ("bits", self.protocol.bits)):
                name = getattr(made, kind)
                if name and name not in table:
                    self.fail(made.line, f"unknown {kind} {name}")
            if mapped and not made.to:
                self.fail(made.line, f"{made.name} does not say where it goes (->)")
        if at < least and not self.protocol.sbe:
            line = fields[-1].line if fields else 1
            self.fail(line, f"{least - at} bytes behind the last field are not described")

    def parts(self, owner, parts, mapped):
        for part in parts:
            size = part.size
            if part.kind == "group":
                if part.dimension_field("count") is None:
                    self.fail(part.line, f"group {part.name} has no count")
                if part.dimension_field("blockLength") is None and size is None:
                    self.fail(part.line, f"group {part.name} has neither blockLength nor size=")
            if part.kind in ("group", "repeat"):
                need = max([f.end for f in part.fields] or [0])
                if part.least is None:
                    part.least = need
                if size is not None and need > size:
                    self.fail(part.line, f"{part.name} has fields beyond its size")
                self.fields(
                    part.fields, 0, size or part.least, size or need, mapped)
            known = {f.name for f in owner.fields} | (
                {f.name for f in self.protocol.prefix} if isinstance(owner, Message) else set())
            for reference in [part.count] + ([part.when[0]] if part.when else []):
                if reference and reference not in known:
                    self.fail(part.line, f"{reference} is no field of {owner.name}")
            if part.kind == "tail" and part is not parts[-1]:
                self.fail(part.line, "only the last part can be a tail")
            self.parts(part, part.parts, mapped)

    def unique(self):
        others = set(self.protocol.enums) | set(self.protocol.bits)
        others |= {h.name for h in self.protocol.headers}
        for message in self.protocol.messages:
            if message.name in others:
                self.fail(message.line, f"{message.name} is an enumeration, set or header, too")
        names, keys = set(), set()
        for message in self.protocol.messages:
            if message.name in names:
                self.fail(message.line, f"two messages {message.name}")
            names.add(message.name)
            for feed in self.protocol.feed_names(message):
                if feed not in {f.name for f in self.protocol.feeds}:
                    self.fail(message.line, f"unknown feed {feed}")
                if (feed, message.key) in keys:
                    self.fail(message.line, f"two messages {message.key_text} in {feed}")
                keys.add((feed, message.key))
