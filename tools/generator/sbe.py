"""Reads an SBE message schema (FIX Simple Binary Encoding 1.0, XML) into the description's model.

What is read: types (presence, length, nullValue, constants), composites (decimals by a constant
exponent, group dimensions, everything else field by field), enumerations, sets, messages, groups,
data; sinceVersion of messages and fields decides which of a block's fields are optional.
"""

import re
import xml.etree.ElementTree as ElementTree

from model import BitSet, DescriptionError, Enumeration, Field, Message, Part, Type
from swift import lower

PRIMITIVES = {
    "char": ("char", 1), "int8": ("i", 1), "int16": ("i", 2), "int32": ("i", 4), "int64": ("i", 8),
    "uint8": ("u", 1), "uint16": ("u", 2), "uint32": ("u", 4), "uint64": ("u", 8),
}


def local(element):
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def since(element):
    return int(element.get("sinceVersion", "0"))


def upper_first(text):
    text = re.sub(r"[^A-Za-z0-9]", "", text)
    return text[0].upper() + text[1:]


class SchemaReader:
    def __init__(self, protocol, path):
        self.protocol = protocol
        self.path = path
        self.root = ElementTree.parse(path).getroot()
        self.big = self.root.get("byteOrder", "littleEndian") == "bigEndian"
        self.types = {}
        for types in self.root:
            if local(types) == "types":
                for element in types:
                    self.types[element.get("name")] = element

    def fail(self, text):
        raise DescriptionError(f"{self.path}: {text}")

    def read(self):
        for element in self.types.values():
            if local(element) == "enum":
                self.enumeration(element)
            elif local(element) == "set":
                self.bit_set(element)
        for element in self.root:
            if local(element) == "message":
                self.protocol.messages.append(self.message(element))

    # Types

    def primitive(self, name, length=1):
        if name in self.types and name not in PRIMITIVES:
            element = self.types[name]
            return self.primitive(element.get("primitiveType"), int(element.get("length", "1")))
        if name not in PRIMITIVES:
            self.fail(f"unknown type {name}")
        kind, size = PRIMITIVES[name]
        if length > 1:
            return Type("text" if kind == "char" else "bytes", size * length)
        return Type(kind, size, self.big and size > 1)

    def null(self, element, kind):
        """The number for no value, as an attribute's text; empty if there is always one."""
        if element.get("presence") != "optional" and element.get("nullValue") is None:
            return ""
        given = element.get("nullValue")
        if given is not None:
            return given if re.fullmatch(r"-?\d+", given) else str(ord(given))
        return {"u": "max", "i": "min"}.get(kind.kind, "0") if kind.kind in "uichar" else ""

    def enumeration(self, element):
        kind = self.primitive(element.get("encodingType"))
        made = Enumeration(upper_first(element.get("name")), kind)
        for value in element:
            if local(value) != "validValue":
                continue
            text = (value.text or "").strip()
            number = ord(text) if kind.kind == "char" else int(text)
            made.values.append((number, lower(upper_first(value.get("name"))), ""))
        self.protocol.enums[made.name] = made

    def bit_set(self, element):
        made = BitSet(upper_first(element.get("name")), self.primitive(element.get("encodingType")))
        for choice in element:
            if local(choice) == "choice":
                bit = int(choice.text)
                made.values.append((bit, bit, lower(upper_first(choice.get("name"))), ""))
        self.protocol.bits[made.name] = made

    # Fields

    def fields(self, element, mapped):
        """The fields of a message or group, holes covered, and the end of those always there."""
        base = since(element)
        made, at, least = [], 0, 0
        for child in element:
            if local(child) != "field":
                continue
            for field in self.field(child, at, mapped):
                if field.offset > at:
                    made.append(Field(at, Type("pad", field.offset - at)))
                made.append(field)
                at = field.end
                if int(field.since or 0) <= base:
                    least = max(least, at)
        return made, least

    def field(self, element, at, mapped):
        name, type_name = lower(upper_first(element.get("name"))), element.get("type")
        offset = int(element.get("offset", at))
        if element.get("presence") == "constant":
            return []
        known = self.types.get(type_name)
        shape = local(known) if known is not None else "type"
        if shape == "type" and known is not None and known.get("presence") == "constant":
            return []
        if shape == "composite":
            fields = self.composite(known, name, offset)
        else:
            fields = [self.simple(element, known, shape, name, type_name, offset)]
        for field in fields:
            version = since(element)
            field.since = str(version) if version else ""
            field.to = mapped(element.get("name"))
        return fields

    def simple(self, element, known, shape, name, type_name, offset):
        if shape in ("enum", "set"):
            encoding = known.get("encodingType")
            field = Field(offset, self.primitive(encoding), name)
            setattr(field, "enum" if shape == "enum" else "bits", upper_first(type_name))
            source = self.types.get(encoding)
            field.null = self.null(source, field.type) if source is not None else ""
            return field
        field = Field(offset, self.primitive(type_name), name)
        if known is not None:
            field.null = self.null(known, field.type)
        semantic = element.get("semanticType") or (known.get("semanticType") if known is not None else "")
        if semantic == "UTCTimestamp":
            field.unit = "epoch-ns"
        elif semantic == "LocalMktDate" and field.type.kind in "ui":
            field.unit = "days"
        if field.type.kind not in "ui":
            field.null = ""
        return field

    def composite(self, element, name, offset):
        parts = [p for p in element if local(p) == "type"]
        mantissa = next((p for p in parts if p.get("name") == "mantissa"), None)
        if mantissa is not None:
            exponent = next(p for p in parts if p.get("name") == "exponent")
            field = Field(offset, self.primitive(mantissa.get("primitiveType")), name)
            field.null = self.null(mantissa, field.type)
            if exponent.get("presence") != "constant":
                self.fail(f"{element.get('name')}: only constant exponents are supported")
            field.exponent = int(exponent.text)
            return [field]
        out = []
        for part in parts:
            kind = self.primitive(part.get("primitiveType"), int(part.get("length", "1")))
            field = Field(int(part.get("offset", offset)), kind, name + upper_first(part.get("name")))
            field.null = self.null(part, kind) if kind.kind in "ui" else ""
            out.append(field)
            offset = field.end
        return out

    # Messages

    def message(self, element):
        name = upper_first(element.get("name"))
        protocol = self.protocol
        made = Message(
            int(element.get("id")), element.get("id"), name, 0, to=protocol.maps.get(name, ""))

        def mapped(field, scope=name):
            return protocol.maps.get(f"{scope}.{field}", protocol.maps.get(field, ""))

        made.fields, made.least = self.fields(element, mapped)
        made.block_size = int(element.get("blockLength", "0"))
        made.parts = [self.part(child, name) for child in element
                      if local(child) in ("group", "data")]
        for part, child in zip(made.parts, (c for c in element if local(c) in ("group", "data"))):
            part.optional = since(child) > since(element)
        return made

    def part(self, element, scope):
        name = lower(upper_first(element.get("name")))
        protocol = self.protocol
        if local(element) == "data":
            known = self.types[element.get("type")]
            length = next(p for p in known if p.get("name") == "length")
            return Part(
                "data", name, size=1, to=protocol.maps.get(f"{scope}.{element.get('name')}", ""),
                dimension=[Field(0, self.primitive(length.get("primitiveType")), "count")])
        own = f"{scope}.{element.get('name')}"
        dimension, at = [], 0
        for part in self.types[element.get("dimensionType", "groupSizeEncoding")]:
            offset = int(part.get("offset", at))
            if offset > at:
                dimension.append(Field(at, Type("pad", offset - at)))
            field = Field(offset, self.primitive(part.get("primitiveType")))
            field.name = "blockLength" if part.get("name") == "blockLength" else "count"
            dimension.append(field)
            at = field.end
        made = Part("group", name, dimension=dimension, to=protocol.maps.get(own, ""))

        def mapped(field):
            return protocol.maps.get(f"{own}.{field}", protocol.maps.get(
                f"{scope}.{field}", protocol.maps.get(field, "")))

        made.fields, made.least = self.fields(element, mapped)
        made.block_size = int(element.get("blockLength", "0"))
        made.parts = [self.part(child, own) for child in element
                      if local(child) in ("group", "data")]
        return made
