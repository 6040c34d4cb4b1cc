"""The snapshots of a listing, packed, so that a million files take some fifty bytes each; sorts no file into them."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

import msgspec
from isal import isal_zlib

from verifier.layout import kind_by_name
from verifier.model import FileKind, SnapshotId, StoredFile

Key = tuple[str, str]
"""A snapshot inside its zone: dataset id and export time in digits."""

_Rows = list[tuple[bytes, int, datetime | None, str | None]]
_Packed = tuple[list[bytes], list[bytes], _Rows, _Rows]

_DIGEST_BYTES = 16
_SUMS = struct.Struct("<IQIQ")
_BODY = _DIGEST_BYTES + _SUMS.size
_FASTEST = 0
_decoder = msgspec.msgpack.Decoder(_Packed)


@dataclass(slots=True)
class Group:
    """Everything listed for one snapshot. `nested` holds the paths below the folder's own level."""

    id: SnapshotId
    folders: set[str] = field(default_factory=set)
    files: list[StoredFile] = field(default_factory=list)
    markers: list[StoredFile] = field(default_factory=list)
    nested: set[str] = field(default_factory=set)
    loose_manifests: list[StoredFile] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """Dataset id and export time."""
        return (self.id.dataset_id, self.id.export_time)

    @property
    def data(self) -> list[StoredFile]:
        """The files that hold rows, going by their names."""
        return [f for f in self.files if kind_by_name(f.path).is_data]

    @property
    def manifests(self) -> list[StoredFile]:
        """The manifests, those outside the snapshot's folder included."""
        return _manifests(self.files) + self.loose_manifests

    def digest(self) -> str:
        """Return a digest of what the listing shows of this snapshot: paths, sizes, times and etags."""
        return _digest(_encoded(self), self.loose_manifests).hex()


@dataclass(frozen=True, slots=True)
class Sums:
    """How many files a group has, manifests among them, and their sizes in bytes; markers do not count.

    `own_files` are those in the snapshot's folder, which loose manifests are not.
    """

    own_files: int
    files: int
    bytes: int
    manifests: int
    manifest_bytes: int


class Groups(Mapping[Key, Group]):
    """The snapshots of one zone by their keys, in the order of `seal`.

    What is taken out is a copy: change it, and nothing changes here.
    """

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._packed: dict[Key, bytes] = {}
        self._late: dict[Key, list[bytes]] = {}
        self._loose: dict[Key, list[StoredFile]] = {}
        self._open: tuple[Key, Group] | None = None

    def __getitem__(self, key: Key) -> Group:
        group = Group(SnapshotId(self._zone, *key))
        _unpack_into(group, self._packed[key])
        group.loose_manifests = list(self._loose.get(key, ()))
        return group

    def __iter__(self) -> Iterator[Key]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

    def __contains__(self, key: object) -> bool:
        return key in self._packed

    def opened(self, key: Key) -> Group:
        """Return the group to which files of a snapshot are to be added until another is opened."""
        if self._open is None or self._open[0] != key:
            self._shut()
            self._open = (key, Group(SnapshotId(self._zone, *key)))
        return self._open[1]

    def seal(self, order: Callable[[Key], object]) -> None:
        """Put what came in pieces together, and all in order: snapshots as given, files by path."""
        self._shut()
        for key, pieces in self._late.items():
            group = Group(SnapshotId(self._zone, *key))
            for piece in (self._packed[key], *pieces):
                _unpack_into(group, piece)
            self._packed[key] = _pack(group)
        self._late = {}
        self._packed = {key: self._packed[key] for key in sorted(self._packed, key=order)}  # type: ignore[arg-type]

    def add_gone(self, key: Key) -> None:
        """Add an empty group behind the others, for a snapshot that is not listed any more."""
        self._packed[key] = _pack(Group(SnapshotId(self._zone, *key)))

    def attach(self, key: Key, manifest: StoredFile) -> None:
        """Give a manifest that lies elsewhere to its snapshot."""
        self._loose.setdefault(key, []).append(manifest)

    def digest(self, key: Key) -> bytes:
        """Return a group's digest, of which `Group.digest` is the hex, without taking it out."""
        packed, loose = self._packed[key], self._loose.get(key)
        if loose:
            return _digest(isal_zlib.decompress(packed[_BODY:]), loose)
        return packed[:_DIGEST_BYTES]

    def sums(self, key: Key) -> Sums:
        """Return the sums over a group's files, loose manifests included, without taking it out."""
        files, size, manifests, manifest_size = _SUMS.unpack_from(self._packed[key], _DIGEST_BYTES)
        loose = self._loose.get(key, ())
        more, more_bytes = len(loose), sum(f.size for f in loose)
        return Sums(files, files + more, size + more_bytes, manifests + more, manifest_size + more_bytes)

    def _shut(self) -> None:
        if self._open is None:
            return
        key, group = self._open
        self._open = None
        packed = _pack(group)
        if key in self._packed:
            self._late.setdefault(key, []).append(packed)
        else:
            self._packed[key] = packed


def _pack(group: Group) -> bytes:
    body = _encoded(group)
    # Names are asked one by one only where one of them may be a manifest's, since that costs more than all else.
    manifests = _manifests(group.files) if b"manifest-" in body.lower() else []
    sums = _SUMS.pack(
        len(group.files), sum([f.size for f in group.files]), len(manifests), sum([f.size for f in manifests])
    )
    return _digest(body, ()) + sums + isal_zlib.compress(body, _FASTEST)


def _unpack_into(group: Group, packed: bytes) -> None:
    folders, nested, files, markers = _decoder.decode(isal_zlib.decompress(packed[_BODY:]))
    group.folders.update(map(_text, folders))
    group.nested.update(map(_text, nested))
    group.files += [StoredFile(_text(path), *rest) for path, *rest in files]
    group.markers += [StoredFile(_text(path), *rest) for path, *rest in markers]


def _encoded(group: Group) -> bytes:
    folders, nested = (sorted(map(_bytes, paths)) for paths in (group.folders, group.nested))
    return msgspec.msgpack.encode((folders, nested, _rows(group.files), _rows(group.markers)))


def _rows(files: Sequence[StoredFile]) -> _Rows:
    """Return files in order of path; paths as bytes, since a name need not be what UTF-8 can hold."""
    ordered = sorted(files, key=_path)
    return [(f.path.encode("utf-8", "surrogatepass"), f.size, f.modified_at, f.etag) for f in ordered]


def _digest(body: bytes, loose: Sequence[StoredFile]) -> bytes:
    sink = hashlib.blake2b(body, digest_size=_DIGEST_BYTES)
    if loose:
        sink.update(msgspec.msgpack.encode(_rows(loose)))
    return sink.digest()


def _manifests(files: Sequence[StoredFile]) -> list[StoredFile]:
    return [f for f in files if kind_by_name(f.path) is FileKind.MANIFEST]


def _bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogatepass")


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogatepass")


_path = attrgetter("path")
