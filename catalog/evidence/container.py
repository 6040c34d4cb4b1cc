"""Packs the contents of a bundle, files in a folder, into one ZIP: a bag, its statement, its check; not what they say.

The same contents and key give the same bytes; only a timestamp differs, since it is another's word on when.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from secrets import token_hex
from typing import IO

import msgspec

from catalog.evidence.bag import DECLARATION, BagInfo, manifest
from catalog.evidence.readme import README
from catalog.evidence.statement import Signs, envelope, statement
from catalog.evidence.timestamp import fetch_timestamp
from catalog.evidence.zip_bytes import Member, directory, local_header
from catalog.ledger.canonical import Plain
from verifier.errors import ChangedError, UsageError

_NAME = re.compile(r"[a-z][a-z-]*\.(?:jsonl|json|csv|txt)")
_CHUNK = 1 << 20
_SIGNED_TAGS = ("README.txt", "bag-info.txt", "bagit.txt", "verify.py")


@dataclass(frozen=True, slots=True)
class Written:
    """A bundle that was written: where, its size and SHA-256, how many files are in it, the key that signed it."""

    path: Path
    size: int
    sha256: str
    files: int
    signed_by: str | None
    timestamped: bool


def write_bundle(target: Path, payload: Path, *, signer: Signs | None, timestamp_url: str | None = None) -> Written:
    """Write a bundle of the files in a folder, which become its `data/`; `bundle.json` among them says what it is.

    With a URL the statement is sent to that timestamp authority, and its answer goes in. Nothing was written where this
    raises: `UsageError` where something is at `target` or it cannot be written, `SourceError` where the authority gave
    no timestamp, ValueError for contents that are none.
    """
    _refuse_existing(target)
    contents = [_digested(path) for path in sorted(payload.iterdir())]
    parts = _with_tags(contents, (payload / "bundle.json").read_bytes(), signer, timestamp_url)
    try:
        size, digest = _write_whole(target, parts)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        hint = "name a file in a folder that is there, with room for it"
        raise UsageError(f"{target}: cannot be written: {reason}", hint=hint) from error
    return Written(target, size, digest, len(parts), signer.name if signer else None, timestamp_url is not None)


@dataclass(frozen=True, slots=True)
class _Part:
    """A file on its way in: its name in the bag, what its bytes come to, and they themselves or where they are."""

    name: str
    size: int
    crc: int
    digest: str
    source: Path | bytes

    def chunks(self) -> Iterator[bytes]:
        """Yield its bytes. Raises `ChangedError` where they are not those that were digested."""
        size = crc = 0
        for chunk in _chunks(self.source):
            size, crc = size + len(chunk), zlib.crc32(chunk, crc)
            yield chunk
        if (size, crc) != (self.size, self.crc):
            raise ChangedError(f"{self.name}: changed while the bundle was written")


def _digested(source: Path) -> _Part:
    if not _NAME.fullmatch(source.name) or not source.is_file():
        raise ValueError(f"expected files such as slots.jsonl, got {source.name!r}")
    return _part(f"data/{source.name}", source)


def _part(name: str, source: Path | bytes) -> _Part:
    size, crc, digest = 0, 0, sha256()
    for chunk in _chunks(source):
        size, crc = size + len(chunk), zlib.crc32(chunk, crc)
        digest.update(chunk)
    return _Part(name, size, crc, digest.hexdigest(), source)


def _chunks(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _with_tags(contents: list[_Part], bundle: bytes, signer: Signs | None, timestamp_url: str | None) -> list[_Part]:
    """Return all files of the bag by their names in the ZIP, in their order."""
    about = msgspec.json.decode(bundle, type=dict)
    base = _base_of(about)
    info = BagInfo(
        name=base,
        judged_at=datetime.fromisoformat(about["judged_at"]),
        tool_version=about["tool_version"],
        octets=sum(part.size for part in contents),
        files=len(contents),
    )
    tags = {"README.txt": README, "bag-info.txt": info.text, "bagit.txt": DECLARATION, "verify.py": verifier_source()}
    digests = {part.name: part.digest for part in contents}
    tags["manifest-sha256.txt"] = manifest(digests, digests)
    signed = digests | {name: _hex(tags[name]) for name in _SIGNED_TAGS}
    predicate: dict[str, Plain] = {"bundle": about, "timestamped": timestamp_url is not None}
    tags["statement.dsse.json"] = envelope(statement(signed, predicate), signer)
    if timestamp_url is not None:
        tags["timestamp.tsr"] = fetch_timestamp(timestamp_url, tags["statement.dsse.json"])
    tags["tagmanifest-sha256.txt"] = _tag_manifest(tags)
    parts = [*contents, *(_part(name, content) for name, content in tags.items())]
    return [
        _Part(f"{base}/{p.name}", p.size, p.crc, p.digest, p.source) for p in sorted(parts, key=lambda part: part.name)
    ]


def verifier_source() -> bytes:
    """Return the program that goes into every bundle."""
    return files("catalog.evidence").joinpath("verify.py").read_bytes()


def _tag_manifest(tags: Mapping[str, bytes]) -> bytes:
    return manifest({name: _hex(content) for name, content in tags.items()}, tags)


def _base_of(about: Mapping[str, str]) -> str:
    days = (about[key][:10].replace("-", "") for key in ("period_from", "period_to"))
    return f"landproof-evidence-{'-'.join(days)}"


def _hex(content: bytes) -> str:
    return sha256(content).hexdigest()


def _refuse_existing(target: Path) -> None:
    if os.path.lexists(target):
        raise UsageError(f"{target}: something is there already, and nothing is overwritten", hint="name another file")


def _write_whole(target: Path, parts: Iterable[_Part]) -> tuple[int, str]:
    """Write under another name in the same folder first; return size and SHA-256."""
    scratch = target.with_name(f".{target.name[:80]}.{token_hex(4)}.tmp")
    try:
        with scratch.open("xb") as file:
            written = _write_zip(file, parts)
            file.flush()
            os.fsync(file.fileno())
        _give_name(scratch, target)
    finally:
        with suppress(OSError):
            scratch.unlink()
    return written


def _give_name(written: Path, target: Path) -> None:
    """Let a file go by its own name, unless something goes by it now: only a link refuses that in one step."""
    try:
        os.link(written, target)
    except FileExistsError:
        _refuse_existing(target)
        raise
    except OSError:  # a file system without links
        _refuse_existing(target)
        written.rename(target)


def _write_zip(file: IO[bytes], parts: Iterable[_Part]) -> tuple[int, str]:
    offset, digest, members = 0, sha256(), list[Member]()

    def put(data: bytes) -> None:
        nonlocal offset
        file.write(data)
        digest.update(data)
        offset += len(data)

    for part in parts:
        member = Member(part.name, offset, part.size, part.crc)
        members.append(member)
        put(local_header(member))
        for chunk in part.chunks():
            put(chunk)
    put(directory(members, offset))
    return offset, digest.hexdigest()
