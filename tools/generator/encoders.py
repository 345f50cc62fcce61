"""Writes <Name>Encoder.generated.swift: one function a message that appends its bytes."""

from model import null_number
from swift import head, integer, lower, name, upper


class Encoders:
    def __init__(self, protocol):
        self.protocol = protocol
        self.out = []

    def text(self):
        protocol = self.protocol
        for header in protocol.headers:
            self.values(f"{protocol.name}{header.name}Values", header.fields, [])
        for message in protocol.messages:
            for part in message.parts:
                self.part_values(f"{protocol.name}{message.name}", part)
        self.add(
            f"/// Writes {protocol.title} messages ({protocol.source}): each function appends one.",
            "///", "/// Values are raw, as on the wire; nothing is checked, so that tests can write",
            "/// what a venue would not.", f"public enum {protocol.name}Encoder {{")
        for header in protocol.headers:
            self.header(header)
        for message in protocol.messages:
            self.message(message)
        self.add("}")
        return head(protocol) + "import Wire\n\n" + "\n".join(self.out) + "\n"

    def add(self, *lines):
        self.out += lines

    # Parameters

    def swift_type(self, made):
        kind = made.type
        if kind.kind in "ui":
            return integer(kind), str(null_number(made)) if made.null else made.const.split("|")[0] or "0"
        if kind.kind == "char":
            return "UInt8", "0x20"
        if kind.kind == "text":
            return "String", '""'
        return "[UInt8]", "[]"

    def parameters(self, fields, parts):
        counts = {p.count for p in parts if p.count}
        out = []
        for made in fields:
            if made.type.kind == "pad" or made.name in counts:
                continue
            swift, default = self.swift_type(made)
            out.append((made.name, swift, default))
        for part in parts:
            if part.kind in ("data", "tail"):
                out.append((part.name, "[UInt8]", "[]"))
            else:
                out.append((part.name, f"[{part.swift_name}Values]", "[]"))
        return out

    def put(self, fields, parts, start, owner, pad):
        # Several parts may share a count, of which one is present: form by form.
        counts = {c: [p for p in parts if p.count == c] for c in (p.count for p in parts) if c}
        for made in fields:
            kind = made.type
            if kind.kind == "pad":
                continue
            at = f"{start} + {made.offset}"
            value = owner + name(made.name)
            if made.name in counts:
                number = " + ".join(f"{owner}{p.name}.count" for p in counts[made.name])
                value = f"{integer(kind)}(truncatingIfNeeded: {number})"
            if kind.kind in "ui":
                order = ", bigEndian: true" if kind.big and kind.size > 1 else ""
                width = f", bytes: {kind.size}" if kind.size not in (1, 2, 4, 8) else ""
                self.add(f"{pad}bytes.putWire({value}, at: {at}{width}{order})")
            elif kind.kind == "char":
                self.add(f"{pad}bytes.putWire({value}, at: {at})")
            elif kind.kind == "text":
                self.add(f"{pad}bytes.putWire(text: {value}, at: {at}, width: {kind.size})")
            else:
                self.add(f"{pad}bytes.putWire(bytes: {value}, at: {at}, width: {kind.size})")

    def put_parts(self, parts, owner, pad):
        for part in parts:
            value = owner + name(part.name)
            if part.kind == "tail":
                self.add(f"{pad}bytes += {value}")
                continue
            if part.dimension:
                self.add(f"{pad}let {part.name}At = bytes.appendWire({part.dimension_size})")
                for made in part.dimension:
                    if not made.name:
                        continue
                    number = f"{value}.count" if made.name == "count" else str(self.entry_size(part))
                    kind = made.type
                    order = ", bigEndian: true" if kind.big and kind.size > 1 else ""
                    self.add(
                        f"{pad}bytes.putWire({integer(kind)}(truncatingIfNeeded: {number}), "
                        f"at: {part.name}At + {made.offset}{order})")
            if part.kind == "data":
                self.add(f"{pad}bytes += {value}")
                continue
            self.add(f"{pad}for entry in {value} {{ entry.append(to: &bytes) }}")

    def entry_size(self, part):
        return part.size or max([f.end for f in part.fields] + [part.block_size or 0])

    # Declarations

    def part_values(self, owner, part):
        part.swift_name = f"{owner}{upper(part.name)}"
        for inner in part.parts:
            self.part_values(f"{part.swift_name}Entry", inner)
        if part.kind in ("group", "repeat"):
            self.values(f"{part.swift_name}Values", part.fields, part.parts, self.entry_size(part))

    def values(self, type_name, fields, parts, size=None):
        parameters = self.parameters(fields, parts)
        self.add(f"public struct {type_name}: Sendable {{")
        for own, swift, _ in parameters:
            self.add(f"    public var {name(own)}: {swift}")
        self.add("    public init(")
        self.add(",\n".join(f"        {own}: {swift} = {d}" for own, swift, d in parameters))
        self.add("    ) {")
        for own, _, _ in parameters:
            self.add(f"        self.{own} = {name(own)}")
        self.add("    }")
        if size is not None:
            self.add("    func append(to bytes: inout [UInt8]) {")
            if any(f.type.kind != "pad" for f in fields):
                self.add(f"        let start = bytes.appendWire({size})")
            else:
                self.add(f"        _ = bytes.appendWire({size})")
            self.put(fields, parts, "start", "", "        ")
            self.put_parts(parts, "", "        ")
            self.add("    }")
        self.add("}\n")

    def header(self, header):
        self.add(
            f"    /// {header.name}, {header.size} bytes.",
            f"    public static func {lower(header.name)}(")
        parameters = self.parameters(header.fields, [])
        self.add(",\n".join(
            [f"        {own}: {swift} = {d}" for own, swift, d in parameters]
            + ["        to bytes: inout [UInt8]"]))
        self.add("    ) {", f"        let start = bytes.appendWire({header.size})")
        self.put(header.fields, [], "start", "", "        ")
        self.add("    }\n")

    def message(self, message):
        protocol = self.protocol
        prefix = self.prefix_parameters()
        parameters = prefix + self.parameters(message.fields, message.parts)
        variable = message.most is not None and message.most > message.least
        full = message.full
        lines = [f"        {own}: {swift} = {d}" for own, swift, d in parameters]
        if protocol.sbe:
            lines.append(f"        blockLength: Int = {full}")
        elif variable:
            lines.append(f"        length: Int = {full}")
        self.add(
            f"    /// {message.name} ({message.key_text}).",
            f"    public static func {name(lower(message.name))}(",
            ",\n".join(lines + ["        to bytes: inout [UInt8]"]), "    ) {")
        if protocol.sbe:
            self.add(f"        let start = bytes.appendWire({protocol.prefix_size})")
        else:
            self.add(f"        let start = bytes.appendWire({full})")
        self.put_prefix(message)
        base = "start"
        if protocol.sbe:
            base = "block" if any(f.type.kind != "pad" for f in message.fields) else "_"
            self.add(f"        let {base} = bytes.appendWire({full})" if base != "_" else
                     f"        _ = bytes.appendWire({full})")
        self.put(message.fields, message.parts, base, "", "        ")
        if protocol.sbe:
            self.add(f"        bytes.resizeWire(from: start + {protocol.prefix_size} + {full}, "
                     f"to: start + {protocol.prefix_size} + blockLength)")
        elif variable:
            self.add(f"        bytes.resizeWire(from: start + {full}, to: start + length)")
        self.put_parts(message.parts, "", "        ")
        length = protocol.length_field
        if length:
            swift = integer(length.type)
            order = ", bigEndian: true" if length.type.big and length.type.size > 1 else ""
            self.add(
                f"        bytes.putWire({swift}(truncatingIfNeeded: bytes.count - start), "
                f"at: start + {length.offset}{order})")
        self.add("    }\n")

    def special(self, made):
        """Prefix fields that the encoder fills in itself."""
        protocol = self.protocol
        if made.type.kind == "pad" or made is protocol.length_field or made.name in protocol.key:
            return True
        return bool(protocol.sbe) and made.name == "blockLength"

    def prefix_parameters(self):
        return self.parameters([f for f in self.protocol.prefix if not self.special(f)], [])

    def put_prefix(self, message):
        protocol = self.protocol
        ordinary = [f for f in protocol.prefix if not self.special(f)]
        self.put(ordinary, [], "start", "", "        ")
        key = message.key
        for own in reversed(protocol.key):
            made = next(f for f in protocol.prefix if f.name == own)
            bits = made.type.size * 8
            value = key & ((1 << bits) - 1) if len(protocol.key) > 1 else key
            key >>= bits
            swift = "UInt8" if made.type.kind == "char" else integer(made.type)
            order = ", bigEndian: true" if made.type.big and made.type.size > 1 else ""
            self.add(f"        bytes.putWire({value} as {swift}, at: start + {made.offset}{order})")
        block = next((f for f in protocol.prefix if f.name == "blockLength"), None)
        if protocol.sbe and block:
            order = ", bigEndian: true" if block.type.big and block.type.size > 1 else ""
            self.add(
                f"        bytes.putWire({integer(block.type)}(truncatingIfNeeded: blockLength), "
                f"at: start + {block.offset}{order})")
