"""The process that decrypts: keys and an OpenPGP message come in, its content goes out; run as a script of its own.

A process, since the library keeps Python waiting while it works and writes without bound: this one can be fed, counted
and ended. It holds the keys in memory only, leaves no core behind, and says nothing but what came of it. Imports
nothing of ours, so that it starts at once.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pysequoia import PyDecryptor
    from pysequoia.packet import Packet

_DAMAGE = (
    "manipulated",
    "malformed",
    "deflate",
    "unexpected eof",
    "truncated",
    "aead::error",
    "no session key decrypted",
    "corrupt",
)
"""What the library says, in pieces of its texts, where bytes contradict themselves."""
_UNKNOWN_INSIDE = "malformed message"
"""What it says of a content it knows nothing of, such as one compressed by bzip2."""
_OUTDATED_PACKET = "policy rejected packet type"
_REFUSED = ("policy rejected", "unsupported", "not supported", _UNKNOWN_INSIDE)
_NOT_FOR_IT = "no key to decrypt"
_INTEGRITY_PROTECTED = 18


def main() -> None:
    """Answer one request: an eight-byte length, that much JSON, then the message; the outcome goes to stderr."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    size = int.from_bytes(_read(8), "big")
    request = json.loads(_read(size))
    sys.path[:] = request["path"]
    try:
        import pysequoia  # noqa: F401
    except ImportError:
        _say(outcome="absent", keys=[])
        return
    components = list(_components(request["keys"]))
    if request["probe"] is None:
        for component in components:
            component.open(request["passphrases"])
        outcome = "described"
    else:
        components.sort(key=lambda component: component.id not in request["recipients"])
        outcome = _decrypt(components, request)
    _say(outcome=outcome, keys=[{"id": component.id, "state": component.state} for component in components])


def _read(size: int) -> bytes:
    """Read from stdin exactly, and not a byte ahead: the rest is the library's to read."""
    data = b""
    while len(data) < size:
        piece = os.read(0, size - len(data))
        if not piece:
            raise SystemExit(1)
        data += piece
    return data


def _say(**what: object) -> None:
    sys.stderr.write("\n" + json.dumps(what))


def _decrypt(components: list[Component], request: dict[str, Any]) -> str:
    """Decrypt with the first key that opens the message's session key; say what came of it."""
    from pysequoia import decrypt, decrypt_file

    probe, tag = base64.b64decode(request["probe"]), request["tag"]
    for component in components:
        decryptor = component.open(request["passphrases"])
        seen = _outcome_of(partial(decrypt, probe, decryptor), tag) if decryptor else "no-session-key"
        if seen == "crashed":  # as a message that is cut short makes the library do, which spoils the decryptor
            decryptor = component.open(request["passphrases"])
        if seen != "no-session-key":
            return _outcome_of(partial(decrypt_file, "/dev/stdin", "/dev/stdout", decryptor), tag)
    return "no-session-key"


def _outcome_of(call: Callable[[], object], tag: int) -> str:
    """Call and tell damage from refusal; an error of the system is neither, and ends the process."""
    try:
        call()
    except (RuntimeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise SystemExit(2) from None
        return _meaning(str(error).partition("\n\nStack")[0].lower(), tag)
    except BaseException as error:  # a panic of the library is no Exception
        if isinstance(error, SystemExit | KeyboardInterrupt):
            raise
        return "crashed"
    return "done"


def _meaning(text: str, tag: int) -> str:
    if _NOT_FOR_IT in text:
        return "no-session-key"
    if _OUTDATED_PACKET in text and tag == _INTEGRITY_PROTECTED:
        return "damaged"  # outdated is what the garbage looks like that is inside
    if any(refused in text for refused in _REFUSED):
        return "refused"
    return "damaged" if any(damage in text for damage in _DAMAGE) else "refused"


class Component:
    """One part of a private key, made a key of its own, since the library offers one part of a key only."""

    def __init__(self, key_id: str, packets: list[Packet]) -> None:
        self.id = key_id
        self.state = "not tried"
        self._packets = packets

    def open(self, passphrases: list[str]) -> PyDecryptor | None:
        """Return what decrypts with it, or None, and then `state` says why not."""
        from pysequoia import Tsk

        try:
            key = Tsk.from_packets(self._packets)
        except (RuntimeError, OSError):
            self.state = "unreadable, or no private key for encryption"
            return None
        for passphrase in (None, *passphrases):
            try:
                decryptor = key.decryptor(passphrase)
            except (RuntimeError, OSError) as error:
                is_unfit = "no suitable" in str(error).lower()
                self.state = "expired, revoked or of a kind no longer trusted" if is_unfit else "locked"
            else:
                self.state = "usable"
                return decryptor
        return None


def _components(keys: list[str]) -> Iterator[Component]:
    """Yield each part of each key that is meant for encryption; one without packets where a text holds none."""
    for number, text in enumerate(keys):
        parts = [(primary, part) for primary, part in _parts(text) if _is_for_encryption(part)]
        for primary, part in parts:
            yield Component(part[0].key_id or "", primary if part is primary else [*primary, *part])
        if not parts:
            yield Component(f"pgp.keys[{number}]", [])


def _parts(text: str) -> Iterator[tuple[list[Packet], list[Packet]]]:
    """Yield primary part and part of all keys in a text, each with the packets that belong to it."""
    from pysequoia.packet import PacketPile, Tag

    primary: list[Packet] = []
    groups: list[tuple[list[Packet], list[Packet]]] = []
    try:
        packets: Any = list(PacketPile.from_bytes(text.encode()))
    except (RuntimeError, OSError):
        return
    for packet in packets:
        if packet.tag in (Tag.SecretKey, Tag.PublicKey):
            primary = [packet]
            groups.append((primary, primary))
        elif packet.tag in (Tag.SecretSubkey, Tag.PublicSubkey) and primary:
            groups.append((primary, [packet]))
        elif groups:
            groups[-1][1].append(packet)
    yield from groups


def _is_for_encryption(part: list[Packet]) -> bool:
    from pysequoia.packet import Tag

    if part[0].tag not in (Tag.SecretKey, Tag.SecretSubkey):
        return False
    flags = [flags for packet in part if (flags := packet.key_flags) is not None]
    return not flags or any(f.transport_encryption or f.storage_encryption for f in flags)


if __name__ == "__main__":
    main()
