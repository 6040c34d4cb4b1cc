"""Signed notes and checkpoints as C2SP's signed-note and tlog-checkpoint have them; not where keys are kept."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from catalog.ledger.merkle import HASH_BYTES

_ED25519 = b"\x01"
_KEY_BYTES, _ID_BYTES = 32, 4
_NAME = re.compile(r"[^\s+]{1,200}")
_DASH = "— "
_SECRET = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key, known by its name and the id that a note shows."""

    name: str
    key: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature names its key."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:_ID_BYTES]

    @property
    def text(self) -> str:
        """`NAME+ID+KEY`, in one line."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(_ED25519 + self.key)}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key's 32 bytes, in hex: what two people compare by telephone."""
        return sha256(self.key).hexdigest()

    def accepts(self, signature: bytes, data: bytes) -> bool:
        """Tell whether a signature is this key's, of just this."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, data)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key; it does not show itself."""

    name: str
    seed: bytes = field(repr=False)

    @property
    def verifier(self) -> Verifier:
        """Its public key."""
        return Verifier(self.name, self._key.public_key().public_bytes_raw())

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature names it."""
        return self.verifier.key_id

    @property
    def secret_text(self) -> str:
        """`PRIVATE+KEY+NAME+ID+SEED`: for the key's own file, and for nothing else."""
        return f"{_SECRET}{self.name}+{self.key_id.hex()}+{_base64(_ED25519 + self.seed)}"

    def sign(self, data: bytes) -> bytes:
        """Return the 64 bytes of an Ed25519 signature."""
        return self._key.sign(data)

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A ledger as it was at a moment: its name, how many entries, and the root over them."""

    origin: str
    size: int
    root: bytes
    at: datetime

    @property
    def text(self) -> str:
        """What is signed."""
        moment = self.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\ntime {moment}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, and its signatures by the name and id of their keys."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    def signed_by(self, verifiers: Iterable[Verifier]) -> Verifier | None:
        """Return the first of some keys that signed it, None where none did."""
        data = self.text.encode()
        for verifier in verifiers:
            for name, key_id, signature in self.signatures:
                is_named = name == verifier.name and key_id == verifier.key_id
                if is_named and verifier.accepts(signature, data):
                    return verifier
        return None


def new_signer(name: str) -> Signer:
    """Make a new key. Raises ValueError for a name that no note can hold: empty, with blanks or a plus sign."""
    return Signer(_checked_name(name), Ed25519PrivateKey.generate().private_bytes_raw())


def signed_note(checkpoint: Checkpoint, signer: Signer | None) -> str:
    """Return the note of a checkpoint: signed, or without any signature where there is no key."""
    text = checkpoint.text
    if signer is None:
        return f"{text}\n"
    line = _base64(signer.key_id + signer.sign(text.encode()))
    return f"{text}\n{_DASH}{signer.name} {line}\n"


def parse_note(text: str) -> Note:
    """Read a note. Raises ValueError for what is none."""
    body, mark, rest = text.rpartition("\n\n")
    if not mark or not body or (rest and not rest.endswith("\n")):
        raise ValueError("expected a text, an empty line and signatures")
    signatures = []
    for line in rest.splitlines():
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        data = _decoded(encoded)
        if not line.startswith(_DASH) or not _NAME.fullmatch(name) or len(data) <= _ID_BYTES:
            raise ValueError("expected lines with a name and a signature")
        signatures.append((name, data[:_ID_BYTES], data[_ID_BYTES:]))
    return Note(f"{body}\n", tuple(signatures))


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a note as a checkpoint of ours. Raises ValueError for anything else."""
    lines = text.split("\n")
    if len(lines) != 5 or lines[4] or not lines[3].startswith("time ") or not re.fullmatch(r"0|[1-9]\d*", lines[1]):
        raise ValueError("expected origin, size, root and time, a line each")
    root, at = _decoded(lines[2]), datetime.fromisoformat(lines[3].removeprefix("time "))
    if len(root) != HASH_BYTES or at.tzinfo is None or not lines[0]:
        raise ValueError("expected origin, size, root and time, a line each")
    return Checkpoint(lines[0], int(lines[1]), root, at)


def parse_verifier(text: str) -> Verifier:
    """Read a public key from its line. Raises ValueError for what is none, or has another id than its key gives."""
    name, key_id, key = _parts(text.strip(), "NAME+ID+KEY")
    verifier = Verifier(name, key)
    if verifier.key_id.hex() != key_id:
        raise ValueError("the key has another id than its line says")
    return verifier


def parse_signer(text: str) -> Signer:
    """Read a private key from its line. Raises ValueError, which shows nothing of it."""
    text = text.strip()
    if not text.startswith(_SECRET):
        raise ValueError("expected a line that begins with PRIVATE+KEY+")
    name, key_id, seed = _parts(text.removeprefix(_SECRET), "PRIVATE+KEY+NAME+ID+KEY")
    signer = Signer(name, seed)
    if signer.key_id.hex() != key_id:
        raise ValueError("the key has another id than its line says")
    return signer


def _parts(text: str, form: str) -> tuple[str, str, bytes]:
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    data = _decoded(encoded)
    if not _NAME.fullmatch(name) or len(data) != 1 + _KEY_BYTES or data[:1] != _ED25519:
        raise ValueError(f"expected {form}")
    return name, key_id, data[1:]


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("expected a name without blanks and plus signs")
    return name


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("expected base64") from None
