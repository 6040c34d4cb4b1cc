"""Jobs where the disk takes no more, where records are damaged, and how much of the past is kept."""

from __future__ import annotations

import json
import resource
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.processes import until
from support.zones import Zone, daily

from catalog.questions.inquiry import Inquiry
from catalog.service.current.copy import Current
from catalog.service.jobs.asked import LedgerAsked
from catalog.service.jobs.files import JobFiles
from catalog.service.jobs.kinds import order_of
from catalog.service.jobs.runner import Jobs
from catalog.service.jobs.values import Job, JobState, Order, Progress
from catalog.service.responses.problems import Problem
from catalog.service.values import Caller, Role, Way
from catalog.settings.loading import load_settings
from catalog.store.database import Catalog
from catalog.workflow import utc_now
from verifier.errors import CatalogError

ANNA = Caller("anna", Role.AUDITOR, Way.TOKEN)
NOW = datetime(2026, 9, 20, 12, tzinfo=UTC)


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let this process and what it starts write no file further than this, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[tuple[Jobs, Inquiry]]:
    """The jobs of a service over a zone that was scanned."""
    zone = Zone(tmp_path)
    zone.exports(3)
    settings = load_settings(zone.settings(daily()), {})
    zone.scan()
    catalog = Catalog(settings.catalog_path)
    current = Current(settings, catalog, utc_now)
    made = Jobs(settings, zone.config, catalog, current)
    made.start()
    yield made, Inquiry(settings, catalog)
    made.stop()
    current.stop()


def over(jobs: Jobs, job: Job) -> Job:
    assert until(lambda: jobs.get(job.id).state.is_over, 60)
    return jobs.get(job.id)


def test_a_job_that_cannot_be_put_on_record_is_not_taken(jobs: tuple[Jobs, Inquiry]) -> None:
    service, inquiry = jobs
    order = order_of(inquiry, LedgerAsked(command="ledger verify"))
    with files_no_larger_than(10), pytest.raises(Problem) as refused:
        service.add(order, ANNA)
    assert refused.value.status == 503
    assert refused.value.detail.startswith("a job cannot be put on record: ")
    assert service.all() == []
    assert over(service, service.add(order, ANNA)).state is JobState.SUCCEEDED


def test_a_document_for_which_there_is_no_room_fails_the_job_and_says_why(jobs: tuple[Jobs, Inquiry]) -> None:
    service, inquiry = jobs
    order = order_of(inquiry, LedgerAsked(command="ledger verify"))
    job = service.add(order, ANNA)
    assert until(lambda: service.get(job.id).process)
    process = service.get(job.id).process
    assert process is not None
    resource.prlimit(process[0], resource.RLIMIT_FSIZE, (100, 100))
    job = over(service, job)
    assert job.state is JobState.FAILED
    assert job.message is not None
    assert "cannot be written" in job.message
    assert "not on record" not in job.message


def test_an_end_that_cannot_be_put_on_record_is_told_all_the_same(jobs: tuple[Jobs, Inquiry]) -> None:
    service, inquiry = jobs
    order = order_of(inquiry, LedgerAsked(command="ledger verify"))
    job = service.add(order, ANNA)
    with files_no_larger_than(100):
        ended = over(service, job)
    assert ended.message is not None
    assert "it is not on record" in ended.message


def a_job(number: int, asked_at: datetime = NOW, size: int = 0) -> Job:
    order = Order(command="scan", options={"zone": "zone"}, arguments=("scan",), records=True, locks=frozenset({"z"}))
    return Job(
        id=f"{number:024x}",
        order=order,
        asked_by="anna",
        way="token",
        role="operator",
        asked_at=asked_at,
        started_at=asked_at,
        finished_at=asked_at,
        state=JobState.SUCCEEDED,
        notes=("one",),
        progress=Progress(zone="zone", read_files=3),
        document_bytes=size,
    )


@pytest.fixture
def files(tmp_path: Path) -> Iterator[JobFiles]:
    found = JobFiles(tmp_path / secrets.token_hex(4) / "jobs")
    found.take()
    yield found
    found.give_back()


def test_a_record_comes_back_as_it_was(files: JobFiles) -> None:
    job = a_job(1)
    files.save(job)
    assert files.load() == [job]
    record = files.folder / f"{job.id}.job.json"
    assert (record.stat().st_mode & 0o777, files.folder.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"{}", b'{"order": 1}', b"\xff\xfe", b'{"id": "../../x", "order": {}}']
)
def test_a_damaged_record_is_none_and_keeps_no_other_from_being_read(files: JobFiles, damage: bytes) -> None:
    files.save(a_job(1))
    (files.folder / f"{2:024x}.job.json").write_bytes(damage)
    assert [job.id for job in files.load()] == [a_job(1).id]


def test_a_record_under_another_name_than_its_own_is_none(files: JobFiles) -> None:
    files.save(a_job(1))
    record = files.folder / f"{1:024x}.job.json"
    told = json.loads(record.read_text())
    (files.folder / f"{2:024x}.job.json").write_text(json.dumps(told | {"id": "../../../etc/passwd"}))
    record.rename(files.folder / f"{3:024x}.job.json")
    assert files.load() == []


def test_what_was_left_without_a_record_goes_and_nothing_else(files: JobFiles) -> None:
    files.save(a_job(1))
    (files.folder / f"{2:024x}.job.json").write_bytes(b"no record that can be read")
    left = [place(f"{n:024x}") for n in (1, 2, 3) for place in (files.document_of, files.file_of)]
    foreign = files.folder / "notes.document.json"
    for path in (*left, foreign):
        path.write_text("{}")
    files.sweep()
    assert [path.exists() for path in left] == [True] * 4 + [False] * 2
    assert foreign.exists()


def test_what_is_old_or_too_much_goes_and_what_runs_stays(files: JobFiles) -> None:
    old = a_job(1, NOW - timedelta(days=31))
    running = replace(a_job(2, NOW - timedelta(days=31)), state=JobState.RUNNING)
    many = [a_job(10 + n) for n in range(205)]
    for job in (old, running, *many):
        files.save(job)
        files.document_of(job.id).write_text("{}")
    gone, emptied = files.prune([old, running, *many], NOW)
    assert gone == {old.id, *(job.id for job in many[:5])}
    assert emptied == set()
    assert len(files.load()) == 201
    assert not files.document_of(old.id).exists()


def test_the_oldest_documents_go_when_all_are_too_large_together(files: JobFiles) -> None:
    large = [a_job(n, size=1 << 30) for n in range(4)]
    for job in large:
        files.save(job)
        files.document_of(job.id).write_text("{}")
    gone, emptied = files.prune(large, NOW)
    assert (gone, emptied) == (set(), {large[0].id, large[1].id})
    assert [files.document_of(job.id).exists() for job in large] == [False, False, True, True]


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CatalogError, match="jobs cannot be kept in"):
        JobFiles(tmp_path / "file" / "jobs").take()
