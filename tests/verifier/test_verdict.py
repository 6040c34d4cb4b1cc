"""Levels as the settings want them, long lists folded, and the order in which verdicts are taken."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.findings import REGISTER, Effect, Level
from verifier.model import Finding, Verdict, finding
from verifier.verdict import MOST_OF_A_CODE, apply_levels, fold, verdict_of

SEVERITY = ["parquet.corrupt-page", "manifest.file-missing", "file.unreadable", "file.encrypted"]
VERDICTS = [Verdict.CORRUPT, Verdict.INCOMPLETE, Verdict.UNKNOWN, Verdict.UNVERIFIABLE]
made = st.builds(finding, st.sampled_from(sorted(REGISTER)), st.just("…"))


def made_of(*codes: str) -> list[Finding]:
    return [finding(code, "…") for code in codes]


def verdict(
    *findings: Finding, settled: bool = True, checked: int = 2, files: int = 2, rows: int | None = 5
) -> Verdict:
    return verdict_of(findings, settled=settled, checked=checked, files=files, rows=rows)


def test_the_worst_that_was_seen_decides_whatever_the_order() -> None:
    for chosen in itertools.chain.from_iterable(itertools.combinations(range(4), n) for n in range(1, 5)):
        codes = [SEVERITY[at] for at in chosen]
        for order in (codes, codes[::-1]):
            assert verdict(*made_of(*order), checked=1) is VERDICTS[chosen[0]]


@given(st.lists(made, max_size=6), st.integers(0, 3), st.integers(0, 3), st.none() | st.integers(0, 9))
def test_before_it_settles_it_is_arriving_whatever_was_found(
    findings: list[Finding], checked: int, files: int, rows: int | None
) -> None:
    assert verdict(*findings, settled=False, checked=checked, files=files, rows=rows) is Verdict.ARRIVING


@given(st.lists(made, max_size=6), st.integers(0, 3), st.integers(0, 3), st.none() | st.integers(0, 9))
def test_good_takes_every_file_checked_and_no_error_but_an_empty_one(
    findings: list[Finding], checked: int, files: int, rows: int | None
) -> None:
    result = verdict(*findings, checked=min(checked, files), files=files, rows=rows)
    if result in (Verdict.GOOD, Verdict.EMPTY):
        assert 0 < files <= checked
        assert (result is Verdict.EMPTY) == (rows == 0)
        assert {f.effect for f in findings if f.level is Level.ERROR} <= {Effect.NONE}
        assert Effect.UNVERIFIABLE not in {f.effect for f in findings}


def test_nothing_checked_or_not_all_of_it_is_never_good() -> None:
    assert verdict(checked=0, files=0, rows=None) is Verdict.UNKNOWN
    assert verdict(checked=1, files=2) is Verdict.UNKNOWN
    assert verdict(checked=2, files=2) is Verdict.GOOD
    assert verdict(rows=None) is Verdict.GOOD


def test_zero_rows_are_empty_also_where_that_is_an_error() -> None:
    assert verdict(rows=0) is Verdict.EMPTY
    assert verdict(*made_of("snapshot.empty"), rows=0) is Verdict.EMPTY
    assert verdict(*made_of("snapshot.empty", "file.changed"), rows=0) is Verdict.CORRUPT


@pytest.mark.parametrize("code", sorted(c for c, row in REGISTER.items() if row.level is Level.WARN))
def test_warnings_change_no_verdict(code: str) -> None:
    assert verdict(*made_of(code)) is Verdict.GOOD


@pytest.mark.parametrize("code", sorted(c for c, r in REGISTER.items() if r.effect not in (Effect.NONE,)))
def test_an_error_that_the_settings_make_a_warning_changes_no_verdict(code: str) -> None:
    if REGISTER[code].level is not Level.ERROR:
        return
    (lowered,) = apply_levels(made_of(code), {code: Level.WARN})
    assert (lowered.level, verdict(lowered)) == (Level.WARN, Verdict.GOOD)


def test_what_cannot_be_judged_stays_so_at_any_level() -> None:
    for level in Level:
        (encrypted,) = apply_levels(made_of("file.encrypted"), {"file.encrypted": level})
        assert (encrypted.level, verdict(encrypted)) == (level, Verdict.UNVERIFIABLE)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("layout.second-write", Verdict.CORRUPT),
        ("schema.type-changed", Verdict.CORRUPT),
        ("snapshot.shrunk", Verdict.INCOMPLETE),
        ("manifest.off-time", Verdict.INCOMPLETE),
        ("manifest.missing", Verdict.INCOMPLETE),
        ("parquet.no-page-checksums", Verdict.CORRUPT),
    ],
)
def test_a_warning_that_the_settings_make_an_error_is_never_good(code: str, expected: Verdict) -> None:
    found = [finding(code, "…", effect=Effect.NONE)]
    assert verdict(*apply_levels(found, {code: Level.ERROR})) is expected


@given(st.sampled_from(sorted(REGISTER)), st.sampled_from(Level))
def test_a_level_of_the_settings_is_given_whatever_it_was(code: str, level: Level) -> None:
    (found,) = apply_levels(made_of(code), {code: level})
    assert found.level is level
    assert apply_levels([found], {code: level}) == (found,)


def test_levels_of_other_codes_are_left_alone() -> None:
    found = made_of("layout.stray-file", "file.changed")
    assert list(apply_levels(found, {"layout.marker": Level.ERROR})) == found


@given(st.lists(st.builds(finding, st.sampled_from(["json.blank-line", "file.changed"]), st.just("…")), max_size=70))
def test_folding_keeps_the_first_of_each_code_and_the_count_of_all(findings: list[Finding]) -> None:
    folded = fold(findings)
    for code in ("json.blank-line", "file.changed"):
        before, after = ([f for f in many if f.code == code] for many in (findings, folded))
        assert len(after) == min(len(before), MOST_OF_A_CODE)
        assert sum(f.count for f in after) == sum(f.count for f in before)
        assert all(f.count == 1 for f in after[:-1])
    assert fold(folded) == folded


def test_an_error_after_many_warnings_of_its_code_stays_an_error() -> None:
    doubts = [finding("file.changed", "…", level=Level.WARN, effect=Effect.NONE) for _ in range(MOST_OF_A_CODE + 5)]
    folded = fold([*doubts, finding("file.changed", "…")])
    assert [f.level for f in folded].count(Level.ERROR) == 1
    assert verdict(*folded) is Verdict.CORRUPT


def test_a_size_that_is_larger_after_many_that_are_smaller_is_still_corrupt() -> None:
    smaller = [finding("manifest.size-mismatch", "…") for _ in range(MOST_OF_A_CODE + 5)]
    folded = fold([*smaller, finding("manifest.size-mismatch", "…", effect=Effect.CORRUPT)])
    assert verdict(*folded) is Verdict.CORRUPT
