"""The pages when things are not as usual: no catalog, one that breaks, another time zone, keys only, going back."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.browser import Open, Window
from support.landproof import landproof
from support.processes import until
from support.service import Served, serving
from support.years import Years
from support.years_disk import DATASETS, DISK

_SPELLED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\dZ")
_SINCE = "What you see is from"


def test_a_keyboard_reaches_the_content_and_shows_where_it_is(viewer: Window) -> None:
    page = viewer.open("/findings")
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    reached = set()
    for _ in range(14):
        page.keyboard.press("Tab")
        drawn = page.evaluate("(s => s.outlineStyle + s.boxShadow)(getComputedStyle(document.activeElement))")
        assert drawn != "nonenone", page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        reached.add(page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()"))
    assert {"state", "level", "zone", "text", "Show"} <= reached


def test_pages_of_a_catalog_that_is_not_there_yet_say_how_to_begin(own_years: Years, opened: Open) -> None:
    own_years.catalog.unlink()
    with serving(own_years.config, roles=("viewer",)) as served:
        window = opened(served)
        window.statuses |= {503}
        window.log_in(served.token("viewer"))
        page = window.page
        for name in ("findings", "restore", "audit"):
            page.goto(f"{window.base}/{name}")
            expect(page.locator("main")).to_contain_text("run a scan first")
            expect(page.locator("h1")).to_have_count(1)
            expect(page.locator("main .banner")).to_have_count(0)
            assert window.barriers() == []
            window.picture(f"no-catalog-{name}")
        window.open("/scans")
        expect(page.locator("main")).to_contain_text("No zone was looked at yet")
        window.picture("no-catalog-scans")
        page.goto(f"{window.base}/")
        expect(page.locator("main")).to_contain_text("landproof scan")
        expect(page.locator("main .banner")).to_have_count(0)
        done = landproof("scan", DISK, "--config", own_years.config, "--workers", "0")
        assert done.status == 2, done.err
        expect(page.get_by_role("link", name="Till receipts").first).to_be_visible(timeout=90_000)  # by itself


@pytest.mark.parametrize("way", ["gone", "broken"])
def test_of_a_catalog_that_cannot_be_read_the_last_answers_stand_under_a_banner(
    way: str, own_years: Years, opened: Open
) -> None:
    with serving(own_years.config, roles=("viewer",)) as served:
        served.ready()
        window = opened(served, "viewer")
        page = window.open(f"/datasets/{DISK}/{next(iter(DATASETS))}")
        expect(page.locator("main .banner.bad")).to_have_count(0)
        shown = page.locator("#exports tbody tr").count()
        assert shown
        whole = _taken_away(own_years.catalog, way)
        _until_banner(page, 1)
        banner = page.get_by_role("alert")
        expect(banner).to_contain_text(_SPELLED)
        expect(banner).to_contain_text("landproof.duckdb")
        assert page.locator("#exports tbody tr").count() == shown
        assert window.barriers() == []
        window.picture_everywhere(f"catalog-{way}")
        window.open("/findings")
        expect(page.get_by_role("alert")).to_contain_text(_SINCE)
        whole.replace(own_years.catalog)
        _until_banner(page, 0)
        window.open(f"/datasets/{DISK}/{next(iter(DATASETS))}")
        assert page.locator("#exports tbody tr").count() == shown


def _taken_away(catalog: Path, way: str) -> Path:
    """Take the catalog away, or put something that is none in its place, at once; return where it is kept."""
    kept = catalog.with_suffix(".kept")
    catalog.rename(kept)
    if way == "broken":
        other = catalog.with_suffix(".other")
        other.write_bytes(os.urandom(1 << 16))
        other.rename(catalog)
    return kept


def _until_banner(page: Page, count: int) -> None:
    """Load the page again until so many banners tell of trouble."""

    def is_so() -> bool:
        page.reload()
        return page.locator("main .banner.bad").count() == count

    assert until(is_so, 60), page.locator("main").inner_text()[:300]


@pytest.mark.parametrize(("zone", "hours"), [("Australia/Adelaide", 9.5), ("America/St_Johns", -3.5)])
def test_a_moment_is_told_in_utc_with_the_time_here_beside_it(
    zone: str, hours: float, opened: Open, served_years: Served, years: Years
) -> None:
    one = years.datasets[1]
    window = opened(served_years, timezone_id=zone, locale="en-GB")
    page = window.log_in(served_years.token("viewer"), f"/datasets/{one.zone}/{one.id}")
    moment = page.locator("dt", has_text="Looked at").locator("+ dd time").first
    expect(moment).to_contain_text(_SPELLED)
    expect(moment.locator(".local")).to_contain_text("here")
    said = moment.get_attribute("datetime") or ""
    local = page.evaluate(
        """said => { const at = new Date(said), shift = -at.getTimezoneOffset() * 60000;
        return [shift / 3600000, new Date(at.getTime() + shift).toISOString().slice(11, 16)] }""",
        said,
    )
    told = moment.inner_text()
    assert local[0] in (hours, hours + 1)  # which is an hour more in summer, in one of them
    utc, _, here = told.partition("Z")
    assert utc.endswith(said[11:16])
    assert local[1] in here
    expect(moment).to_have_attribute("title", re.compile(zone))
    window.picture(f"local-{zone.replace('/', '-')}")


def test_in_utc_no_moment_is_told_twice(opened: Open, served_years: Served) -> None:
    window = opened(served_years, timezone_id="UTC")
    page = window.log_in(served_years.token("viewer"), "/findings")
    expect(page.locator("main time").first).to_be_visible()
    expect(page.locator("time .local")).to_have_count(0)


def test_going_back_and_loading_again_keep_a_filter(viewer: Window) -> None:
    page = viewer.open("/findings")
    page.get_by_label("Level").select_option("error")
    page.get_by_label("State").select_option("all")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("level=error"))
    filtered = page.locator("main dl.tiles").inner_text()
    page.reload()
    expect(page.get_by_label("Level")).to_have_value("error")
    assert page.locator("main dl.tiles").inner_text() == filtered
    address = page.url
    page.locator("table.g-groups tbody a").first.click()
    expect(page).to_have_url(re.compile("code="))
    page.go_back()
    expect(page).to_have_url(address)
    expect(page.get_by_label("State")).to_have_value("all")
    assert page.locator("main dl.tiles").inner_text() == filtered
    page.go_back()
    expect(page).to_have_url(f"{viewer.base}/findings")
    expect(page.locator("main")).to_contain_text("Errors and warnings open now")
    page.go_forward()
    expect(page.get_by_label("Level")).to_have_value("error")
    assert page.locator("main dl.tiles").inner_text() == filtered
