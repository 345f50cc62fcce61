"""What the reader of descriptions refuses, and what it says then: python3 tools/generator/tests.py"""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from accessors import Accessors  # noqa: E402
from encoders import Encoders  # noqa: E402
from checker import Checker  # noqa: E402
from model import DescriptionError  # noqa: E402
from reader import Reader  # noqa: E402
from pages import Description, MappingPage  # noqa: E402
from sbe import SchemaReader  # noqa: E402

HEAD = """protocol Test
title Test
source none.md
endian little
framing u16le@0 inclusive
prefix u16 size, u8 messageType
key messageType
feed test
"""

SCHEMA = """<s:messageSchema xmlns:s="http://fixprotocol.io/2016/sbe" id="1" version="3">
  <types>
    <composite name="groupSize"><type name="blockLength" primitiveType="uint16"/>
      <type name="numInGroup" primitiveType="uint8" offset="7"/></composite>
    <composite name="PRICENULL"><type name="mantissa" primitiveType="int64" presence="optional"
      nullValue="9223372036854775807"/><type name="exponent" presence="constant"
      primitiveType="int8">-9</type></composite>
    <type name="Const" presence="constant" primitiveType="char">J</type>
    <enum name="Action" encodingType="uint8"><validValue name="New">0</validValue>
      <validValue name="Change">1</validValue></enum>
  </types>
  <s:message name="Book46" id="46" sinceVersion="1">
    <field name="Time" id="1" type="uint64" offset="0" semanticType="UTCTimestamp"/>
    <field name="Kind" id="2" type="Const"/>
    <field name="Late" id="3" type="uint32" offset="10" sinceVersion="3"/>
    <group name="Entries" id="4" dimensionType="groupSize" blockLength="16">
      <field name="MDEntryPx" id="5" type="PRICENULL"/>
      <field name="Action" id="6" type="Action"/>
      <field name="Added" id="7" type="int32" sinceVersion="2"/>
    </group>
  </s:message>
</s:messageSchema>
"""


def read(text, schema=None):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Test.protocol"
        path.write_text(text)
        protocol = Reader(path).read()
        if schema:
            (path.parent / protocol.schema).write_text(schema)
            SchemaReader(protocol, path.parent / protocol.schema).read()
        Checker(protocol).check()
        return protocol


class Mistakes(unittest.TestCase):
    def refused(self, body, says, head=HEAD):
        with self.assertRaises(DescriptionError) as caught:
            read(head + body)
        self.assertIn(says, str(caught.exception))
        self.assertRegex(str(caught.exception), r"Test\.protocol:\d+: ")

    def test_fields(self):
        message = "message 1 One 8 -> x\n"
        self.refused(message + "  3 u32 a -> x\n", "1 bytes behind the last field")
        self.refused(message + "  4 u32 a -> x\n", "a hole before a: 1 bytes")
        self.refused(message + "  2 u32 a -> x\n  6 u16 b -> x\n", "a overlaps")
        self.refused(message + "  3 u32 a\n  7 u8 b -> x\n", "a does not say where it goes")
        self.refused(message + "  3 u32 a -> x\n  7 u8 a -> x\n", "a twice")
        self.refused(message + "  3 u33 a -> x\n", "unknown type u33")
        self.refused(message + "  3 u32 A -> x\n", "lowerCamelCase")
        self.refused(message + "  3 u32 a colour=red -> x\n", "unknown attribute colour=red")
        self.refused(message + "  3 u32 a null=none -> x\n", "null=none is neither")
        self.refused(message + "  3 u32 a unit=hours -> x\n  7 u8 b -> x\n", "unknown unit hours")
        self.refused(message + "  3 u32 a enum=None -> x\n  7 u8 b -> x\n", "unknown enum None")

    def test_messages(self):
        self.refused("message 1 One 3\n", "does not say what becomes of it")
        self.refused("message 1 One 2 -> x\n", "shorter than its prefix")
        self.refused("message 1 One 3 -> x\nmessage 1 Two 3 -> x\n", "two messages 1 in test")
        self.refused("message 1 One 3 -> x\nmessage 2 One 3 -> x\n", "two messages One")
        self.refused("message 1 One 3 feeds=other -> x\n", "unknown feed other")
        self.refused("message one One 3 -> x\n", "not a number or quoted letters")
        self.refused("message 1\n", "'message' lacks a part")
        self.refused("enum One u8\n 1\n", "'1' lacks a part")
        self.refused("bits One u8\n a b\n", "'a' lacks a part")
        self.refused("message 1 One 3-4 -> x\n", "size 3-4 is none of")
        self.refused("enum One u8\n 1 a\nmessage 1 One 3 -> x\n", "is an enumeration")

    def test_parts(self):
        message = "message 1 One 4 -> x\n  3 u8 n -> framing\n"
        self.refused(message + "  repeat a size=4 count=n\n", "group a has no end")
        self.refused(message + "  repeat a size=4\n", "a repeat has size=, and count=")
        self.refused(
            message + "  repeat a size=4 count=m\n    0 u32 b -> x\n  end\n",
            "m is no field of One")
        self.refused(
            message + "  repeat a size=4 count=n\n    0 u16 b -> x\n  end\n",
            "2 bytes behind the last field")
        self.refused(message + "  group a u16 blockLength\n  end\n", "group a has no count")
        self.refused(
            message + "  group a u16 blockLength, i8 count\n  end\n",
            "count of a is no number without a sign of at most 4 bytes")
        self.refused(
            message + "  group a u32 blockLength, u8 count\n  end\n",
            "blockLength of a is no number without a sign of at most 2 bytes")
        self.refused(
            "message 1 One 11 -> x\n  3 u64 n -> framing\n  repeat a size=1 count=n\n"
            "    0 u8 b -> x\n  end\n", "n of a is no number without a sign of at most 4 bytes")
        self.refused(message + "  tail a\n  data b u16\n", "only the last part can be a tail")
        self.refused(message + "  end\n", "end without a group")

    def test_head(self):
        self.refused("", "no feed", HEAD.replace("feed test\n", ""))
        self.refused("feed\n", "'feed' lacks a part")
        self.refused("hint port=1\n", "'hint' lacks a part", HEAD.replace("feed test\n", ""))
        self.refused("feed a-name-too-long-\n", "a name has 1 to 15 bytes")
        self.refused("", "no key", HEAD.replace("key messageType\n", ""))
        self.refused("", "key other is no field", HEAD.replace("key messageType", "key other"))
        self.refused("wrong thing\n", "unknown statement wrong", HEAD.replace("feed test\n", ""))


class Schema(unittest.TestCase):
    def test_versions_and_types(self):
        head = HEAD.replace("prefix u16 size, u8 messageType", (
            "sbe prefix=10 block=u16le@2 template=u16le@4 version=u16le@8\n"
            "sbe-schema test.xml\n"
            "prefix u16 size, u16 blockLength, u16 messageType, u16 schemaID, u16 version"))
        maps = "map Book46 -> level\nmap Book46.Entries.MDEntryPx -> price\n" + "".join(
            f"map {f} -> x\n" for f in ("Time", "Late", "Action", "Added"))
        protocol = read(head.replace("feed test\n", maps + "feed test\n"), SCHEMA)
        message = protocol.messages[0]
        self.assertEqual((message.key, message.name, message.least), (46, "Book46", 8))
        self.assertEqual(
            [(f.offset, f.name, f.optional) for f in message.fields if f.name],
            [(0, "time", False), (10, "late", True)])
        group = message.parts[0]
        self.assertEqual((group.least, group.dimension_size), (9, 8))
        price, action, added = group.fields
        self.assertEqual((price.name, price.exponent, price.to), ("mdEntryPx", -9, "price"))
        self.assertEqual((action.enum, added.optional), ("Action", True))
        for text in (Accessors(protocol).text(), Encoders(protocol).text(),
                     Description(protocol).text(), MappingPage(protocol).text()):
            self.assertIn("ook46", text)


if __name__ == "__main__":
    unittest.main()
