"""Follow the outermost packets of an OpenPGP message as its bytes pass: whom it is for, and whether it is whole.

Frames only (RFC 4880, RFC 9580): what is inside the encrypted packet, and whether it is right, is not seen here.
"""

from __future__ import annotations

import binascii

_SESSION_KEY, _PASSWORD_KEY, _MARKER, _PADDING = 1, 3, 10, 21
_DATA_TAGS = (9, 18, 20)
_TAGS_BEFORE = (_SESSION_KEY, _PASSWORD_KEY, _MARKER, _PADDING)
_BODY_BYTES = 64
_TO_THE_END = 1 << 62
_ARMOUR_LINE = 1 << 20
_BLANKS = b" \t\r\n"
_CHECKSUM = 5
_FIRST_LINE, _LAST_LINE = b"-----BEGIN PGP MESSAGE-----", b"-----END PGP MESSAGE-----"
HIDDEN = "hidden"
"""What stands for the key id of a recipient who is not named."""


class FrameError(Exception):
    """The bytes are no message any more from here on."""


class Frames:
    """The packets of a binary message, followed piece by piece; raises `FrameError` at what cannot be followed.

    `recipients` are key ids in hex, `by_passphrase` tells that a passphrase opens it too. `data_tag` is that of the
    encrypted packet once it has begun, `is_whole` once it has ended; bytes behind it are counted in `extra`.
    """

    def __init__(self) -> None:
        self.recipients: list[str] = []
        self.by_passphrase = False
        self.is_whole = False
        self.data_tag = 0
        self.extra = 0
        self._header = b""
        self._tag = 0
        self._goes_on = False
        self._skip = 0
        self._body = b""

    def feed(self, piece: bytes) -> None:
        """Follow the next bytes."""
        view = memoryview(piece)
        while view:
            if self.is_whole:
                self.extra += len(view)
                return
            if self._skip:
                taken = min(self._skip, len(view))
                self._body += view[: min(taken, max(0, _BODY_BYTES - len(self._body)))]
                self._skip -= taken
                view = view[taken:]
                if not self._skip and not self._goes_on:
                    self._end()
            else:
                self._header += view[:1]
                view = view[1:]
                self._read_header()

    @property
    def ends_whole(self) -> bool:
        """Whether the message may end here."""
        return self.is_whole or (self._tag in _DATA_TAGS and self._skip > _TO_THE_END // 2)

    def _read_header(self) -> None:
        """Take in a packet's header, or the length of the next part of one that comes in parts."""
        octets = self._header
        if not self._goes_on:
            self._tag = _tag_of(octets[0])
            self._body = b""
            self.data_tag = self._tag if self._tag in _DATA_TAGS else 0
            octets = octets[1:]
        is_new = self._goes_on or bool(self._header[0] & 0x40)
        length = _new_length(octets) if is_new else _old_length(self._header[0], octets)
        if length is None:
            return
        self._goes_on = is_new and 224 <= octets[0] < 255
        self._header, self._skip = b"", length
        if not length and not self._goes_on:
            self._end()

    def _end(self) -> None:
        """A packet has ended."""
        if self._tag in _DATA_TAGS:
            self.is_whole = True
        elif self._tag == _SESSION_KEY:
            self.recipients.append(_recipient(self._body))
        elif self._tag == _PASSWORD_KEY:
            self.by_passphrase = True


def _tag_of(first: int) -> int:
    if not first & 0x80:
        raise FrameError("a byte that starts no packet")
    tag = first & 0x3F if first & 0x40 else first >> 2 & 0x0F
    if tag not in (*_DATA_TAGS, *_TAGS_BEFORE):
        raise FrameError("a packet that has no place in an encrypted message")
    return tag


def _new_length(octets: bytes) -> int | None:
    """Read a length of the new format, or of a part; None when more octets are needed."""
    if not octets:
        return None
    first = octets[0]
    if first < 192:
        return first
    if first < 224:
        return ((first - 192) << 8) + octets[1] + 192 if len(octets) == 2 else None
    if first < 255:
        return 1 << (first & 0x1F)
    return int.from_bytes(octets[1:], "big") if len(octets) == 5 else None


def _old_length(first: int, octets: bytes) -> int | None:
    """Read a length of the old format, whose width the packet's first octet tells; None when more octets are needed."""
    width = first & 0x03
    if width == 3:
        return _TO_THE_END
    return int.from_bytes(octets, "big") if len(octets) == 1 << width else None


def _recipient(body: bytes) -> str:
    """Return the key id of a session key packet, from the id itself (version 3) or the fingerprint (version 6)."""
    if body[:1] == b"\x06" and len(body) > 2:
        version, fingerprint = body[2], body[3 : 2 + body[1]]
        key_id = fingerprint[-8:] if version == 4 else fingerprint[:8]
        return key_id.hex() if body[1] else HIDDEN
    key_id = body[1:9]
    return key_id.hex() if key_id.strip(b"\0") else HIDDEN


class Armour:
    """Takes the armour off a message piece by piece; raises `FrameError` at what is no armour.

    `is_whole` once its last line has been seen; what stands behind it is counted in `extra`, blanks aside. The
    checksum of an armour is not looked at, as RFC 9580 wants it.
    """

    def __init__(self) -> None:
        self.is_whole = False
        self.extra = 0
        self._buffer = b""
        self._in_body = False
        self._has_begun = False
        self._at_checksum = False
        self._rest = b""

    def feed(self, piece: bytes) -> bytes:
        """Return the bytes that the next lines stand for."""
        self._buffer += piece.replace(b"\r\n", b"\n")
        cut = self._buffer.rfind(b"\n") + 1
        if len(self._buffer) - cut > _ARMOUR_LINE:
            raise FrameError("an armour line without an end")
        lines, self._buffer = self._buffer[:cut], self._buffer[cut:]
        return self._decoded(lines)

    def finish(self) -> bytes:
        """Return what the last line stands for, which need not end in a newline."""
        last, self._buffer = self._buffer, b""
        return self._decoded(last)

    def _decoded(self, lines: bytes) -> bytes:
        kept = []
        for line in lines.splitlines():
            bare = line.strip(_BLANKS)
            if self.is_whole:
                self.extra += len(bare)
            elif not self._in_body:
                self._in_body = not bare and self._has_begun
                self._has_begun |= bare == _FIRST_LINE
            elif bare == _LAST_LINE:
                self.is_whole = True
            elif len(bare) == _CHECKSUM and bare.startswith(b"="):
                self._at_checksum = True
            elif bare.startswith(b"-") and _LAST_LINE.startswith(bare):
                pass  # the last line, cut
            elif not self._at_checksum:
                kept.append(bare)
        text = self._rest + b"".join(kept)
        whole = len(text) - len(text) % 4
        self._rest = text[whole:]
        try:
            return binascii.a2b_base64(text[:whole], strict_mode=True) if whole else b""
        except binascii.Error:
            raise FrameError("armour that is not base64") from None
