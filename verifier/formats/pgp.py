"""OpenPGP messages: recognise one by its first bytes; nothing is decrypted here, but in `pgp_verify`."""

from __future__ import annotations

_ARMOUR = b"-----BEGIN PGP MESSAGE-----"
_SESSION_KEY_TAGS = {1: ((3, 6), 10), 3: ((4, 5, 6), 4)}
"""Packets that start an encrypted message: the versions they have had and their least length (RFC 4880, RFC 9580)."""
_ENCRYPTED_DATA_TAGS = {18, 20}
"""Without the oldest, tag 9: it has no version, so that nothing would tell it from damage."""
HEAD_BYTES = 64


def is_pgp(head: bytes) -> bool:
    """Tell whether these first bytes (64 are enough) start an encrypted OpenPGP message, binary or armoured.

    A packet header alone is one byte with bit 7 set, which damaged data has half of the time; so the packet's tag, its
    length and its version have to be right too.
    """
    if is_armoured(head):
        return True
    packet = _packet(head)
    if packet is None:
        return False
    tag, length, body = packet
    if tag in _SESSION_KEY_TAGS:
        versions, least = _SESSION_KEY_TAGS[tag]
        return least <= length <= 4096 and body < len(head) and head[body] in versions
    return tag in _ENCRYPTED_DATA_TAGS and length > 20 and head[body : body + 1] in (b"\x01", b"\x02")


def is_armoured(head: bytes) -> bool:
    """Tell whether these first bytes start a message in ASCII armour."""
    return head.lstrip()[: len(_ARMOUR)] == _ARMOUR


def _packet(head: bytes) -> tuple[int, int, int] | None:
    """Read one packet header: its tag, the length of its body (or of its first part) and where the body starts."""
    if len(head) < 8 or not head[0] & 0x80:
        return None
    if head[0] & 0x40:
        tag, first = head[0] & 0x3F, head[1]
        if first < 192:
            return tag, first, 2
        if first < 224:
            return tag, ((first - 192) << 8) + head[2] + 192, 3
        if first == 255:
            return tag, int.from_bytes(head[2:6], "big"), 6
        return tag, 1 << (first & 0x1F), 2
    tag, width = (head[0] >> 2) & 0x0F, head[0] & 0x03
    if width == 3:
        return tag, 1 << 30, 1
    octets = 1 << width
    return tag, int.from_bytes(head[1 : 1 + octets], "big"), 1 + octets
