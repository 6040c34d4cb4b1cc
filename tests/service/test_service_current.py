"""The copy that is served is the catalog of moments ago; where it cannot be, that is told and the last stays."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.landproof import landproof
from support.processes import until
from support.settings_files import load

from catalog.answers import check_document
from catalog.judging.values import Period
from catalog.metrics.facts import gather_facts
from catalog.questions import judgements
from catalog.questions.inquiry import Inquiry
from catalog.questions.judgements import CheckQuestion
from catalog.questions.lookups import datasets
from catalog.scratch_folder import PREFIX
from catalog.service.current import judging
from catalog.service.current.copy import Current
from catalog.service.current.judging import JUDGED_PERIOD
from catalog.service.current.lasting import Lasting
from catalog.settings.loading import Settings
from catalog.store import lock
from catalog.store.database import Catalog
from catalog.store.lock import Patience
from catalog.workflow import Question, check
from verifier.errors import CatalogError, UsageError

NOW = datetime(2026, 11, 20, 6, 0, 30, tzinfo=UTC)
DATASET = "64e0c0ffee0123456789abcd"
SETTINGS = """
[zones.z]
url = "zone"
[[datasets]]
zone = "z"
id = "64e0c0ffee0123456789abcd"
name = "Web events"
every = "24h"
starts_at = 2026-11-01T01:00:00Z
"""


class Clock:
    """Tells the moment it was set to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(tmp_path, SETTINGS)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "landproof.duckdb", wait_seconds=2)


@pytest.fixture
def current(settings: Settings, catalog: Catalog, clock: Clock) -> Iterator[Current]:
    made = Current(settings, catalog, clock)
    yield made
    made.stop()


def land(folder: Path, day: int) -> None:
    name = f"part-00000-tid-{day}-0b8c5520-9999-4cff-bdf5-1f32c8c47cb9-1-1-c000.json"
    file = folder / f"zone/{DATASET}/exportTime=202611{day:02}0100/{name}"
    file.parent.mkdir(parents=True)
    file.write_text('{"_id":"1"}\n')


def scan(folder: Path) -> None:
    answer = landproof(
        "scan", "--workers", "0", "--settle-minutes", "0", "--config", folder / "landproof.toml", "--fail-on", "error"
    )
    assert answer.status == 0, answer.err


def count_of(inquiry: Inquiry) -> int:
    return sum(one["snapshots"] for one in datasets(inquiry)["datasets"])


def test_before_there_is_a_catalog_that_is_said_and_is_no_trouble(current: Current, tmp_path: Path) -> None:
    current.start()
    assert (current.generation, current.trouble, current.copied_at) == (None, None, None)
    with pytest.raises(CatalogError, match="does not exist"):
        current.inquiry()
    with pytest.raises(CatalogError, match="does not exist"):
        current.judged()
    land(tmp_path, 1)
    scan(tmp_path)
    assert until(lambda: current.generation, 60)
    assert count_of(current.inquiry()) == 1


def test_what_another_process_records_is_seen_moments_later_and_a_question_stays_what_it_was(
    current: Current, tmp_path: Path
) -> None:
    land(tmp_path, 1)
    scan(tmp_path)
    current.start()
    before, generation = current.inquiry(), current.generation
    land(tmp_path, 2)
    scan(tmp_path)
    assert until(lambda: current.generation != generation and count_of(current.inquiry()) == 2, 60)
    assert count_of(before) == 1
    assert current.trouble is None


def test_what_this_process_records_is_seen_at_once(current: Current, catalog: Catalog, tmp_path: Path) -> None:
    land(tmp_path, 1)
    scan(tmp_path)
    current.renew_now()
    generation, judged = current.generation, current.judged()
    answer = landproof(
        "waive", DATASET, "--from", "2026-11-02", "--to", "2026-11-03", "--reason", "moved",
        "--config", tmp_path / "landproof.toml",
    )  # fmt: skip
    assert answer.status == 0, answer.err
    before = time.monotonic()
    current.renew_now()
    assert current.generation != generation
    assert current.renewed_after(before) is not None
    assert current.renewed_after(time.monotonic()) is None
    statuses = [slot["status"] for slot in current.judged().document["datasets"][0]["slots"]]
    assert (statuses.count("paused"), judged.document["counts"]["paused"]) == (2, 0)


def test_now_is_the_minute_or_when_the_copy_was_made(current: Current, clock: Clock, tmp_path: Path) -> None:
    land(tmp_path, 1)
    scan(tmp_path)
    current.renew_now()
    assert current.inquiry().now == NOW == current.copied_at
    clock.now = NOW + timedelta(seconds=29)
    assert current.inquiry().now == NOW
    clock.now = NOW + timedelta(seconds=95)
    assert current.inquiry().now == datetime(2026, 11, 20, 6, 2, tzinfo=UTC)
    then = NOW - timedelta(days=300)
    assert current.inquiry(then).now == then
    assert count_of(current.inquiry(then)) == 0


def test_trouble_says_since_when_and_why_and_the_last_copy_goes_on_being_served(
    current: Current, catalog: Catalog, clock: Clock, tmp_path: Path
) -> None:
    land(tmp_path, 1)
    scan(tmp_path)
    current.renew_now()
    generation, whole = current.generation, catalog.path.read_bytes()
    catalog.path.write_bytes(b"something else" * 1000)
    for seconds in (0, 60):
        clock.now = NOW + timedelta(seconds=seconds)
        with pytest.raises(CatalogError, match="is not a DuckDB file"):
            current.renew_now()
        assert current.trouble is not None
        assert current.trouble.since == NOW
        assert "is not a DuckDB file" in current.trouble.message
        assert current.trouble.hint
    assert (count_of(current.inquiry()), current.generation) == (1, generation)
    catalog.path.unlink()
    with pytest.raises(CatalogError, match="does not exist"):
        current.renew_now()
    catalog.path.write_bytes(whole)
    current.renew_now()
    assert current.trouble is None
    assert current.generation != generation


def test_a_catalog_that_never_could_be_read_says_why(current: Current, catalog: Catalog) -> None:
    catalog.path.write_bytes(b"something else" * 1000)
    current.start()
    assert current.generation is None
    assert current.trouble is not None
    with pytest.raises(CatalogError, match="is not a DuckDB file"):
        current.inquiry()


def test_the_watch_goes_on_after_a_catalog_that_was_locked_or_replaced(
    current: Current, catalog: Catalog, tmp_path: Path
) -> None:
    land(tmp_path, 1)
    scan(tmp_path)
    current.start()
    with lock.writing(catalog.file, Patience.of(5)):
        os.utime(catalog.path)
        assert until(lambda: current.trouble, 60)
        assert current.trouble is not None
        assert f"locked by PID {os.getpid()}" in current.trouble.message
        assert count_of(current.inquiry()) == 1
    land(tmp_path, 2)
    scan(tmp_path)
    assert until(lambda: count_of(current.inquiry()) == 2, 60)
    assert current.trouble is None
    answer = landproof("catalog", "rebuild", "--config", tmp_path / "landproof.toml")
    assert answer.status == 0, answer.err
    generation = current.generation
    assert until(lambda: current.generation != generation, 60)
    assert count_of(current.inquiry()) == 2


def test_a_watch_that_ended_by_a_mistake_of_ours_is_told(
    current: Current, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(tmp_path, 1)
    scan(tmp_path)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    current.start()
    assert current.trouble is None
    monkeypatch.setattr(current, "_look", lambda: 1 / 0)
    assert until(lambda: current.trouble, 60)
    assert current.trouble is not None
    assert "is watched no more" in current.trouble.message
    assert count_of(current.inquiry()) == 1


def test_the_copies_are_private_beside_the_catalog_and_gone_in_the_end(current: Current, tmp_path: Path) -> None:
    land(tmp_path, 1)
    scan(tmp_path)
    current.start()
    (folder,) = tmp_path.glob(f"{PREFIX}*")
    assert folder.stat().st_mode & 0o077 == 0
    current.stop()
    assert list(tmp_path.glob(f"{PREFIX}*")) == []
    current.start()  # as often as one likes
    assert current.generation is not None


def test_a_hundred_renewals_under_many_readers_leak_nothing(current: Current, catalog: Catalog, tmp_path: Path) -> None:
    land(tmp_path, 1)
    scan(tmp_path)
    current.renew_now()
    ended = threading.Event()

    def ask() -> int:
        done = 0
        while not ended.is_set():
            inquiry = current.inquiry()
            assert count_of(inquiry) == count_of(inquiry) == 1
            done += 1
        return done

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        for _ in range(100):
            with catalog.write() as connection:
                connection.execute("INSERT INTO event VALUES (now()::TIMESTAMP, 'tested', '{}')")
            current.renew_now()
        ended.set()
        assert all(one.result() for one in asking)
    current.renew_now()
    assert current.copies_held <= 2
    assert current.copies_made == 102
    assert len(list(next(tmp_path.glob(f"{PREFIX}*")).glob("*.duckdb"))) <= 2


@pytest.mark.parametrize("most_here", [1500, 0], ids=["here", "in a process of its own"])
def test_what_is_judged_is_what_the_command_says_wherever_it_is_judged(
    current: Current,
    settings: Settings,
    catalog: Catalog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    most_here: int,
) -> None:
    monkeypatch.setattr(judging, "_MOST_SNAPSHOTS_HERE", most_here)
    land(tmp_path, 1)
    scan(tmp_path)
    current.renew_now()
    judged = current.judged()
    expected = check_document(check(settings, catalog, Question(Period(NOW - JUDGED_PERIOD, NOW))))
    assert judged.document == expected
    assert (judged.at, judged.generation) == (NOW, current.generation)
    assert current.facts() == gather_facts(settings, catalog, NOW)
    for asked in (CheckQuestion(), CheckQuestion(zones=("z",), at="2026-11-05", start="2026-11-01")):
        assert judging.judged(current.inquiry(), "check", asked, 10**6) == judgements.check(current.inquiry(), asked)[1]
    then = current.inquiry(NOW - timedelta(days=3))
    assert judging.judged(then, "check", CheckQuestion(), 10**6) == judgements.check(then, CheckQuestion())[1]
    with pytest.raises(UsageError, match="from is after at"):
        judging.judged(current.inquiry(), "check", CheckQuestion(at="2026-11-05", start="2026-11-06"), 10**6)


def test_a_process_that_cannot_judge_is_told_and_the_judgement_before_stays(
    current: Current, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "_MOST_SNAPSHOTS_HERE", 0)
    land(tmp_path, 1)
    scan(tmp_path)
    current.renew_now()
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(CatalogError, match=r"could not be judged: .* status 1"):
        current.judged()
    monkeypatch.undo()
    assert until(lambda: _judged(current), 60)
    before = current.judged()
    assert current.trouble is None
    monkeypatch.setattr(judging, "_MOST_SNAPSHOTS_HERE", 0)
    monkeypatch.setattr("sys.executable", "/bin/false")
    current.renew_now()
    assert until(lambda: current.judged() == before and current.trouble, 60)
    assert current.trouble is not None
    assert current.trouble.since == before.at


def _judged(current: Current) -> bool:
    try:
        return bool(current.judged())
    except CatalogError:
        return False


def test_what_takes_long_is_served_while_a_newer_one_is_made_by_one_alone() -> None:
    may_end, begun = threading.Event(), []

    def make(of: object) -> str:
        begun.append(of)
        if len(begun) > 1:
            assert may_end.wait(10)
        time.sleep(0.3)
        return f"of {of}"

    lasting = Lasting(make, kept_seconds=60)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lasting.get, ["1"] * 8)) == {"of 1"}
    assert begun == ["1"]
    assert lasting.get("2") == "of 1", "not before four times as long as it took"
    lasting.hurry()
    began = time.monotonic()
    assert {lasting.get("2") for _ in range(5)} == {"of 1"}
    assert time.monotonic() - began < 0.2
    may_end.set()
    assert until(lambda: lasting.get("2") == "of 2", 60)
    assert begun == ["1", "2"]


def test_a_value_that_cannot_be_made_is_told_to_the_first_and_kept_from_those_who_have_one() -> None:
    answers: list[str | CatalogError] = [CatalogError("no"), "one", CatalogError("no more")]

    def make(_: object) -> str:
        answer = answers.pop(0)
        if isinstance(answer, CatalogError):
            raise answer
        return answer

    lasting = Lasting(make, kept_seconds=60)
    with pytest.raises(CatalogError, match="no"):
        lasting.get("1")
    assert lasting.get("1") == "one"
    assert lasting.get("2") == "one"
    assert lasting.error is not None
    assert lasting.value == "one"
