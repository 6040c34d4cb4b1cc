"""Chromium on the pages of a service: what goes wrong in it is collected, pictures are kept; clicks are the tests'.

Without a browser on this machine the tests that want one are skipped, and say so.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)
from support.service import Served

PICTURES = Path(os.environ.get("LANDPROOF_SCREENSHOTS", Path(__file__).resolve().parents[2] / "build" / "screenshots"))
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE_MILLISECONDS, _EXPECTED_MILLISECONDS = 90_000, 30_000
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
# What a status of a page means to its reader is a test's to say; the browser only repeats it.
_STATUS = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")


def find_chromium() -> str:
    """Return the browser of this machine; skips the test where there is none."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is installed; in Debian: apt-get install chromium")
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser."""
    path = find_chromium()
    expect.set_options(timeout=_EXPECTED_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass(slots=True)
class Window:
    """One reader's browser at one service; `troubles` is what no page may have."""

    base: str
    context: BrowserContext
    page: Page
    troubles: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    is_closed: bool = False

    def open(self, path: str, status: int = 200) -> Page:
        """Go to an address of the service, whose answer must have this status."""
        self.statuses.add(status)
        answer = self.page.goto(self.base + path)
        assert answer is not None
        assert answer.status == status, f"{path}: got {answer.status}: {self.page.inner_text('main')[:400]}"
        return self.page

    def log_in(self, token: str, path: str = "/search") -> Page:
        """Log in by the form, on the way to an address; that of a page which is there at once, if none is said."""
        self.page.goto(self.base + path)
        self.page.get_by_label("Token", exact=True).fill(token)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(self.base + path)
        return self.page

    def picture(self, name: str) -> None:
        """Keep the whole page as a picture."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.evaluate("scrollTo(0, 0)")  # the head of a page stays where the reader is
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)

    def picture_everywhere(self, name: str) -> None:
        """Keep the page as a phone shows it and as a desk does, there in dark, too."""
        for size, shape, scheme in (
            ("phone", PHONE, "light"),
            ("desktop", DESKTOP, "dark"),
            ("desktop", DESKTOP, "light"),
        ):
            self.page.set_viewport_size(shape)
            self.page.emulate_media(color_scheme=scheme)
            self.picture(f"{name}-{size}-{scheme}")

    def barriers(self) -> list[str]:
        """Return what axe-core says keeps people out of the page, as it is now."""
        found: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {node['target'][0]}: {node['html'][:160]}: {(node.get('failureSummary') or '')[:200]}"
            for one in found
            for node in one["nodes"][:3]
        ]

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the screen."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def close(self) -> None:
        """End it, once; raises where anything went wrong in it."""
        if self.is_closed:
            return
        self.is_closed = True
        self.context.close()
        assert self.troubles == [], self.troubles


class Open(Protocol):
    """Opens a window at a service, logged in where a role is given."""

    def __call__(self, served: Served, role: str | None = None, **options: Any) -> Window:
        """Return the window, which is closed when the test is over."""
        ...


@contextmanager
def window(browser: Browser, base: str, **options: Any) -> Iterator[Window]:
    """Open a browser window of its own, with cookies of its own; nothing in it may go wrong."""
    context = browser.new_context(**({"viewport": DESKTOP, "timezone_id": "Europe/Zurich"} | options))
    context.set_default_timeout(_PATIENCE_MILLISECONDS)
    page = context.new_page()
    opened = Window(base, context, page, statuses={200})
    context.on("console", lambda message: _console(opened, message))
    context.on("weberror", lambda error: opened.troubles.append(f"script: {error.error}"))
    context.on("request", lambda request: _request(opened, request))
    context.on("requestfailed", lambda request: _failed(opened, request))
    context.on("response", lambda response: _answered(opened, response))
    try:
        yield opened
    except BaseException:
        context.close()
        raise
    opened.close()


def _console(opened: Window, message: ConsoleMessage) -> None:
    status = _STATUS.match(message.text)
    if message.type in ("error", "warning") and not (status and int(status[1]) in opened.statuses):
        opened.troubles.append(f"console: {message.type}: {message.text}")


def _request(opened: Window, request: Request) -> None:
    parts = urlsplit(request.url)
    if parts.scheme not in ("data", "blob", "about") and parts.hostname not in _LOOPBACK:
        opened.troubles.append(f"asked {request.url}")


def _failed(opened: Window, request: Request) -> None:
    # A stream of events ends with its page, and so does what was asked for and then not waited for.
    if request.failure != "net::ERR_ABORTED":
        opened.troubles.append(f"failed: {request.url}: {request.failure}")


def _answered(opened: Window, response: Response) -> None:
    if response.status >= 400 and response.status not in opened.statuses:
        opened.troubles.append(f"got {response.status}: {response.url}")
