"""Who vouches for a bundle: an in-toto Statement about its files in a DSSE envelope; not what the files say.

After the in-toto Attestation Framework's Statement v1 and DSSE v1.0.0, whose signature is over PAE(type, payload).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Protocol

from catalog.ledger.canonical import Plain, canonical

PAYLOAD_TYPE = "application/vnd.in-toto+json"
PREDICATE_TYPE = "urn:landproof:audit-bundle:1"
_STATEMENT = "https://in-toto.io/Statement/v1"


class Signs(Protocol):
    """A key that signs: Ed25519 with the name and id by which a ledger's notes know it."""

    @property
    def name(self) -> str:
        """The key's name."""

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature names it."""

    def sign(self, data: bytes) -> bytes:
        """Return the 64 bytes of a signature."""


def statement(digests: Mapping[str, str], predicate: Mapping[str, Plain]) -> bytes:
    """Return the statement that files, by their SHA-256 in hex, are what the predicate says."""
    subjects: list[Plain] = [{"name": name, "digest": {"sha256": digests[name]}} for name in sorted(digests)]
    return canonical(
        {"_type": _STATEMENT, "predicate": dict(predicate), "predicateType": PREDICATE_TYPE, "subject": subjects}
    )


def envelope(payload: bytes, signer: Signs | None) -> bytes:
    """Return a statement in its envelope: signed, or with no signature where there is no key."""
    signatures: list[Plain] = []
    if signer is not None:
        signature = signer.sign(encoded(payload))
        signatures = [{"keyid": f"{signer.name}+{signer.key_id.hex()}", "sig": _base64(signature)}]
    body: Plain = {"payload": _base64(payload), "payloadType": PAYLOAD_TYPE, "signatures": signatures}
    return canonical(body)


def encoded(payload: bytes) -> bytes:
    """Return what is signed: DSSE's Pre-Authentication Encoding of the payload and its type."""
    kind = PAYLOAD_TYPE.encode("ascii")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
