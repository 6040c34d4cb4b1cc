"""Changes of jobs as server-sent events, for whoever listens; changes none."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable

from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event

from catalog.answers import Document
from catalog.service.jobs.runner import Jobs
from catalog.service.jobs.values import Job, job_document
from catalog.service.responses.problems import Problem

MOST_LISTENERS, MOST_OF_ONE = 100, 40
"""How many may listen at a time, and of one name: a stream holds its connection for as long as a job takes."""
_LOOK_SECONDS = 0.25
_KEEPALIVE_SECONDS = 15.0
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


_listening: Counter[str] = Counter()


def job_events(jobs: Jobs, job_id: str, last_id: str | None, name: str) -> EventSourceResponse:
    """Return the stream of one job, for who has that name: `state` with its document, `progress` in between.

    It ends with the job. Every event tells all there is to tell, so that one who was away misses nothing:
    `last_id` is what they had.
    """
    jobs.get(job_id)

    def events(since: int, told: Job | None) -> tuple[int, Job | None, list[bytes], bool]:
        job = jobs.get(job_id)
        if job.version == since and not (told is None and job.state.is_over):
            return since, told, [], False
        is_same = told is not None and (told.state, told.is_being_ended) == (job.state, job.is_being_ended)
        kind = "progress" if is_same else "state"
        data = job.progress.object() if is_same else job_document(job, jobs.waits_for(job))
        return job.version, job, [event(kind, data, job.version)], job.state.is_over

    return _stream(_followed(events, _number(last_id)), name)


def fragments(
    name: str,
    version: Callable[[], int],
    render: Callable[[], str],
    turn: Callable[[], object],
    is_over: Callable[[], bool],
) -> EventSourceResponse:
    """Return the stream of a piece of a page, for who has that name.

    It tells `piece` whenever the piece is another, `turned` whenever `turn` gives another, and ends with `over` where
    nothing more will become of it.
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

    return _stream(_followed(events, -1), name)


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


def _stream(followed: AsyncIterator[Iterable[bytes]], name: str) -> EventSourceResponse:
    """Answer with a stream. Raises `Problem` where too many listen already, 429 where they are one's own."""
    if _listening[name] >= MOST_OF_ONE:
        raise _refusal(429, f"{MOST_OF_ONE} listen already as {name}")
    if _listening.total() >= MOST_LISTENERS:
        raise _refusal(503, f"{MOST_LISTENERS} listen already")

    async def seated() -> AsyncIterator[bytes]:
        _listening[name] += 1
        try:
            yield b"retry: 3000\n\n"
            async for some in followed:
                for one in some:
                    yield one
        finally:
            _listening[name] -= 1
            if not _listening[name]:
                del _listening[name]

    return EventSourceResponse(seated(), headers=_HEADERS)


def _refusal(status: int, detail: str) -> Problem:
    return Problem(status, detail, "ask for the job itself now and then", headers={"Retry-After": "15"})


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else -1
