"""What an auditor takes away by a browser: a report and a bundle of a period, which holds without the service."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.browser import Open, Window
from support.landproof import landproof
from support.service import Served, serving
from support.years import Years
from support.years_disk import DISK

_OVER_MILLISECONDS = 120_000


def test_an_auditor_takes_away_a_bundle_that_holds_and_a_report(own_years: Years, opened: Open, tmp_path: Path) -> None:
    key = landproof("keys", "new", "--json", "--config", own_years.config).document["keys"][0]["verifier"]
    assert landproof("ledger", "checkpoint", "--config", own_years.config).status == 0
    with serving(own_years.config, roles=("auditor",)) as served:
        served.ready()
        window = opened(served)
        page = window.log_in(served.token("auditor"), "/audit")
        _choose(page, own_years)
        bundle = _made(window, "Make the bundle", tmp_path / "bundle.zip")
        held = landproof("audit", "verify", bundle, "--key", key)
        assert held.status == 0, held.out + held.err
        data = bytearray(bundle.read_bytes())
        data[len(data) // 2] ^= 1
        bundle.write_bytes(data)
        assert landproof("audit", "verify", bundle, "--key", key).status == 2
        window.open("/audit")
        _choose(page, own_years)
        report = _made(window, "Make the report", tmp_path / "report.html")
        text = report.read_text(encoding="utf-8")
        assert text.lstrip().lower().startswith("<!doctype html")
        window.open("/audit")
        past = page.get_by_role("region", name="Reports and bundles made before, as a table")
        expect(past.get_by_role("row")).to_have_count(3)
        assert window.barriers() == []
        window.picture_everywhere("audit-made")


def _choose(page: Page, years: Years) -> None:
    """Choose the zone that has files, and a week of it."""
    form = page.get_by_role("form", name="Choose a period")
    form.get_by_label("From").fill(f"{years.now - timedelta(days=7):%Y-%m-%d}")
    form.get_by_label("To", exact=True).fill(f"{years.now:%Y-%m-%d}")
    form.get_by_label("Zone").select_option(DISK)
    form.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(f"zone={DISK}"))


def _made(window: Window, button: str, to: Path) -> Path:
    """Have a file made, see how far that is, and save it."""
    page = window.page
    page.get_by_role("button", name=button).click()
    page.wait_for_url("**/jobs/*")
    expect(page.get_by_role("heading", name="What came of it")).to_be_visible(timeout=_OVER_MILLISECONDS)
    with page.expect_download() as saved:
        page.get_by_role("link", name=re.compile("^Save ")).click()
    saved.value.save_as(to)
    return to


def test_a_viewer_is_told_who_makes_reports_and_is_offered_none(viewer: Window, served_years: Served) -> None:
    page = viewer.open("/audit")
    expect(page.get_by_role("button", name=re.compile("^Make the|Verify"))).to_have_count(0)
    expect(page.locator("main")).to_contain_text("made by who has the role auditor")
    with served_years.client("viewer") as client:
        refused = client.post("/audit/jobs", data={"command": "audit bundle", "from": "2026-01-01", "to": "2026-01-02"})
    assert refused.status_code == 403


@pytest.mark.parametrize("name", ["last month", "last quarter"])
def test_a_usual_period_is_one_click_away(name: str, viewer: Window) -> None:
    page = viewer.open("/audit")
    tabs = page.get_by_role("list", name="Usual periods").get_by_role("link")
    names = [one.lower() for one in tabs.all_inner_texts()]
    assert name in names, names
    tabs.nth(names.index(name)).click()
    expect(page.locator("ul.tabs a[aria-current=true]")).to_have_text(re.compile(name, re.IGNORECASE))
