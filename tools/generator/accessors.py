"""Writes <Name>.generated.swift: accessors of messages, group entries and headers."""

from swift import head, integer, load, lower, name, null_text, upper, values


class Accessors:
    def __init__(self, protocol):
        self.protocol = protocol
        self.out = []

    def text(self):
        protocol = self.protocol
        self.out = [values(protocol, protocol.path.name)]
        self.keys()
        for header in protocol.headers:
            self.structure(
                f"{protocol.name}{header.name}", header.fields, [],
                f"{header.name}, {header.size} bytes ({protocol.source}).", header.size, "length")
        for message in protocol.messages:
            self.message(message)
        return head(protocol) + "\n".join(self.out).rstrip() + "\n"

    def add(self, *lines):
        self.out += lines

    def keys(self):
        protocol = self.protocol
        self.add(
            f"/// Keys of the messages ({protocol.source}).",
            f"public enum {protocol.name}Message {{")
        for message in protocol.messages:
            self.add(
                "    @inlinable @inline(__always)",
                f"    public static var {name(lower(message.name))}: Int {{ {message.key} }}")
        self.add("}\n")

    def message(self, message):
        protocol = self.protocol
        size = (
            f"block of {message.least} bytes at least" if protocol.sbe
            else f"{message.least} bytes" if message.most == message.least
            else f"{message.least} to {message.most} bytes" if message.most
            else f"{message.least} bytes at least")
        fields = ([] if protocol.sbe else protocol.prefix) + message.fields
        self.structure(
            f"{protocol.name}{message.name}", fields, message.parts,
            f"{message.name} ({message.key_text}), {size} ({protocol.source}).", message.least,
            "blockLength" if protocol.sbe else "length",
            protocol.sbe is not None and bool(message.parts))

    def structure(self, type_name, fields, parts, doc, start, length, grows=False, entry=False):
        """A struct over a fixed part and over the parts that follow it.

        `start` is where the parts begin, or the fixed part `grows` and they begin at its `length`.
        """
        for part in parts:
            self.name_part(type_name, part)
        has_length = grows or any(f.optional for f in fields)
        self.add(f"/// {doc}", f"@frozen public struct {type_name} {{")
        self.add("    public let base: UnsafeRawPointer")
        if has_length:
            self.add(
                f"    public let {length}: Int", "    @inlinable @inline(__always)",
                f"    public init(_ base: UnsafeRawPointer, {length}: Int) {{",
                "        self.base = base", f"        self.{length} = {length}", "    }")
        else:
            self.add(
                "    @inlinable @inline(__always)",
                "    public init(_ base: UnsafeRawPointer) { self.base = base }")
        for made in fields:
            self.field(made, length)
        fixed = length if grows else str(start)
        self.part_properties(parts, fixed)
        own = f"Self(base, {length}: {length})" if has_length else "Self(base)"
        if parts and entry:
            self.entry_end(parts, own.replace("(base", "(base + start").replace(
                f": {length})", ": stride)"))
        elif parts:
            self.whole(parts, fixed, own)
        self.add("}\n")
        for part in parts:
            if part.kind in ("group", "repeat"):
                self.entry_type(part)
                self.collection_type(part)

    def name_part(self, type_name, part):
        part.swift_name = f"{type_name}{upper(part.name)}"
        for inner in part.parts:
            self.name_part(f"{part.swift_name}Entry", inner)

    # Fields

    def field(self, made, length):
        kind = made.type
        if kind.kind == "pad":
            return
        if made.to and not made.to.startswith("framing"):
            self.add(f"    /// Offset {made.offset}: {made.to}.".replace("..", "."))
        swift = self.name(made)
        if kind.kind == "bytes":
            self.add(
                "    @inlinable @inline(__always)",
                f"    public var {swift}: UnsafeRawBufferPointer {{",
                f"        UnsafeRawBufferPointer(start: base + {made.offset}, count: {kind.size})",
                "    }")
        elif kind.kind == "text":
            self.letters(made)
        else:
            self.number(made, length)
        if made.optional:
            self.add(
                "    @inlinable @inline(__always)",
                f"    public var has{upper(made.name)}: Bool {{ {length} >= {made.end} }}")

    def name(self, made):
        """`base` and `length` are the structs' own."""
        return name(made.name) if made.name not in (
            "base", "length", "blockLength") else made.name + "Field"

    def number(self, made, length):
        kind = made.type
        swift = "UInt8" if kind.kind == "char" else integer(kind)
        value = (
            f"base.loadUnaligned(fromByteOffset: {made.offset}, as: UInt8.self)"
            if kind.kind == "char" else load(kind, made.offset))
        if made.optional:
            absent = null_text(made) if made.null else "0"
            value = f"{length} >= {made.end} ? {value} : {absent}"
        self.add(
            "    @inlinable @inline(__always)",
            f"    public var {self.name(made)}: {swift} {{", f"        {value}", "    }")
        if made.null:
            self.add(
                "    @inlinable @inline(__always)",
                f"    public var {made.name}IsNull: Bool {{ {self.name(made)} == "
                f"{null_text(made)} }}")
        if made.exponent is not None and -9 <= made.exponent <= 9:
            self.billionths(made)

    def billionths(self, made):
        scale = 10 ** (9 + made.exponent)
        prefix = f"    public var {made.name}Billionths: "
        own = self.name(made)
        self.add("    @inlinable @inline(__always)")
        if made.type.size * 8 <= 32 and scale <= 1_000_000_000:
            self.add(f"{prefix}Int64 {{ Int64({own}) &* {scale} }}")
        elif scale == 1 and made.type.kind == "i":
            self.add(f"{prefix}Int64? {{ {own} }}")
        else:
            self.add(
                f"{prefix}Int64? {{", f"        wireBillionths({own}, scale: {scale})", "    }")

    def letters(self, made):
        size, offset = made.type.size, made.offset
        if size <= 8:
            self.add(
                "    @inlinable @inline(__always)",
                f"    public var {made.name}Key: UInt64 {{",
                f"        base.wireLetters({offset}, bytes: {size})", "    }")
        if size <= 4:
            self.add(
                "    @inlinable @inline(__always)",
                f"    public var {made.name}Letters: UInt32 {{",
                f"        UInt32(truncatingIfNeeded: base.wireLittle({offset}, bytes: {size}))",
                "    }")
        self.add(
            f"    public var {made.name}Text: String {{ base.wireText({offset}, bytes: {size}) }}",
            "    @inlinable @inline(__always)",
            f"    public var {made.name}Bytes: UnsafeRawBufferPointer {{",
            f"        UnsafeRawBufferPointer(start: base + {offset}, count: {size})", "    }")

    # Parts

    def part_properties(self, parts, fixed):
        at = f"base + {fixed}"
        for part in parts:
            own = name(part.name)
            if part.optional:
                self.add(
                    f"    /// False where the message, `length` bytes from `base` on, ends before "
                    "it: an older schema.",
                    "    @inlinable @inline(__always)",
                    f"    public func has{upper(part.name)}(length: Int) -> Bool {{",
                    f"        {at} < base + length", "    }")
            if part.kind in ("group", "repeat"):
                swift = part.swift_name
                count = self.count_expression(part)
                argument = f", count: {count}" if count else ""
                self.add(
                    "    @inlinable @inline(__always)",
                    f"    public var {own}: {swift} {{", f"        {swift}({at}{argument})",
                    "    }")
                at = f"{own}.end"
            elif part.kind == "data":
                kind = part.dimension[0].type
                self.add(
                    "    /// The data behind its length.",
                    "    @inlinable @inline(__always)",
                    f"    public var {part.name}Bytes: UnsafeRawBufferPointer {{",
                    f"        let at = {at}",
                    f"        return UnsafeRawBufferPointer(start: at + {kind.size}, "
                    f"count: Int({load(kind, 0, 'at')}))", "    }")
                at = f"{part.name}Bytes.wireEnd"
            else:
                self.add(
                    "    /// All bytes that are left of a message of `messageLength` bytes.",
                    "    @inlinable",
                    f"    public func {part.name}Bytes(messageLength: Int) "
                    "-> UnsafeRawBufferPointer {",
                    f"        let at = {at}",
                    "        return UnsafeRawBufferPointer(start: at, "
                    "count: max(0, messageLength - (at - base)))", "    }")

    def count_expression(self, part):
        if part.kind == "group":
            return ""
        return self.count_of(part, "")

    def count_of(self, part, owner):
        count = f"Int({owner}{self.plain(part.count)})" if part.count else "1"
        if not part.when:
            return count
        field, whens = part.when
        test = " || ".join(f"{owner}{self.plain(field)} == {v}" for v in whens)
        return f"({test}) ? {count} : 0"

    def plain(self, field):
        return field + "Field" if field in ("base", "length", "blockLength") else name(field)

    def whole(self, parts, fixed, own):
        """One walk over all parts before anything of them is read."""
        arguments = "blockLength: Int, length: Int" if fixed == "blockLength" else "length: Int"
        self.add(
            "    /// True if everything behind the fixed part lies inside the message: `length`",
            "    /// counts from `base`. The fixed part has been checked already.",
            "    @inlinable",
            f"    public static func isWhole(_ base: UnsafeRawPointer, {arguments}) -> Bool {{")
        if any(p.kind == "repeat" for p in parts):
            self.add(f"        let own = {own}")
        word = "let" if all(p.kind == "tail" for p in parts) else "var"
        self.add(f"        {word} at = {fixed}")
        self.walk(parts, "return false")
        self.add("        return at <= length", "    }")

    def owner_count(self, part, own):
        return self.count_of(part, own + ".")

    def walk(self, parts, fail):
        base, at, limit, pad = "base", "at", "length", "        "
        for index, part in enumerate(parts):
            if part.kind == "tail":
                continue
            if part.optional:
                self.add(f"{pad}if {at} == {limit} {{ return true }}")
            if part.kind == "data":
                kind = part.dimension[0].type
                self.add(
                    f"{pad}guard {limit} - {at} >= {kind.size} else {{ {fail} }}",
                    f"{pad}{at} += {kind.size} + Int({load(kind, at, base)})",
                    f"{pad}guard {at} <= {limit} else {{ {fail} }}")
                continue
            count, stride = f"count{index}", f"stride{index}"
            if part.kind == "group":
                size = part.dimension_size
                counter = part.dimension_field("count")
                blocks = part.dimension_field("blockLength")
                self.add(f"{pad}guard {limit} &- {at} >= {size} else {{ {fail} }}")
                self.add(
                    f"{pad}let {count} = Int("
                    + load(counter.type, f"{at} &+ {counter.offset}", base) + ")")
                if blocks:
                    self.add(
                        f"{pad}let {stride} = Int("
                        + load(blocks.type, f"{at} &+ {blocks.offset}", base) + ")",
                        f"{pad}guard {count} == 0 || {stride} >= {part.least} else {{ {fail} }}")
                else:
                    self.add(f"{pad}let {stride} = {part.size}")
                self.add(f"{pad}{at} &+= {size}")
            else:
                self.add(
                    f"{pad}let {count} = {self.owner_count(part, 'own')}",
                    f"{pad}let {stride} = {part.size}")
            if part.parts:
                entry = f"{part.swift_name}Entry"
                self.add(
                    f"{pad}for _ in 0..<{count} {{",
                    f"{pad}    guard let end = {entry}.wholeEnd({base}, at: {at}, "
                    f"stride: {stride}, length: {limit})",
                    f"{pad}    else {{ {fail} }}", f"{pad}    {at} = end", f"{pad}}}")
            else:
                self.add(
                    f"{pad}{at} &+= {count} &* {stride}",
                    f"{pad}guard {at} <= {limit} else {{ {fail} }}")

    def entry_end(self, parts, own):
        """Where an entry with parts of its own ends."""
        self.add(
            "    @inlinable @inline(__always)",
            f"    public var end: UnsafeRawPointer {{ {name(parts[-1].name)}.end }}",
            "    @inlinable",
            "    static func wholeEnd(",
            "        _ base: UnsafeRawPointer, at start: Int, stride: Int, length: Int",
            "    ) -> Int? {",
            "        guard length - start >= stride else { return nil }")
        if any(p.kind == "repeat" for p in parts):
            self.add(f"        let own = {own}")
        self.add("        var at = start + stride")
        self.walk(parts, "return nil")
        self.add("        return at", "    }")

    def entry_type(self, part):
        self.structure(
            f"{part.swift_name}Entry", part.fields, part.parts,
            f"One entry of {part.name} ({self.protocol.source}).", part.size or part.least,
            "length", self.grows(part), entry=True)

    def grows(self, part):
        """Entries with parts of their own whose fixed length stands on the wire."""
        return part.size is None and bool(part.parts)

    def collection_type(self, part):
        type_name, entry = part.swift_name, f"{part.swift_name}Entry"
        takes_length = self.grows(part) or any(f.optional for f in part.fields)
        self.add(
            f"/// The entries of {part.name}, one behind the other.",
            f"@frozen public struct {type_name} {{",
            "    public let base: UnsafeRawPointer", "    public let count: Int",
            "    public let stride: Int")
        if part.kind == "group":
            counter = part.dimension_field("count")
            blocks = part.dimension_field("blockLength")
            stride = f"Int({load(blocks.type, blocks.offset, 'at')})" if blocks else str(part.size)
            self.add(
                "    @inlinable @inline(__always)", "    public init(_ at: UnsafeRawPointer) {",
                f"        base = at + {part.dimension_size}",
                f"        count = Int({load(counter.type, counter.offset, 'at')})",
                f"        stride = {stride}", "    }")
        else:
            self.add(
                "    @inlinable @inline(__always)",
                "    public init(_ at: UnsafeRawPointer, count: Int) {", "        base = at",
                "        self.count = count", f"        stride = {part.size}", "    }")
        made = f"{entry}(at, length: stride)" if takes_length else f"{entry}(at)"
        if part.parts:
            self.add(
                "    @inlinable @inline(__always)",
                f"    public var first: {entry} {{", "        let at = base",
                f"        return {made}", "    }",
                "    @inlinable @inline(__always)",
                f"    public func next(after entry: {entry}) -> {entry} {{",
                "        let at = entry.end", f"        return {made}", "    }",
                "    @inlinable", "    public var end: UnsafeRawPointer {",
                "        var at = base",
                f"        for _ in 0..<count {{ at = {made}.end }}", "        return at", "    }")
        else:
            self.add(
                "    @inlinable @inline(__always)",
                f"    public subscript(index: Int) -> {entry} {{",
                "        let at = base + index &* stride", f"        return {made}", "    }",
                "    @inlinable @inline(__always)",
                "    public var end: UnsafeRawPointer { base + count &* stride }")
        self.add("}\n")
