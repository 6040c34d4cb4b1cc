"""--as-known-at: whatever is asked is answered as it would have been answered then, whatever was learned since."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.landproof import landproof
from support.lived import CODES, DAMAGED, DAY, FIRST, STEPS, Lived, digest, live, now, written
from support.zones import ALPHA, BETA

from catalog import answers
from catalog.judging.values import Period
from catalog.questions.answers import diff_document, find_document
from catalog.questions.difference import difference
from catalog.restores.answers import restore_plan_document
from catalog.restores.plan import Wish, plan_restore
from catalog.rpo import RpoWish, measure
from catalog.rpo_answers import rpo_document
from catalog.settings.loading import Settings, load_settings
from catalog.store.contents import get_contents
from catalog.store.copies import copies_of
from catalog.store.database import Catalog
from catalog.store.history import path_history, snapshot_history
from catalog.store.past import TIMELESS
from catalog.store.queries import SnapshotFilter, get_snapshot, list_datasets, list_files, list_snapshots
from catalog.store.search import Search, find_all
from catalog.workflow import Question, check
from verifier.model import SnapshotId, Verdict

ONE = SnapshotId(*DAMAGED.split("/"))
NEWEST = replace(ONE, export_time=f"{FIRST + DAY:%Y%m%d%H%M}")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return live(tmp_path_factory.mktemp("lived"))


def snapshots(catalog: Catalog) -> Any:
    filters = ({}, {"latest": True}, {"latest_good": True, "limit": 1}, {"verdict": Verdict.CORRUPT})
    return [answers.snapshots_document(list_snapshots(catalog, SnapshotFilter(**wanted))) for wanted in filters]


def show(catalog: Catalog) -> Any:
    found, files = get_snapshot(catalog, ONE), list_files(catalog, ONE)
    return found and answers.show_document(found, files, copies_of(catalog, ONE))


def history(catalog: Catalog) -> Any:
    paths = [file.known.report.file.path for file in list_files(catalog, ONE)[:1]]
    return [
        answers.history_document(DAMAGED, snapshot_history(catalog, ONE)),
        *(answers.history_document(path, path_history(catalog, path)) for path in paths),
    ]


def diff(catalog: Catalog) -> Any:
    before, after = get_contents(catalog, ONE, NEWEST)
    return before and after and diff_document(difference(before, after))


def find(catalog: Catalog) -> Any:
    texts = (ALPHA, "part-00000")
    return [find_document(text, find_all(catalog, Search(text=text), [("zone", ALPHA)]), {}) for text in texts]


def tables(catalog: Catalog) -> Any:
    """Every row of every table and view."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT table_name FROM duckdb_tables() WHERE NOT internal UNION
               SELECT view_name FROM duckdb_views() WHERE NOT internal"""
        ).fetchall()
        names = sorted({name for (name,) in rows} - TIMELESS)
        return {name: repr(connection.execute(f"FROM {name} ORDER BY ALL").fetchall()) for name in names}


def judged(configured: Settings, catalog: Catalog, at: datetime) -> Any:
    return answers.check_document(check(configured, catalog, Question(Period(at - 35 * DAY, at))))


def planned(configured: Settings, catalog: Catalog, at: datetime) -> Any:
    return restore_plan_document(plan_restore(configured, catalog, Wish(zone="zone", dataset_id=ALPHA, as_of=at), at))


def measured(configured: Settings, catalog: Catalog, at: datetime) -> Any:
    wish = RpoWish(zone="zone", dataset_id=ALPHA, since=at - 3 * DAY, until=at, objective=DAY * 1.25)
    return rpo_document(measure(configured, catalog, wish, at), at)


LOOK_UPS: Mapping[str, Callable[[Settings, Catalog, datetime], Any]] = {
    "datasets": lambda _, catalog, __: answers.datasets_document(list_datasets(catalog), {}),
    "snapshots": lambda _, catalog, __: snapshots(catalog),
    "show": lambda _, catalog, __: show(catalog),
    "history": lambda _, catalog, __: history(catalog),
    "diff": lambda _, catalog, __: diff(catalog),
    "find": lambda _, catalog, __: find(catalog),
    "tables": lambda _, catalog, __: tables(catalog),
    "check": judged,
    "restore plan": planned,
    "rpo": measured,
}


@pytest.mark.parametrize("look_up", list(LOOK_UPS))
@given(data=st.data())
@settings(max_examples=3)
def test_a_look_up_answers_as_with_a_copy_of_the_catalog_made_then(
    lived: Lived, look_up: str, data: st.DataObject
) -> None:
    copied = lived.copies[data.draw(st.sampled_from(range(len(STEPS))), "step")]
    then = copied.after + (copied.before - copied.after) * data.draw(st.floats(0, 1), "share")
    configured = load_settings(lived.zone.config, {})
    answered, expected = (
        json.dumps(LOOK_UPS[look_up](configured, catalog, then))
        for catalog in (lived.catalog.as_known_at(then), copied.catalog)
    )
    assert answered == expected


COMMANDS = (
    ["datasets"],
    ["snapshots", "--latest"],
    ["show", f"zone/{ALPHA}/latest"],
    ["history", f"zone/{ALPHA}/latest"],
    ["diff", f"zone/{ALPHA}/latest", f"zone/{BETA}/latest"],
    ["find", ALPHA],
    ["sql", "SELECT id, verdict FROM snapshots ORDER BY ALL"],
)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_command_gives_the_document_that_it_gave_then(lived: Lived, words: list[str]) -> None:
    copied = lived.after("damage")
    before = landproof(*words, "--config", lived.zone.config, "--catalog", copied.catalog.path, "--json")
    known_now, again = lived.zone.run(*words), lived.zone.run(*words, "--as-known-at", copied.after)
    assert before.document["as_known_at"] is None
    assert again.document == before.document | {"as_known_at": written(copied.after)} != known_now.document
    assert again.status == before.status


@pytest.mark.parametrize("words", [["check"], ["restore", "plan", f"zone/{ALPHA}"], ["rpo", f"zone/{ALPHA}"]])
def test_what_is_judged_as_of_now_is_judged_as_of_then(lived: Lived, words: list[str]) -> None:
    then = lived.after("export").after
    of_moment = {"check": ["--at", then], "restore": ["--as-of", then], "rpo": ["--to", then]}[words[0]]
    known_then = lived.zone.run(*words, "--as-known-at", then).document
    assert known_then["as_known_at"] == written(then)
    assert known_then == lived.zone.run(*words, *of_moment, "--as-known-at", then).document
    assert known_then != lived.zone.run(*words, *of_moment).document | {"as_known_at": written(then)}


def test_check_as_of_one_moment_with_what_was_known_at_another(lived: Lived) -> None:
    verdicts = []
    for words in (["--as-known-at", lived.after("check").after], ["--as-known-at", lived.after("damage").after]):
        asked = lived.zone.run("check", "--at", now(), "--from", FIRST, *words)
        verdicts.append([d["slots"][0]["verdict"] for d in asked.document["datasets"]])
    assert verdicts == [["good", "good"], ["corrupt", "good"]]


def test_check_with_what_was_known_then_records_nothing(lived: Lived, tmp_path: Path) -> None:
    catalog = shutil.copy(lived.after("export").catalog.path, tmp_path / "landproof.duckdb")
    words, before = ("check", "--config", lived.zone.config, "--catalog", catalog), digest(catalog)
    assert landproof(*words, "--as-known-at", lived.after("check").after).status == 2
    assert digest(catalog) == before
    assert landproof(*words).status == 2
    assert digest(catalog) != before


class TestBeforeTheFirstScan:
    def test_there_are_no_snapshots_and_nothing_is_wrong(self, lived: Lived) -> None:
        answer = lived.zone.run("snapshots", "--as-known-at", FIRST)
        assert (answer.status, answer.document["snapshots"]) == (0, [])

    def test_nobody_had_looked(self, lived: Lived) -> None:
        answer = lived.zone.run("check", "--as-known-at", FIRST + 2.5 * DAY)
        assert {status: n for status, n in answer.document["counts"].items() if n} == {"unknown": 6, "not_due": 2}

    def test_a_snapshot_was_not_known_then(self, lived: Lived) -> None:
        answer = lived.zone.run("show", DAMAGED, "--as-known-at", FIRST)
        assert answer.status == 64
        assert answer.error["message"].endswith(f"landproof.duckdb as known at {written(FIRST)}")


def test_what_is_accepted_until_a_moment_is_accepted_up_to_it(lived: Lived, tmp_path: Path) -> None:
    catalog = Catalog(shutil.copy(lived.after("damage").catalog.path, tmp_path / "landproof.duckdb"))
    end, one = now() + DAY, SnapshotId(*DAMAGED.split("/"))
    words = (*CODES, "--reason", "known", "--until", end)
    assert landproof("accept", DAMAGED, *words, "--config", lived.zone.config, "--catalog", catalog.path).status == 0
    verdicts = []
    for moment in (end - timedelta(microseconds=1), end):
        recorded = get_snapshot(catalog.as_known_at(moment), one)
        good = list_snapshots(catalog.as_known_at(moment), SnapshotFilter(latest_good=True, dataset_ids=(ALPHA,)))
        verdicts.append((recorded and recorded.report.verdict.value, len(good)))
    assert verdicts == [("good", 1), ("corrupt", 0)]


@pytest.mark.parametrize("words", [["snapshots"], ["check"], ["restore", "plan", f"zone/{ALPHA}"], ["sql", "SELECT 1"]])
def test_text_says_in_its_first_line_as_known_when(lived: Lived, words: list[str]) -> None:
    then = lived.after("damage").after
    lines = landproof(*words, "--config", lived.zone.config, "--as-known-at", then).out.splitlines()
    assert lines[:2] == [f"as known at {written(then)}", ""]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["snapshots", "--as-known-at", "2100-01-01"], "in the future"),
        (["snapshots", "--as-known-at", "yesterday"], "--as-known-at: expected a time"),
        (["restore", "plan", ALPHA, "--accept-gaps", "--as-known-at", "2026-01-01"], "recorded"),
        (["sql", "FROM main.snapshot", "--as-known-at", "2026-01-01"], "without a schema"),
    ],
    ids=["a moment to come", "no moment", "what would be recorded", "tables by their schema"],
)
def test_what_cannot_be_answered_is_refused(lived: Lived, words: list[str], reason: str) -> None:
    answer = lived.zone.run(*words)
    assert (answer.status, reason in answer.error["message"]) == (64, True), answer.error


def test_pieces_of_files_as_they_were_are_not_there_to_be_shown(lived: Lived) -> None:
    answer = landproof("show", DAMAGED, "--excerpt", "--as-known-at", now(), "--config", lived.zone.config)
    assert (answer.status, "now" in answer.err) == (64, True)
