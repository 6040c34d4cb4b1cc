"""Every page, as everybody gets it: nothing goes wrong, nothing shuts anybody out, nothing is wider than a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from playwright.sync_api import expect
from support.browser import PHONE, Open, Window
from support.service import Served
from support.years import Years

Address = Callable[[Years], str]


def _dataset(years: Years, trouble: str, page: str = "/datasets/") -> str:
    one = next((one for one in years.datasets if one.trouble == trouble), years.datasets[0])  # few have no such trouble
    return f"{page}{one.zone}/{one.id}"


def _code(years: Years) -> str:
    return "gzip.corrupt" if years.troubled("corrupt").format == "json" else "parquet.corrupt-page"


PAGES: dict[str, Address] = {
    "overview": lambda years: "/",
    "overview-filtered": lambda years: "/?state=failing&sort=trouble",
    "dataset": lambda years: _dataset(years, "shrunk"),
    "dataset-failing": lambda years: _dataset(years, "missing"),
    "dataset-new": lambda years: _dataset(years, "new"),
    "restore": lambda years: "/restore",
    "restore-plan": lambda years: f"/restore?dataset={years.datasets[1].zone}/{years.datasets[1].id}",
    "restore-gap": lambda years: f"/restore?dataset={years.datasets[6].zone}/{years.datasets[6].id}",
    "scans": lambda years: "/scans",
    "findings": lambda years: "/findings",
    "findings-one": lambda years: _dataset(years, "corrupt", f"/findings?code={_code(years)}&dataset="),
    "findings-none": lambda years: "/findings?text=no+such+words",
    "audit": lambda years: "/audit",
    "search": lambda years: "/search?q=Orders",
    "search-empty": lambda years: "/search",
    "search-none": lambda years: "/search?q=no-such-thing",
}
EVERY = pytest.mark.parametrize("name", PAGES)


@EVERY
def test_a_page_is_whole_for_everybody(name: str, viewer: Window, years: Years) -> None:
    page = viewer.open(PAGES[name](years))
    assert page.locator("h1").count() == 1
    assert page.locator("[style]").count() == 0, "the policy for styles refuses these"
    barriers = viewer.barriers()
    page.emulate_media(color_scheme="dark")
    barriers += [f"dark: {one}" for one in viewer.barriers()]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    wider = viewer.overflow()
    viewer.picture_everywhere(name)
    assert (wider, barriers) == (0, [])


@EVERY
def test_a_page_works_without_scripts(name: str, opened: Open, served_few: Served, years_small: Years) -> None:
    window = opened(served_few, "viewer", java_script_enabled=False)
    page = window.open(PAGES[name](years_small))
    expect(page.locator("h1")).to_be_visible()
    assert page.get_by_role("button", name="Copy").count() == 0, "it can do nothing without a script"
    hidden = [(one.text_content() or "").strip() for one in page.locator("main [hidden]:not(.with-script)").all()]
    assert not any(hidden), hidden


@EVERY
def test_a_page_has_its_document_at_the_same_address(name: str, served_few: Served, years_small: Years) -> None:
    address = PAGES[name](years_small)
    page = served_few.get(address, "viewer", Accept="text/html").text
    linked = re.search(r'<a href="([^"]+)">JSON</a>', page)
    assert linked
    one = served_few.get(unescape(linked[1]), "viewer", Accept="text/html")
    other = served_few.get(address, "viewer", Accept="application/json")
    assert (one.status_code, other.status_code) == (200, 200)
    assert one.headers["content-type"] == other.headers["content-type"] == "application/json"
    assert one.json()["schema"].startswith("landproof/")
    assert _undated(one.json()) == _undated(other.json())


def test_the_next_page_of_a_list_has_its_document_too(viewer: Window) -> None:
    page = viewer.open("/scans")
    page.get_by_role("link", name="Older scans").click()
    page.wait_for_url("**cursor=**")
    first = page.locator("#past tbody th a").first.get_attribute("href")
    address = page.get_by_role("link", name="JSON").get_attribute("href")
    scans = viewer.context.request.get(f"{viewer.base}{address}").json()["scans"]
    assert first == f"/scans/{scans[0]['scan_id']}"


def _undated(value: object) -> object:
    """The minute may have turned between two questions."""
    if isinstance(value, dict):
        return {k: _undated(v) for k, v in value.items() if k not in ("at", "now") and not k.endswith("_seconds")}
    return [_undated(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", ["overview", "dataset", "restore-plan", "findings", "audit"])
def test_a_page_goes_on_paper_without_what_only_a_screen_can_use(name: str, viewer: Window, years: Years) -> None:
    page = viewer.open(PAGES[name](years))
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator("nav.main")).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()
    colours = page.evaluate("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
    assert _lightness(colours[0]) > 0.9 > 0.3 > _lightness(colours[1])
    assert page.pdf(format="A4").startswith(b"%PDF")


def _lightness(colour: str) -> float:
    if "rgba(0, 0, 0, 0)" in colour:
        return 1.0
    red, green, blue = (float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])
    return (red + green + blue) / 765
