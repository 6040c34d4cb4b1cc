"""A browser for the tests of pages; whatever goes wrong in one of its windows fails the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser
from support.browser import Open, Window, chromium, window
from support.processes import until
from support.service import Served, serving
from support.years import Years
from support.years_shared import copied

_JUDGED_SECONDS = 300


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of this machine; not for the whole session, since its event loop would be in the way of others."""
    with chromium() as running:
        yield running


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """Opens windows at a service, `opened(served, role, **options)`, logged in where a role is given; closes them."""
    with ExitStack() as stack:

        def start(served: Served, role: str | None = None, **options: object) -> Window:
            one = stack.enter_context(window(browser, served.url, **options))
            served.guests.callback(one.close)  # what a page still asks for is not refused by a service that has ended
            if role:
                one.log_in(served.token(role), "/search")  # the quickest page
            return one

        yield start


@pytest.fixture(scope="session")
def served_few(years_small: Years, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service over the small catalog, by token, for what the size of a catalog does not change."""
    own = copied(years_small, tmp_path_factory.mktemp("few") / "years")
    with serving(own.config, roles=("viewer",)) as served:
        _judged(served)
        yield served


@pytest.fixture
def viewer(opened: Open, served_years: Served) -> Window:
    """Somebody who may look, logged in at the service over the large catalog."""
    _judged(served_years)
    return opened(served_years, "viewer")


def _judged(served: Served) -> None:
    """Wait for the first judgement: until then the Overview says no more than that it is under way."""
    assert until(lambda: served.get("/api/v1/overview", "viewer").status_code == 200, _JUDGED_SECONDS)
