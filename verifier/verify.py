"""Look at one file: classify it, hand it to its validator, hash it; the table kind -> validator."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from verifier.backends.base import Backend, CheckedSource
from verifier.checksums import Hasher, hasher
from verifier.classify import HEAD_BYTES, Sniffed, judge_kind, sniff
from verifier.errors import ChangedError, SourceError
from verifier.formats.base import Limits, Source, Validator
from verifier.formats.manifest import Manifest, parse_manifest
from verifier.formats.ndjson import verify_json, verify_json_gzip
from verifier.formats.parquet import verify_parquet
from verifier.formats.pgp_keys import NO_KEYS, PgpKeys
from verifier.formats.pgp_verify import Held, verify_pgp
from verifier.layout import kind_by_name, without_cipher_suffix
from verifier.model import Checksum, Content, Depth, FileKind, FileReport, Finding, StoredFile, finding

VALIDATORS: dict[FileKind, Validator] = {
    FileKind.PARQUET: verify_parquet,
    FileKind.JSON_GZIP: verify_json_gzip,
    FileKind.JSON: verify_json,
}


def verify_file(
    backend: Backend, file: StoredFile, depth: Depth, limits: Limits, keys: PgpKeys = NO_KEYS
) -> FileReport:
    """Look at one data file or a file of unknown kind; never raises for what the file or its store does.

    With `keys`, what a PGP message holds is looked at too, at depth full. A file that changed since it was listed is
    looked up and looked at once more, as it is now.
    """
    if depth is Depth.LIST:
        return listed_only(file)
    try:
        try:
            return _look(backend, file, depth, limits, keys)
        except ChangedError:
            now = backend.stat(file.path)
            if now is None:
                raise
            return _look(backend, now, depth, limits, keys)
    except SourceError as error:
        return unreadable(file, error)


def listed_only(file: StoredFile) -> FileReport:
    """Say what a listing alone tells of a file."""
    kind = kind_by_name(file.path)
    findings = []
    if kind is FileKind.UNKNOWN:
        findings.append(finding("file.unknown-kind", "a file of a kind that is not verified"))
    if file.size == 0 and kind.is_data:
        findings.append(_empty())
    return _report(file, kind, Depth.LIST, Content(findings=tuple(findings)))


def read_manifest(
    backend: Backend, file: StoredFile, limits: Limits, keys: PgpKeys = NO_KEYS
) -> tuple[FileReport, Manifest | None]:
    """Read one manifest whole, an encrypted one with `keys`; never raises for what the file or its store does."""
    if file.size > limits.manifest_bytes:
        content = Content(findings=(_too_large(file.size, limits),))
        return _report(file, FileKind.MANIFEST, Depth.FULL, content), None
    try:
        file, data = _read_as_it_is(backend, file, limits)
        held = Held(file.path, data)
        if not keys or sniff(data[:HEAD_BYTES]) is not Sniffed.PGP:
            judge = _ManifestJudge(file.path)
            content = replace(judge(held, limits), sha256=hashlib.sha256(data).hexdigest(), bytes_read=len(data))
        else:
            judge = _ManifestJudge(without_cipher_suffix(file.path))
            content = verify_pgp(held, keys, limits, judge)
    except SourceError as error:
        return unreadable(file, error), None
    return _report(file, FileKind.MANIFEST, Depth.FULL, content), judge.manifest


def unreadable(file: StoredFile, error: SourceError) -> FileReport:
    """Report a file that could not be looked at; says nothing about its bytes."""
    found = finding("file.unreadable", f"could not be read: {error.message}", actual=error.kind)
    kind = kind_by_name(file.path)
    return FileReport(file=file, kind=kind, depth=Depth.LIST, content=Content(findings=(found,)), looked=False)


def _look(backend: Backend, file: StoredFile, depth: Depth, limits: Limits, keys: PgpKeys) -> FileReport:
    kind = kind_by_name(file.path)
    store = backend.open(file)
    try:
        if file.size == 0 and kind.is_data:
            return _report(file, kind, Depth.FULL, _OnlyHash(_empty())(store, Depth.FULL, limits))
        source = _PeekedSource(store, depth)
        seen = sniff(source.head())
        if seen is Sniffed.PGP and kind.is_data and keys and depth is Depth.FULL:
            content = verify_pgp(source, keys, limits, partial(_judge_inside, kind))
        else:
            mismatch = judge_kind(file.path, kind, seen)
            judge = VALIDATORS[kind] if mismatch is None else _OnlyHash(mismatch)
            content = judge(source, depth, limits)
        contradicted = source.contradiction()
        if contradicted:
            content = replace(content, findings=(*content.findings, contradicted))
        return _report(file, kind, depth, content)
    finally:
        store.close()


def _judge_inside(kind: FileKind, source: Source, limits: Limits) -> Content:
    """Judge what was inside a PGP message as what the name without its ending says it is."""
    if not source.size:
        return _OnlyHash(_empty())(source, Depth.FULL, limits)
    name = without_cipher_suffix(source.path)
    mismatch = judge_kind(name, kind, sniff(source.read_range(0, min(HEAD_BYTES, source.size))))
    judge = VALIDATORS[kind] if mismatch is None else _OnlyHash(mismatch)
    return judge(source, Depth.FULL, limits)


def _empty() -> Finding:
    return finding("file.empty", "zero bytes", actual=0)


def _too_large(size: int, limits: Limits) -> Finding:
    message = "the manifest is larger than the limit"
    return finding("manifest.too-large", message, expected=f"at most {limits.manifest_bytes}", actual=size)


def _read_as_it_is(backend: Backend, file: StoredFile, limits: Limits) -> tuple[StoredFile, bytes]:
    """Read a small file whole; one that changed since it was listed is looked up and read once more, as it is now."""
    try:
        return file, _read_whole(backend, file)
    except ChangedError:
        now = backend.stat(file.path)
        if now is None or now.size > limits.manifest_bytes:
            raise
        return now, _read_whole(backend, now)


def _read_whole(backend: Backend, file: StoredFile) -> bytes:
    store = backend.open(file)
    try:
        return b"".join(store.stream())
    finally:
        store.close()


@dataclass(slots=True)
class _ManifestJudge:
    """Judges the bytes of a manifest that goes by a name, and keeps what it says."""

    name: str
    manifest: Manifest | None = None

    def __call__(self, source: Source, limits: Limits) -> Content:
        if source.size > limits.manifest_bytes:
            return Content(findings=(_too_large(source.size, limits),))
        data = source.read_range(0, source.size)
        mismatch = judge_kind(self.name, FileKind.MANIFEST, sniff(data[:HEAD_BYTES]))
        if mismatch:
            return Content(findings=(mismatch,))
        self.manifest, findings = parse_manifest(data, source.path)
        return Content(findings=findings)


@dataclass(frozen=True, slots=True)
class _OnlyHash:
    """Hash a file that no validator can judge, so that at least a change will be seen."""

    found: Finding

    def __call__(self, source: Source, depth: Depth, limits: Limits) -> Content:
        if depth is not Depth.FULL:
            return Content(findings=(self.found,))
        digest, size = hashlib.sha256(), 0
        for piece in source.stream():
            digest.update(piece)
            size += len(piece)
        return Content(findings=(self.found,), sha256=digest.hexdigest(), bytes_read=size)


def _report(file: StoredFile, kind: FileKind, depth: Depth, content: Content) -> FileReport:
    """Report a file; where all of it was read and nobody counted the bytes that no checksum covers, all of them are."""
    if content.sha256 is not None and content.unchecked_bytes is None:
        content = replace(content, facts={**content.facts, "unchecked_bytes": content.bytes_read})
    return FileReport(file=file, kind=kind, depth=depth, content=content)


class _PeekedSource:
    """A source whose first bytes have been looked at without fetching them twice; compares the store's own checksum."""

    def __init__(self, store: CheckedSource, depth: Depth) -> None:
        self._store = store
        self._peeks_stream = depth is Depth.FULL and not store.is_local
        self._promised: Checksum | None = None
        self._hasher: Hasher | None = None
        self._pieces: Iterator[bytes] | None = None
        self._first = b""
        self._is_whole = False

    @property
    def path(self) -> str:
        return self._store.path

    @property
    def size(self) -> int:
        return self._store.size

    @property
    def is_local(self) -> bool:
        return self._store.is_local

    def head(self) -> bytes:
        """Return the first bytes: from the stream that will be read whole, or by a small read."""
        if self._peeks_stream:
            self._pieces = self._store.stream()
            while len(self._first) < HEAD_BYTES and (piece := next(self._pieces, b"")):
                self._first += piece
            return self._first[:HEAD_BYTES]
        return self._store.read_range(0, min(HEAD_BYTES, self.size))

    def read_range(self, start: int, end: int) -> bytes:
        return self._store.read_range(start, end)

    def stream(self) -> Iterator[bytes]:
        pieces = self._pieces if self._pieces is not None else self._store.stream()
        self._pieces = None
        first, self._first = self._first, b""
        yield from self._hashed(chain((first,) if first else (), pieces))

    def contradiction(self) -> Finding | None:
        """Say that the store's checksum of the whole object is not that of the bytes it gave."""
        if self._promised is None or self._hasher is None or not self._is_whole:
            return None
        expected, actual = self._promised.value, self._hasher.hexdigest()
        if actual == expected:
            return None
        message = f"the store's own {self._promised.algorithm} contradicts the bytes it gave"
        return finding("file.checksum-mismatch", message, expected=expected, actual=actual)

    def _hashed(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Pass all pieces on; the checksum that came with the first one is the one to be compared."""
        for number, piece in enumerate(pieces):
            if number == 0 and (promised := self._store.provider_checksum()):
                self._promised, self._hasher = promised, hasher(promised.algorithm)
            if self._hasher is not None:
                self._hasher.update(piece)
            yield piece
        self._is_whole = True
