"""Reads the .protocol form; Sources/Protocols/DESCRIPTIONS.md is its specification."""

import re
from pathlib import Path

from model import (
    TOKEN, BitSet, DescriptionError, Enumeration, Feed, Field, Header, Message, Part, Protocol,
    parse_type, parse_value)


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
                try:
                    self.statement(tokens, statement.strip(), to.strip())
                except (IndexError, ValueError, AttributeError, TypeError):
                    self.fail(
                        f"'{tokens[0]}' lacks a part, has a wrong one, or stands where it does not "
                        "belong; the form is in DESCRIPTIONS.md")
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
            if name == "const" and not all(
                    re.fullmatch(r"'.+'|-?\d+|0x[0-9A-Fa-f]+", one) for one in value.split("|")):
                self.fail(f"const={value} is no number, quoted letters, or several behind |")
            if name == "null" and not re.fullmatch(r"max|min|-?\d+|0x[0-9A-Fa-f]+", value):
                self.fail(f"null={value} is neither a number nor max or min")
            setattr(made, name, value)
