"""Ways to damage the files and folders of a copy, whatever they hold; looks at nothing and judges nothing."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable
from dataclasses import replace

import pyarrow.parquet as pq

from catalog.evidence.damages.values import DAY, Change, Damage, NotApplicableError, Specimen, When
from verifier.layout import parse_part_name
from verifier.model import FileKind

_OTHER_WRITE = ("6351713407229798623", "174d2b9b-87e8-4c29-8a76-ec05b444f26a")
_STRAY = "landproof-selftest.stray"


def _beside(path: str, name: str) -> str:
    folder, slash, _ = path.rpartition("/")
    return f"{folder}{slash}{name}"


def _emptied(whole: Specimen) -> Change:
    return Change(path=whole.data, write={whole.data: b""})


def _other_kind(whole: Specimen) -> Change:
    """Put JSON under the name of Parquet, or Parquet under that of JSON."""
    if whole.kind is FileKind.PARQUET:
        data = gzip.compress(b'{"landproof":"selftest"}\n', mtime=0)
    else:
        data = b"PAR1" + bytes(64) + (16).to_bytes(4, "little") + b"PAR1"
    return Change(path=whole.data, write={whole.data: data})


def _flipped(whole: Specimen) -> bytes:
    data = bytearray(whole.read(whole.data))
    data[len(data) // 2] ^= 1
    return bytes(data)


def _changed(whole: Specimen) -> Change:
    return Change(path=whole.data, write={whole.data: _flipped(whole)})


def _changed_silently(whole: Specimen) -> Change:
    return replace(_changed(whole), keeps_time=True, reads_again=True)


def _removed(whole: Specimen) -> Change:
    if not whole.others:
        raise NotApplicableError("it is the only data file, without which nothing would be left to look at")
    return Change(path=whole.data, remove=(whole.data,))


def _no_data(whole: Specimen) -> Change:
    """Leave a marker, so that the folder of the export is there still."""
    return Change(remove=(whole.data, *whole.others), write={f"{whole.folder}/_SUCCESS": b""})


def _without_rows(whole: Specimen) -> Change:
    """Keep one data file of no rows, where the settings want some."""
    if whole.kind is FileKind.PARQUET:
        out = io.BytesIO()
        pq.write_table(pq.read_schema(io.BytesIO(whole.read(whole.data))).empty_table(), out)
        data = out.getvalue()
    else:
        data = gzip.compress(b"", mtime=0) if whole.kind is FileKind.JSON_GZIP else b"\n"
    gone = (*whole.others, *((whole.manifest,) if whole.manifest else ()))
    settings = {"allow_empty": False, "manifest": False}
    return Change(path=whole.data, write={whole.data: data}, remove=gone, settings=settings)


def _other_format(whole: Specimen) -> Change:
    return Change(settings={"format": "json" if whole.kind is FileKind.PARQUET else "parquet", "compressed": None})


def _twice(other: tuple[str, str] | None) -> Callable[[Specimen], Change]:
    """Return what adds the data file once more: as the part of another write, or as another attempt at its task."""

    def made(whole: Specimen) -> Change:
        name = whole.data.rpartition("/")[2]
        said = parse_part_name(name)
        if said is None:
            raise NotApplicableError("the file's name is not in Adobe's grammar")
        if other:
            again = name.replace(f"-tid-{said.tid}-{said.uuid}-", f"-tid-{other[0]}-{other[1]}-")
        else:
            again = name.replace(f"-{said.task}-{said.attempt}-c", f"-{said.task}-{said.attempt + 1}-c")
        path = _beside(whole.data, again)
        return Change(path=path, write={path: whole.read(whole.data)})

    return made


def _stray(_: Specimen) -> Change:
    return Change(path=_STRAY, write={_STRAY: b"x"})


def _bad_time(whole: Specimen) -> Change:
    """Write a thirteenth month into the name of the export's folder."""
    digits = whole.snapshot.export_time
    return _renamed(whole, f"{digits[:4]}13{digits[6:]}")


def _future_time(whole: Specimen) -> Change:
    later = (whole.now + DAY).strftime("%Y%m%d%H%M%S")
    return _renamed(whole, later[: len(whole.snapshot.export_time)])


def _renamed(whole: Specimen, digits: str) -> Change:
    if whole.folder.count(whole.snapshot.export_time) != 1:
        raise NotApplicableError("the folder template writes export times in a way of its own")
    return Change(moved=re.sub(whole.snapshot.export_time, digits, whole.folder))


FILES: tuple[Damage, ...] = (
    Damage(name="file emptied", expected=("file.empty",), change=_emptied),
    Damage(name="content of another kind", expected=("file.kind-mismatch",), change=_other_kind),
    Damage(name="file changed", expected=("file.changed",), change=_changed, when=When.LATER),
    Damage(
        name="file changed behind its size and time, and read again",
        expected=("file.changed",),
        change=_changed_silently,
        when=When.LATER,
    ),
    Damage(name="file removed", expected=("file.vanished",), change=_removed, when=When.LATER),
    Damage(name="all data files removed, a marker left", expected=("snapshot.no-data-files",), change=_no_data),
    Damage(name="no rows, where the settings want some", expected=("snapshot.empty",), change=_without_rows),
)
"""Of single files."""

LAYOUT: tuple[Damage, ...] = (
    Damage(
        name="another format than the settings promise", expected=("layout.unexpected-format",), change=_other_format
    ),
    Damage(name="a part of another write added", expected=("layout.second-write",), change=_twice(_OTHER_WRITE)),
    Damage(name="a part of the same number added", expected=("layout.duplicate-part",), change=_twice(_OTHER_WRITE)),
    Damage(name="a second attempt at a part added", expected=("layout.duplicate-part",), change=_twice(None)),
    Damage(name="a stray file added", expected=("layout.stray-file",), change=_stray),
    Damage(name="folder of an export time that is none", expected=("layout.bad-export-time",), change=_bad_time),
    Damage(name="folder of an export time to come", expected=("layout.future-export-time",), change=_future_time),
)
"""Of names and folders."""
