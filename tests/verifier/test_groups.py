"""Snapshots packed and taken out again: nothing is lost, and a file takes few bytes."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.groups import Group, Groups, Key
from verifier.model import SnapshotId, StoredFile

KEY: Key = ("64e0", "202611010100")
FOLDER = "64e0/exportTime=202611010100"
MOMENT = datetime(2026, 11, 1, 1, 2, 3, 456789, tzinfo=UTC)

# Names in other bytes than UTF-8 reach us as lone surrogates.
_names = st.text(st.characters(codec=None), min_size=1, max_size=12).filter(lambda name: "/" not in name)
_files = st.builds(
    StoredFile,
    path=_names.map(lambda name: f"{FOLDER}/{name}"),
    size=st.integers(0, 2**50),
    modified_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    etag=st.none() | st.text(st.characters(codec="utf-8"), max_size=8),
)


def by_path(files: list[StoredFile]) -> list[StoredFile]:
    return sorted(files, key=lambda file: file.path)


@given(st.lists(_files, max_size=12, unique_by=lambda f: f.path), st.integers(0, 12), st.booleans())
def test_what_is_packed_comes_out_the_same(files: list[StoredFile], markers: int, is_interrupted: bool) -> None:
    groups = Groups("z")
    for number, file in enumerate(files):
        if is_interrupted:
            groups.opened(("another", KEY[1]))
        group = groups.opened(KEY)
        group.folders.add(FOLDER)
        (group.markers if number < markers else group.files).append(file)
    groups.opened(KEY).nested.add(f"{FOLDER}/a/b")
    groups.seal(lambda key: key)
    found = groups[KEY]
    assert (found.files, found.markers) == (by_path(files[markers:]), by_path(files[:markers]))
    assert (found.id, found.nested) == (SnapshotId("z", *KEY), {f"{FOLDER}/a/b"})
    assert groups.digest(KEY).hex() == found.digest()
    assert (groups.sums(KEY).files, groups.sums(KEY).bytes) == (len(found.files), sum(f.size for f in found.files))


def test_a_manifest_from_elsewhere_counts_in_the_digest_and_the_sums() -> None:
    groups = Groups("z")
    groups.opened(KEY).files.append(StoredFile(f"{FOLDER}/part.json.gz", 5, MOMENT))
    groups.seal(lambda key: key)
    before = groups.digest(KEY)
    groups.attach(KEY, StoredFile("manifest-1.json", 7, MOMENT))
    assert groups.digest(KEY) != before
    assert groups.digest(KEY).hex() == groups[KEY].digest()
    sums = groups.sums(KEY)
    assert (sums.own_files, sums.files, sums.bytes, sums.manifests, sums.manifest_bytes) == (1, 2, 12, 1, 7)


def test_what_is_gone_is_an_empty_group_behind_the_others() -> None:
    groups = Groups("z")
    groups.opened(KEY).files.append(StoredFile(f"{FOLDER}/part.json.gz", 5, MOMENT))
    groups.seal(lambda key: key)
    gone = ("0000", "202611010100")
    groups.add_gone(gone)
    assert list(groups) == [KEY, gone]
    assert groups[gone] == Group(SnapshotId("z", *gone))
    assert groups.digest(gone).hex() == Group(SnapshotId("z", *gone)).digest()


@pytest.mark.parametrize(("per_snapshot", "most"), [(10, 140), (100, 90)])
def test_a_listed_file_takes_little_memory(per_snapshot: int, most: int) -> None:
    groups = Groups("z")
    tracemalloc.start()
    for number in range(20_000 // per_snapshot):
        time = f"2026{number:08}"
        group = groups.opened(("64e0c0ffee0123456789abcd", time))
        for part in range(per_snapshot):
            uuid = f"00000000-0000-4000-8000-{number:012x}"
            name = f"part-{part:05}-tid-{number}-{uuid}-{part}-1-c000.gz.parquet"
            etag = f"{hash((number, part)) & (2**64 - 1):032x}"
            group.files.append(StoredFile(f"64e0c0ffee0123456789abcd/exportTime={time}/{name}", part, MOMENT, etag))
    groups.seal(lambda key: key)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert taken / 20_000 < most
