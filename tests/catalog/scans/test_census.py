"""What is recorded of a zone held against what is listed of it, without knowing all of it."""

from __future__ import annotations

from catalog.scans.census import Census, cut
from catalog.scope import Scope
from catalog.store.known import Mark
from verifier.groups import Groups, Key
from verifier.model import Presence, StoredFile

A, B, C = ("aaa", "202611010100"), ("aaa", "202611020100"), ("bbb", "202611010100")


def listed(*keys: Key) -> Groups:
    groups = Groups("z")
    for key in keys:
        groups.opened(key).files.append(StoredFile(f"{key[0]}/exportTime={key[1]}/part.json.gz", 1))
    groups.seal(lambda key: key)
    return groups


def mark(key: Key, digest: bytes = b"x", *, presence: Presence = Presence.PRESENT, is_settled: bool = True) -> Mark:
    return Mark(key, presence, is_settled, has_manifest=False, files=3, listing_digest=digest.hex())


def test_only_what_is_listed_otherwise_differs() -> None:
    groups, census = listed(A, B, C), Census(Scope())
    census.add(mark(A, groups.digest(A)), groups)
    census.add(mark(B, b"another"), groups)
    assert [key for key, _ in census.differing(groups)] == [B]
    assert [census.is_new(key) for key in (A, B, C)] == [False, False, True]
    assert (census.files, census.datasets["aaa"], census.datasets["bbb"]) == (6, 2, 0)


def test_what_is_gone_is_judged_unless_it_expired_or_had_never_settled() -> None:
    groups, census = listed(), Census(Scope())
    census.add(mark(A), groups)
    census.add(mark(B, presence=Presence.EXPIRED), groups)
    census.add(mark(C, presence=Presence.VANISHED, is_settled=False), groups)
    assert census.gone == [A]
    assert census.files == 6


def test_nothing_is_gone_where_only_some_folder_was_listed() -> None:
    groups, census = listed(), Census(Scope(is_partial=True))
    census.add(mark(A), groups)
    assert census.gone == []
    assert list(census.differing(groups)) == []


def test_a_stretch_is_of_whole_datasets_and_not_endless() -> None:
    census = Census(Scope())
    keys = [(f"{dataset:03}", f"{n:012}") for dataset in range(10) for n in range(1000)]
    census.datasets["005"] = 4000
    stretches = list(census.stretches(keys))
    assert [key for stretch in stretches for key in stretch] == keys
    homes = [{dataset for dataset, _ in stretch} for stretch in stretches]
    assert sum(map(len, homes)) == 10
    assert [len(home) for home in homes] == [4, 1, 1, 4]


def test_items_are_cut_by_their_weight() -> None:
    assert list(cut([5, 1, 1, 9, 2], lambda n: n, 6)) == [[5, 1], [1, 9], [2]]
