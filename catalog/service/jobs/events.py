"""Changes of jobs as server-sent events, for whoever listens; changes none."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass

from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event

from catalog.answers import Document
from catalog.service.jobs.runner import Jobs
from catalog.service.jobs.values import Job, job_document
from catalog.service.responses.problems import Problem

MOST_LISTENERS = 100
_LOOK_SECONDS = 0.25
_KEEPALIVE_SECONDS = 15.0
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(slots=True)
class Seats:
    """How many listen now; a stream holds its connection for as long as a job takes."""

    taken: int = 0


_SEATS = Seats()


def job_events(jobs: Jobs, job_id: str, last_id: str | None) -> EventSourceResponse:
    """Return the stream of one job: `state` with its document, `progress` in between; it ends with the job.

    Every event tells all there is to tell, so that one who was away misses nothing: `last_id` is what they had.
    """
    jobs.get(job_id)

    def events(since: int, told: Job | None) -> tuple[int, Job | None, list[bytes], bool]:
        job = jobs.get(job_id)
        if job.version == since and not (told is None and job.state.is_over):
            return since, told, [], False
        is_same = told is not None and (told.state, told.is_being_ended) == (job.state, job.is_being_ended)
        name = "progress" if is_same else "state"
        data = job.progress.object() if is_same else job_document(job, jobs.waits_for(job))
        return job.version, job, [event(name, data, job.version)], job.state.is_over

    return _stream(_followed(events, _number(last_id)))


def fragments(
    version: Callable[[], int], render: Callable[[], str], turn: Callable[[], object], is_over: Callable[[], bool]
) -> EventSourceResponse:
    """Return the stream of a piece of a page: `piece` whenever it is another, `turned` whenever `turn` gives another.

    Ends with `over`, where nothing more will become of it.
    """
    sent, turned = "", turn()

    def events(since: int, told: Job | None) -> tuple[int, Job | None, list[bytes], bool]:
        nonlocal sent, turned
        now, over = version(), is_over()
        if now == since and not over:
            return now, told, [], False
        fresh, text, then = [], render(), turn()
        if text != sent:
            fresh.append(format_sse_event(event="piece", data_str=text, id=str(now)))
        if then != turned:
            fresh.append(format_sse_event(event="turned", data_str="turned"))
        if over:
            fresh.append(format_sse_event(event="over", data_str="over"))
        sent, turned = text, then
        return now, told, fresh, over

    return _stream(_followed(events, -1))


def event(name: str, data: Document, number: int) -> bytes:
    """Return one event with a document."""
    return format_sse_event(event=name, data_str=json.dumps(data, ensure_ascii=False), id=str(number))


_Events = Callable[[int, "Job | None"], "tuple[int, Job | None, list[bytes], bool]"]


async def _followed(events: _Events, since: int) -> AsyncIterator[Iterable[bytes]]:
    told: Job | None = None
    spoke_at = time.monotonic()
    over = False
    while not over:
        since, told, fresh, over = events(since, told)
        if not fresh and time.monotonic() - spoke_at >= _KEEPALIVE_SECONDS:
            fresh = [KEEPALIVE_COMMENT]
        if fresh:
            spoke_at = time.monotonic()
            yield fresh
        if not over:
            await asyncio.sleep(_LOOK_SECONDS)


def _stream(followed: AsyncIterator[Iterable[bytes]]) -> EventSourceResponse:
    """Answer with a stream. Raises `Problem` where too many listen already."""
    if _SEATS.taken >= MOST_LISTENERS:
        hint = "ask for the job itself now and then"
        raise Problem(503, f"{MOST_LISTENERS} listen already", hint, headers={"Retry-After": "15"})

    async def seated() -> AsyncIterator[bytes]:
        _SEATS.taken += 1
        try:
            yield b"retry: 3000\n\n"
            async for some in followed:
                for one in some:
                    yield one
        finally:
            _SEATS.taken -= 1

    return EventSourceResponse(seated(), headers=_HEADERS)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else -1
