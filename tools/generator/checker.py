"""What a description must keep to, whatever form it was read from."""

from model import DescriptionError, Message

# As WireTimeUnit has them.
UNITS = (
    "ns", "us", "ms", "s", "epoch-ns", "epoch-us", "epoch-ms", "epoch-s", "days", "yyyymmdd")


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
        for feed in protocol.feeds:
            if not 1 <= len(feed.name.encode()) <= 15:
                self.fail(1, f"feed {feed.name}: a name has 1 to 15 bytes")
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
            if made.unit and made.unit not in UNITS:
                self.fail(made.line, f"unknown unit {made.unit}: known are {', '.join(UNITS)}")
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
            self.counts(owner, part)
            for reference in [part.count] + ([part.when[0]] if part.when else []):
                if reference and reference not in known:
                    self.fail(part.line, f"{reference} is no field of {owner.name}")
            if part.kind == "tail" and part is not parts[-1]:
                self.fail(part.line, "only the last part can be a tail")
            self.parts(part, part.parts, mapped)

    def counts(self, owner, part):
        """Numbers that bounds checks multiply: their product has far less than 64 bits."""
        limits = [(f, 4) for f in [part.dimension_field("count")] if f]
        limits += [(f, 2) for f in [part.dimension_field("blockLength")] if f]
        fields = owner.fields + (self.protocol.prefix if isinstance(owner, Message) else [])
        limits += [(f, 4) for f in fields if part.count and f.name == part.count]
        for field, bytes_most in limits:
            if field.type.kind != "u" or field.type.size > bytes_most:
                self.fail(
                    part.line, f"{field.name} of {part.name} is no number without a sign of "
                    f"at most {bytes_most} bytes")
        if (part.size or 0) > 65535:
            self.fail(part.line, f"entries of {part.name} are longer than a packet")

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
