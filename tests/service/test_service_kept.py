"""Answers are made once and given to many: only to those they were made for, only while they are true enough."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from support.doors import PAGE, Doors

from catalog.service.access.callers import Auditor, Viewer
from catalog.service.middleware import kept as kept_module
from catalog.service.middleware.counted import install_counts
from catalog.service.middleware.headers import install_headers
from catalog.service.middleware.kept import Answer, Kept, Shelf, install_kept
from catalog.service.pages import login
from catalog.service.responses import problems
from catalog.service.responses.answering import answer as answered


@dataclass
class Versions:
    """What answers are made of now, as the copy tells it."""

    version: Hashable = 1
    recorded_at: float = 0.0
    renewals: list[float] = field(default_factory=list)

    def renewed_after(self, moment: float) -> float | None:
        return next((at for at in self.renewals if at > moment), None)

    def renew(self) -> None:
        self.version = object()
        self.renewals.append(time.monotonic())


class Maker:
    """Makes answers that are numbered; waits until it may."""

    def __init__(self, versions: Versions, status: int = 200) -> None:
        self.versions, self.status, self.made = versions, status, 0
        self.may = asyncio.Event()
        self.may.set()

    async def __call__(self) -> Answer:
        version, began = self.versions.version, time.monotonic()
        self.made += 1
        body = str(self.made).encode()
        await self.may.wait()
        return Answer(self.status, (), body, version, began)


def running(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(asyncio.wait_for(_awaited(test), 20))

    run.__name__ = run.__qualname__ = test.__name__
    return run


async def _awaited(test: Callable[[], Awaitable[None]]) -> None:
    await test()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@running
async def test_two_hundred_who_ask_at_once_have_one_answer_made_for_all() -> None:
    versions, kept = Versions(), Kept()
    make = Maker(versions)
    make.may.clear()
    asking = [asyncio.create_task(kept.answer("a", versions, make)) for _ in range(200)]
    await settled()
    asking[0].cancel()  # who goes away does not end it for the others
    make.may.set()
    answers = await asyncio.gather(*asking[1:])
    assert {one.body for one in answers} == {b"1"}
    assert make.made == 1
    assert (await kept.answer("a", versions, make)).body == b"1"
    assert kept.counts == {"kept": 1, "behind": 0, "shared": 199, "made": 1}


@running
async def test_after_a_renewal_the_answer_before_is_given_while_it_is_made_again() -> None:
    versions, kept = Versions(), Kept()
    make = Maker(versions)
    await kept.answer("a", versions, make)
    versions.renew()
    make.may.clear()
    assert [(await kept.answer("a", versions, make)).body for _ in range(5)] == [b"1"] * 5
    make.may.set()
    await settled()
    assert make.made == 2
    assert (await kept.answer("a", versions, make)).body == b"2"


@running
async def test_an_answer_from_too_long_before_is_given_to_nobody() -> None:
    versions, kept = Versions(), Kept()
    make = Maker(versions)
    first = await kept.answer("a", versions, make)
    versions.renew()
    ago = kept_module._BEHIND_SECONDS + 1
    versions.renewals = [versions.renewals[0] - ago]
    kept.shelf.put("a", replace(first, began=first.began - ago - 1))
    assert (await kept.answer("a", versions, make)).body == b"2"
    old = replace(first, version=versions.version, began=time.monotonic() - kept_module._FRESH_SECONDS - ago)
    kept.shelf.put("a", old)
    assert (await kept.answer("a", versions, make)).body == b"3", "of this version, and of too long ago"


@running
async def test_what_was_begun_before_this_service_recorded_something_is_given_to_nobody_who_asks_after() -> None:
    versions, kept = Versions(), Kept()
    make = Maker(versions)
    await kept.answer("a", versions, make)
    make.may.clear()
    before = asyncio.create_task(kept.answer("b", versions, make))
    await settled()
    versions.renew()
    versions.recorded_at = time.monotonic()
    after = asyncio.create_task(kept.answer("b", versions, make))
    await settled()
    make.may.set()
    assert ((await before).body, (await after).body) == (b"2", b"3")
    assert (await kept.answer("a", versions, make)).body == b"4"


@running
async def test_answers_wait_their_turn_so_that_few_are_made_at_once() -> None:
    versions, kept = Versions(), Kept()
    now, most = 0, 0

    async def make() -> Answer:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now -= 1
        return Answer(200, (), b"x", versions.version, time.monotonic())

    await asyncio.gather(*(kept.answer(number, versions, make) for number in range(100)))
    assert most == kept_module._AT_ONCE
    versions.renew()
    await asyncio.gather(*(kept.answer(number, versions, make) for number in range(100)))
    assert kept.counts["behind"] == 100


@running
async def test_errors_are_told_to_all_who_wait_and_kept_for_nobody() -> None:
    versions, kept = Versions(), Kept()

    async def fail() -> Answer:
        await asyncio.sleep(0.01)
        raise ZeroDivisionError

    told = await asyncio.gather(*(kept.answer("a", versions, fail) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in told] == [ZeroDivisionError] * 5
    make = Maker(versions, status=404)
    assert [(await kept.answer("a", versions, make)).body for _ in range(2)] == [b"1", b"2"]
    good = Maker(versions)
    await kept.answer("a", versions, good)
    versions.renew()
    await kept.answer("a", versions, fail)
    await asyncio.sleep(0.05)
    versions.recorded_at = time.monotonic()
    assert (await kept.answer("a", versions, good)).body == b"2"


def test_the_shelf_holds_so_many_bytes_and_lets_go_of_what_nobody_asks_for() -> None:
    shelf = Shelf(most_bytes=50_000)
    for number in range(20):
        shelf.put(number, Answer(200, (), bytes(4000), 1, 0.0))
        assert shelf.get(0), "asked for all the time"
        assert shelf.bytes <= 50_000
    assert shelf.get(1) is None
    shelf.put(0, Answer(200, (), b"", 1, 0.0))
    shelf.put("large", Answer(200, (), bytes(60_000), 1, 0.0))
    assert (shelf.get("large"), shelf.bytes) == (None, 0)


class Place:
    """An app with access control whose answers are counted; it tells its version as the copy does."""

    def __init__(self, folder: Path) -> None:
        self.doors, self.versions, self.made = Doors(folder), Versions(), 0
        self.app = FastAPI(openapi_url=None)
        self.app.state.service = SimpleNamespace(access=self.doors.access, current=self.versions)
        self.app.include_router(login.router)
        self.app.include_router(self._router())
        problems.install(self.app)
        install_kept(self.app)
        install_headers(self.app)
        install_counts(self.app)
        self.doors.app = self.app

    def _router(self) -> APIRouter:
        router = APIRouter()

        @router.get("/api/v1/show")
        def show(request: Request, caller: Viewer, text: str = "") -> Response:
            return answered(request, {"schema": "x", "made": self._next(), "text": text})

        @router.get("/search")
        def search(request: Request, caller: Viewer) -> Response:
            return Response(f"{self._next()} for {caller.name} {caller.csrf}")

        @router.get("/findings")
        def findings(request: Request, caller: Auditor) -> Response:
            return Response(str(self._next()))

        @router.get("/api/v1/jobs")
        def jobs(request: Request, caller: Viewer) -> Response:
            return Response(str(self._next()))

        @router.get("/restore")
        def restore(request: Request, caller: Viewer) -> Response:
            raise ZeroDivisionError(self._next())

        return router

    def _next(self) -> int:
        self.made += 1
        return self.made

    def counted(self, **labels: str) -> float | None:
        return self.app.state.counts.registry.get_sample_value("landproof_http_requests_total", labels)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_document_is_made_once_for_all_of_a_role(place: Place) -> None:
    one, other, above = (place.doors.client(place.doors.token(role, name)) for role, name in (
        ("viewer", "one"), ("viewer", "other"), ("auditor", "above"),
    ))  # fmt: skip
    first = one.get("/api/v1/show?text=a&limit=1")
    again = other.get("/api/v1/show?limit=1&text=a")
    assert first.json() == again.json() == {"schema": "x", "made": 1, "text": "a"}
    assert first.headers["etag"] == again.headers["etag"]
    assert again.headers["content-security-policy"]
    assert above.get("/api/v1/show?text=a&limit=1").json()["made"] == 2
    assert one.get("/api/v1/show?text=b").json()["made"] == 3
    assert one.get("/api/v1/show?text=a&text=b").json() != one.get("/api/v1/show?text=b&text=a").json()
    place.versions.recorded_at = time.monotonic()
    place.versions.renew()
    assert one.get("/api/v1/show?text=b").json()["made"] == place.made == 6


def test_a_page_that_has_a_secret_is_for_one_session_alone(place: Place) -> None:
    first, second = (place.doors.browser(place.doors.token("viewer", name)) for name in ("one", "two"))
    one, two = first.get("/search", headers=PAGE), second.get("/search", headers=PAGE)
    assert one.text.startswith("1 for one ")
    assert two.text.startswith("2 for two ")
    assert first.get("/search", headers=PAGE).text == one.text
    again = place.doors.browser(place.doors.token("viewer", "three"))
    assert again.get("/search", headers=PAGE | {"HX-Request": "true"}).text.startswith("3 for three")
    assert again.get("/search", headers=PAGE).text.startswith("4 for three")


def test_nobody_is_given_what_they_may_not_see_however_often_it_was_given(place: Place) -> None:
    auditor = place.doors.client(place.doors.token("auditor"))
    viewer = place.doors.client(place.doors.token("viewer"))
    assert auditor.get("/findings").status_code == 200
    assert viewer.get("/findings").status_code == 403
    assert place.doors.client().get("/findings").status_code == 401
    assert place.doors.client("lp_wrong_wrong").get("/findings").status_code == 401
    place.doors.revoke("auditor")
    assert auditor.get("/findings").status_code == 401
    assert place.made == 1


def test_who_has_an_answer_is_told_that_it_is_the_same(place: Place) -> None:
    client = place.doors.client(place.doors.token())
    first = client.get("/api/v1/show")
    same = client.get("/api/v1/show", headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    assert "content-length" not in same.headers
    other = client.get("/api/v1/show", headers={"If-None-Match": '"something else"'})
    assert (other.status_code, other.json()) == (200, first.json())
    assert place.made == 1


def test_what_changes_without_the_copy_and_what_fails_is_never_kept(place: Place) -> None:
    client = place.doors.client(place.doors.token())
    assert [client.get("/api/v1/jobs").text for _ in range(2)] == ["1", "2"]
    assert [client.get("/restore").status_code for _ in range(2)] == [500, 500]
    assert place.made == 4
    assert client.head("/api/v1/show").status_code == 405


def test_requests_are_counted_by_route_and_status_whoever_answered_them(place: Place) -> None:
    client = place.doors.client(place.doors.token())
    for _ in range(3):
        client.get("/api/v1/show?text=x")
    client.get("/restore")
    client.get("/nowhere")
    place.doors.client().get("/api/v1/show")
    assert place.counted(route="/api/v1/show", method="GET", status="200") == 3
    assert place.counted(route="/restore", method="GET", status="500") == 1
    assert place.counted(route="other", method="GET", status="404") == 1
    assert place.counted(route="other", method="GET", status="401") == 1
