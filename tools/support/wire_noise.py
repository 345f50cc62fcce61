#!/usr/bin/env python3
"""Puts frames on a wire that a feed handler must not take for its own, one kind after the other.

    wire_noise.py INTERFACE GROUP PORT SOURCE COUNT KIND…

Sends COUNT frames of each KIND, which are about one line (GROUP, PORT, SOURCE, all IPv4):
wrong-source, wrong-port, other-group, arp, ipv6, first-fragment, later-fragment, jumbo (a heartbeat of
session TL5 with 8,000 bytes behind it: valid, but larger than most memory for one packet), vlan (tag
100), runt; and heartbeat, which is what the line expects.
"""

import socket
import struct
import sys

SESSION = b"TL5".ljust(10)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(destination, kind, body):
    return destination + bytes.fromhex("020000000001") + struct.pack("!H", kind) + body


def group_address(group):
    octets = socket.inet_aton(group)
    return b"\x01\x00\x5e" + bytes([octets[1] & 0x7F]) + octets[2:]


def ipv4(source, destination, body, fragment=0x4000):
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 7, fragment, 1, 17, 0,
        socket.inet_aton(source), socket.inet_aton(destination))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + body


def udp(port, payload):
    return struct.pack("!HHHH", 9999, port, 8 + len(payload), 0) + payload


def heartbeat(sequence=1):
    return SESSION + struct.pack("!QH", sequence, 0)


def frame(kind, group, port, source):
    to = group_address(group)
    beat = udp(port, heartbeat())
    if kind == "heartbeat":
        return ethernet(to, 0x0800, ipv4(source, group, beat))
    if kind == "wrong-source":
        return ethernet(to, 0x0800, ipv4("10.77.0.99", group, beat))
    if kind == "wrong-port":
        return ethernet(to, 0x0800, ipv4(source, group, udp(port + 7, heartbeat())))
    if kind == "other-group":
        other = "239.192.99.99"
        return ethernet(group_address(other), 0x0800, ipv4(source, other, beat))
    if kind == "arp":
        body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + bytes(20)
        return ethernet(b"\xff" * 6, 0x0806, body)
    if kind == "ipv6":
        destination = socket.inet_pton(socket.AF_INET6, "ff02::7777")
        header = struct.pack("!IHBB", 6 << 28, len(beat), 17, 1) + bytes(15) + b"\x01" + destination
        return ethernet(b"\x33\x33\x00\x00\x77\x77", 0x86DD, header + beat)
    if kind == "first-fragment":
        return ethernet(to, 0x0800, ipv4(source, group, beat + bytes(12), fragment=0x2000))
    if kind == "later-fragment":
        return ethernet(to, 0x0800, ipv4(source, group, bytes(64), fragment=0x0010))
    if kind == "jumbo":
        return ethernet(to, 0x0800, ipv4(source, group, udp(port, heartbeat() + bytes(8000))))
    if kind == "vlan":
        plain = ethernet(to, 0x0800, ipv4(source, group, beat))
        return plain[:12] + struct.pack("!HH", 0x8100, 100) + plain[12:]
    if kind == "runt":
        return ethernet(to, 0x0800, b"\x45\x00\x00\x20\x00\x00\x40\x00")
    sys.exit(f"no such kind: {kind}")


def main():
    interface, group, port, source, count, *kinds = sys.argv[1:]
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((interface, 0))
    for kind in kinds:
        for _ in range(int(count)):
            wire.send(frame(kind, group, int(port), source))


main()
