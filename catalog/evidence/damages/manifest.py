"""Ways to damage the manifest of a copy, and what it speaks of; looks at nothing and judges nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from catalog.evidence.damages.values import Change, Damage, NotApplicableError, Specimen, When

_OTHER_RUN = "1bd904d1-3ace-41bb-93d2-02c8f1768c2a"
_MOST_BYTES = 64 << 20

Said = dict[str, Any]


def _to_bytes(edit: Callable[[bytes, Specimen], bytes]) -> Callable[[Specimen], Change]:
    def made(whole: Specimen) -> Change:
        return Change(path=whole.said, write={whole.said: edit(whole.read(whole.said), whole)})

    return made


def _to_words(edit: Callable[[Said, Specimen], None]) -> Callable[[Specimen], Change]:
    """Return what edits the parsed manifest in place."""

    def change(data: bytes, whole: Specimen) -> bytes:
        said: Said = json.loads(data)
        edit(said, whole)
        return json.dumps(said).encode()

    return _to_bytes(change)


def _entries(said: Said) -> list[Said]:
    found: list[Said] = said["exportResults"]
    if not found:
        raise NotApplicableError("the manifest lists no file")
    return found


def _entry_of(said: Said, whole: Specimen) -> Said:
    """Return what the manifest says of the data file."""
    name = whole.data.rpartition("/")[2]
    found = next((entry for entry in _entries(said) if str(entry["name"]).rpartition("/")[2] == name), None)
    if found is None:
        raise NotApplicableError("the manifest does not list the file by its name")
    return found


def _removed(whole: Specimen) -> Change:
    return Change(path=whole.said, remove=(whole.said,), settings={"manifest": True})


def _file_removed(whole: Specimen) -> Change:
    _entry_of(json.loads(whole.read(whole.said)), whole)
    return Change(path=whole.data, remove=(whole.data,))


def _file_added(whole: Specimen) -> Change:
    """Add a copy of the data file under a name that no writer uses twice."""
    _ = whole.said
    folder, _, name = whole.data.rpartition("/")
    path = f"{folder}/landproof-selftest-{name}"
    return Change(path=path, write={path: whole.read(whole.data)})


def _other_size(by: int) -> Callable[[Said, Specimen], None]:
    def edit(said: Said, whole: Specimen) -> None:
        entry = _entry_of(said, whole)
        entry["size"] = max(int(entry["size"]) + by, 1)

    return edit


def _without_run(said: Said, _: Specimen) -> None:
    del said["flowRunId"]


def _other_run(said: Said, _: Specimen) -> None:
    said["flowRunId"] = _OTHER_RUN


def _entry_added(said: Said, _: Specimen) -> None:
    _entries(said).append(_entries(said)[0] | {"name": "landproof-selftest-missing.parquet"})


def _entry_twice(said: Said, _: Specimen) -> None:
    _entries(said).append(dict(_entries(said)[0]))


def _way_out(said: Said, _: Specimen) -> None:
    _entries(said).append(_entries(said)[0] | {"name": "../../landproof-selftest"})


def _weeks_later(said: Said, whole: Specimen) -> None:
    said["scheduledTime"] = (whole.snapshot.export_at + timedelta(days=14)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _too_large(data: bytes, whole: Specimen) -> bytes:
    limit = whole.limits.manifest_bytes
    if limit > _MOST_BYTES:
        raise NotApplicableError(f"limits.manifest_bytes is more than {_MOST_BYTES}")
    return data.ljust(limit + 1)


def _written_anew(said: Said, _: Specimen) -> None:
    said["landproof"] = "selftest"


MANIFEST: tuple[Damage, ...] = (
    Damage(name="manifest removed", expected=("manifest.missing",), change=_removed),
    Damage(
        name="manifest cut in half",
        expected=("manifest.invalid",),
        change=_to_bytes(lambda data, _: data[: len(data) // 2]),
    ),
    Damage(name="manifest without the id of its run", expected=("manifest.invalid",), change=_to_words(_without_run)),
    Damage(name="manifest of another run", expected=("manifest.run-id-mismatch",), change=_to_words(_other_run)),
    Damage(name="listed file removed", expected=("manifest.file-missing",), change=_file_removed),
    Damage(
        name="file listed that was never there", expected=("manifest.file-missing",), change=_to_words(_entry_added)
    ),
    Damage(name="size listed too large", expected=("manifest.size-mismatch",), change=_to_words(_other_size(9))),
    Damage(name="size listed too small", expected=("manifest.size-mismatch",), change=_to_words(_other_size(-9))),
    Damage(name="file added that is not listed", expected=("manifest.unlisted-file",), change=_file_added),
    Damage(name="file listed twice", expected=("manifest.duplicate-entry",), change=_to_words(_entry_twice)),
    Damage(name="file listed outside its folder", expected=("manifest.unsafe-path",), change=_to_words(_way_out)),
    Damage(name="manifest of two weeks later", expected=("manifest.off-time",), change=_to_words(_weeks_later)),
    Damage(name="manifest too large", expected=("manifest.too-large",), change=_to_bytes(_too_large)),
    Damage(
        name="manifest changed",
        expected=("manifest.changed",),
        change=_to_words(_written_anew),
        when=When.LATER,
    ),
)
"""Of manifests."""
