"""Grouping a listing: nothing is lost, nothing counted twice, and the order of pages does not matter."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.layout import compile_layout
from verifier.model import StoredFile
from verifier.scan import Gathering

DATASET = "64e0c0ffee0123456789abcd"
TIME = "202611010100"
FOLDER = f"{DATASET}/exportTime={TIME}"

names = st.sampled_from(
    [
        "part-00000.gz.parquet",
        "x.json.gz",
        "x.csv",
        "_SUCCESS",
        "_temporary/0/x.parquet",
        "deep/er/x.parquet",
        "manifest-1.json",
        "manifest-1.json.gpg",
        "",
        "x/",
        ".x.crc",
    ]
)
folders = st.sampled_from(
    [
        "",
        f"{FOLDER}/",
        f"{DATASET}/exportTime={TIME}00/",
        f"{DATASET}/exportTime=yesterday/",
        f"{DATASET}/",
        f"backup/{FOLDER}/",
        f"_temporary/{FOLDER}/",
        "exports/",
    ]
)
listings = st.lists(
    st.builds(
        StoredFile,
        st.builds(lambda folder, name: folder + name, folders, names) | st.text(min_size=1, max_size=30),
        st.sampled_from([0, 1, 7]),
    ),
    max_size=25,
    unique_by=lambda f: f.path,
)


def gathered(files: Iterable[StoredFile], *, ignore: Sequence[str] = (), template: str | None = None) -> Gathering:
    layout = compile_layout(template) if template else compile_layout()
    return Gathering("zone", layout, ignore, "the-dataset").add([list(files)])


def listed(*paths: str, size: int = 5) -> list[StoredFile]:
    return [StoredFile(path, size) for path in paths]


def codes(gathering: Gathering) -> dict[str, list[str]]:
    return {s.path: [f.code for f in s.findings] for s in gathering.strays}


@given(listings)
def test_every_file_ends_up_in_exactly_one_place(files: list[StoredFile]) -> None:
    gathering = gathered(files)
    groups = gathering.groups.values()
    kept = Counter(f.path for g in groups for f in (*g.files, *g.markers))
    kept.update(f.path for f in gathering.loose_manifests)
    bad_folders = [s for s in gathering.strays if s.findings[0].code == "layout.bad-export-time"]
    kept.update(s.path for s in gathering.strays if s not in bad_folders)
    assert set(kept.values()) <= {1}
    swallowed = [f for f in files if f.path not in kept]
    assert all(any(f.path.startswith(s.path) for s in bad_folders) for f in swallowed)
    assert sum(f.count for s in bad_folders for f in s.findings) == len(swallowed)
    assert sum(s.size for s in bad_folders) == sum(f.size for f in swallowed)
    assert len(kept) + len(swallowed) == len(files) == gathering.listed


@given(listings, st.integers(1, 5), st.randoms(use_true_random=False))
def test_the_order_and_size_of_pages_do_not_matter(files: list[StoredFile], page: int, dice: random.Random) -> None:
    shuffled = list(files)
    dice.shuffle(shuffled)
    pages = [shuffled[at : at + page] for at in range(0, len(shuffled), page)]
    other = Gathering("zone", compile_layout(), (), "the-dataset").add(pages)
    first = gathered(files)
    assert list(first.groups) == list(other.groups)
    assert [g.digest() for g in first.groups.values()] == [g.digest() for g in other.groups.values()]
    assert first.strays == other.strays
    assert first.is_empty() == other.is_empty()


@pytest.mark.parametrize(
    "change",
    [
        {"size": 6},
        {"modified_at": datetime(2026, 11, 2, tzinfo=UTC)},
        {"etag": "b"},
        {"path": f"{FOLDER}/y.parquet"},
    ],
)
def test_the_digest_tells_any_change_of_the_listing(change: dict[str, Any]) -> None:
    fields: dict[str, Any] = {
        "path": f"{FOLDER}/x.parquet",
        "size": 5,
        "modified_at": datetime(2026, 11, 1, tzinfo=UTC),
        "etag": "a",
    }
    before, after = StoredFile(**fields), StoredFile(**(fields | change))
    digests = {next(iter(gathered([f]).groups.values())).digest() for f in (before, after)}
    assert len(digests) == 2


def test_snapshots_come_in_the_order_of_their_moments_whatever_their_digits() -> None:
    times = ["20261101010001", "202611010101", "20261101010000", "202610010100"]
    gathering = gathered(listed(*(f"{DATASET}/exportTime={t}/x.parquet" for t in times)))
    assert [g.id.export_time for g in gathering.groups.values()] == [
        "202610010100",
        "20261101010000",
        "20261101010001",
        "202611010101",
    ]


def test_one_snapshot_in_two_folders_is_one_snapshot() -> None:
    gathering = gathered(listed(f"{FOLDER}/a.parquet", f"again/{FOLDER}/b.parquet"))
    (group,) = gathering.groups.values()
    assert group.folders == {FOLDER, f"again/{FOLDER}"}
    assert len(group.files) == 2


def test_a_file_below_the_snapshots_own_level_is_nested_and_kept() -> None:
    (group,) = gathered(listed(f"{FOLDER}/a.parquet", f"{FOLDER}/more/b.parquet")).groups.values()
    assert len(group.files) == 2
    assert group.nested == {f"{FOLDER}/more/b.parquet"}


def test_a_stray_is_told_and_its_near_misses_are_not() -> None:
    files = listed(
        "notes.txt", f"{DATASET}/part-0.parquet", f"{DATASET}/_SUCCESS", "manifest-1.json", f"{FOLDER}/x.csv"
    )
    gathering = gathered(files)
    assert codes(gathering) == {
        f"{DATASET}/_SUCCESS": ["layout.marker"],
        f"{DATASET}/part-0.parquet": ["layout.stray-file"],
        "notes.txt": ["layout.stray-file"],
    }
    assert [f.path for f in gathering.loose_manifests] == ["manifest-1.json"]


def test_a_bad_export_time_folder_is_one_stray_with_all_that_is_in_it() -> None:
    bad = f"{DATASET}/exportTime=202602300100"
    gathering = gathered(listed(f"{bad}/a.parquet", f"{bad}/more/b.parquet", f"{FOLDER}/c.parquet"))
    assert codes(gathering) == {f"{bad}/": ["layout.bad-export-time"]}
    assert (gathering.strays[0].size, gathering.strays[0].findings[0].count) == (10, 2)


def test_a_leap_second_or_leap_day_that_is_real_is_no_bad_export_time() -> None:
    assert codes(gathered(listed(f"{DATASET}/exportTime=202402290000/a.parquet"))) == {}
    assert list(codes(gathered(listed(f"{DATASET}/exportTime=20261231235960/a.parquet"))).values()) == [
        ["layout.bad-export-time"]
    ]


def test_placeholders_of_folders_are_markers_at_every_level() -> None:
    placeholders = ["a", "a/b", f"a/b/{DATASET}", f"a/b/{FOLDER}", f"a/b/{FOLDER}/", "a/", f"{FOLDER}_$folder$"]
    gathering = gathered([*listed(*placeholders, size=0), *listed(f"a/b/{FOLDER}/x.parquet")])
    (group,) = gathering.groups.values()
    assert [f.path for f in group.markers] == [f"a/b/{FOLDER}/"]
    assert set(codes(gathering)) == {*placeholders} - {f"a/b/{FOLDER}/"}
    assert {code for found in codes(gathering).values() for code in found} == {"layout.marker"}


def test_an_empty_file_that_is_no_folder_is_a_stray_and_so_is_content_where_a_folder_is() -> None:
    found = codes(gathered([*listed("empty", size=0), *listed(DATASET, "full/", f"{FOLDER}/x.parquet")]))
    assert found == {
        "empty": ["layout.stray-file"],
        DATASET: ["layout.stray-file"],
        "full/": ["layout.stray-file"],
    }


@pytest.mark.parametrize("folder", ["_temporary", ".spark-staging-7", "exports/_$azuretmpfolder$"])
def test_what_looks_like_a_snapshot_below_a_writers_own_folder_is_a_marker(folder: str) -> None:
    path = f"{folder}/{FOLDER}/part-0.parquet"
    gathering = gathered(listed(path))
    assert gathering.groups == {}
    assert codes(gathering) == {path: ["layout.marker"]}


def test_a_writers_staging_folder_in_place_of_a_dataset_is_no_snapshot() -> None:
    path = f".spark-staging-7/exportTime={TIME}/part-0.parquet"
    assert gathered(listed(path)).groups == {}


def test_ignored_files_are_not_there_at_all() -> None:
    files = listed("audience_1/x/y.csv", "audience_1", f"{FOLDER}/x.parquet", "notes.txt")
    gathering = gathered(files, ignore=["audience_*/**", "*.txt"])
    assert (gathering.listed, list(codes(gathering))) == (2, ["audience_1"])


def test_only_markers_is_nothing_at_all() -> None:
    assert gathered([]).is_empty()
    assert gathered(listed("_SUCCESS")).is_empty()
    assert not gathered(listed("x.txt")).is_empty()
    assert not gathered(listed("manifest-1.json")).is_empty()
    assert not gathered(listed(f"{FOLDER}/", size=0)).is_empty()


def test_a_template_without_datasets_takes_the_one_that_is_known() -> None:
    gathering = gathered(listed(f"out/exportTime={TIME}/x.parquet"), template="out/{EXPORT_TIME}")
    assert list(gathering.groups) == [("the-dataset", TIME)]


def test_a_listing_that_breaks_is_passed_on() -> None:
    def pages() -> Iterable[list[StoredFile]]:
        yield listed(f"{FOLDER}/x.parquet")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        Gathering("zone", compile_layout()).add(pages())


def test_whatever_the_order_of_a_listing_everything_is_in_order_of_path() -> None:
    names = ["b.parquet", "a.parquet", "_SUCCESS", "_started_1", "below/a.parquet"]
    files = listed(*(f"{FOLDER}/{name}" for name in names), "manifest-2.json", "manifest-1.json", "z", "y")
    there, back = gathered(files), gathered(files[::-1])
    assert there == back
    (group,) = there.groups.values()
    for found in (group.files, group.markers, there.loose_manifests, there.strays):
        assert [item.path for item in found] == sorted(item.path for item in found)
