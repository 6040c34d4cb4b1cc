"""What a file is, from its name and its first bytes; where the two disagree, that is a finding."""

from __future__ import annotations

from enum import Enum

from verifier.formats.pgp import is_pgp
from verifier.layout import has_cipher_suffix
from verifier.model import FileKind, Finding, finding

HEAD_BYTES = 64


class Sniffed(Enum):
    """What first bytes look like."""

    PARQUET = "Parquet"
    GZIP = "gzip"
    JSON = "JSON text"
    PGP = "a PGP message"
    OTHER = "of no known kind"


_MATCHING = {
    FileKind.PARQUET: (Sniffed.PARQUET, Sniffed.OTHER),
    FileKind.JSON_GZIP: (Sniffed.GZIP, Sniffed.OTHER),
    FileKind.JSON: (Sniffed.JSON, Sniffed.OTHER),
    FileKind.MANIFEST: (Sniffed.JSON, Sniffed.OTHER),
}
"""Content that a kind's own validator judges; bytes of no known kind are for it to refuse."""


def sniff(head: bytes) -> Sniffed:
    """Tell what the first bytes of a file (64 are enough) look like."""
    if head[:4] in (b"PAR1", b"PARE"):
        return Sniffed.PARQUET
    if head[:2] == b"\x1f\x8b":
        return Sniffed.GZIP
    if is_pgp(head):
        return Sniffed.PGP
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    return Sniffed.JSON if text[:1] in (b"{", b"[") else Sniffed.OTHER


def judge_kind(name: str, kind: FileKind, content: Sniffed) -> Finding | None:
    """Say that content is encrypted, or of another kind than the name says, so that no validator can judge it."""
    if content is Sniffed.PGP:
        return finding("file.encrypted", "a PGP message; its content was not judged")
    if has_cipher_suffix(name):
        message = "the name says encrypted, the content is not"
        return finding("file.kind-mismatch", message, expected=Sniffed.PGP.value, actual=content.value)
    if kind is FileKind.UNKNOWN:
        return finding("file.unknown-kind", "a file of a kind that is not verified")
    if content in _MATCHING[kind]:
        return None
    message = f"the name says {kind.value}, the content is {content.value}"
    return finding("file.kind-mismatch", message, expected=kind.value, actual=content.value)
