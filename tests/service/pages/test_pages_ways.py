"""What people come for, from the first page to what they take away: a bad night, a restore, a scan, evidence."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import expect
from support.browser import Open, Window
from support.processes import until
from support.service import Document, Served, serving
from support.years import Years
from support.years_disk import DATASETS, DISK, MISSING_BACK


def test_from_a_bad_export_on_the_overview_to_its_finding_and_place(
    viewer: Window, served_years: Served, years: Years
) -> None:
    _judged(served_years)
    one = years.troubled("corrupt")
    page = viewer.open("/")
    matter = page.locator(".matters")
    expect(matter).to_be_visible()
    page.get_by_label("Name or id").fill(one.id)
    page.get_by_role("button", name="Show", exact=True).click()
    page.locator("table.datasets").get_by_role("link", name=one.name, exact=True).first.click()
    expect(page.locator("h1")).to_have_text(one.name)
    page.locator("#exports").get_by_role("row").filter(has_text="corrupt").first.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(f"/snapshots/{one.zone}/{one.id}/"))
    expect(page.locator("main")).to_contain_text(re.compile("parquet.corrupt-page|gzip.corrupt"))
    expect(page.locator("main")).to_contain_text("export the dataset again")


def test_a_bad_day_of_the_calendar_leads_to_its_snapshot(viewer: Window, years: Years) -> None:
    one = years.troubled("corrupt")
    page = viewer.open(f"/datasets/{one.zone}/{one.id}")
    day = page.locator("svg.calendar").get_by_role("link", name=re.compile("corrupt")).last
    said = day.get_attribute("aria-label") or ""
    target = day.get_attribute("href") or ""
    assert f"/snapshots/{one.zone}/{one.id}/" in target
    day.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{target}")
    expect(page.locator("#verdict")).to_contain_text("corrupt")
    spelled = page.locator("h1").inner_text()
    assert re.findall(r"\d+", said)[0].lstrip("0") in {part.lstrip("0") for part in re.findall(r"\d+", spelled)}


def test_slots_are_waived_by_an_operator_and_that_is_taken_back(own_years: Years, opened: Open) -> None:
    dataset = f"{DISK}/{list(DATASETS)[2]}"
    missing = f"{own_years.now - timedelta(hours=2, days=MISSING_BACK):%Y-%m-%d}"
    with serving(own_years.config, roles=("operator", "viewer")) as served:
        served.ready()
        window = opened(served)
        page = window.log_in(served.token("operator"), f"/datasets/{dataset}")
        page.get_by_text("Waive slots").click()
        form = page.locator("form.stacked[action='/api/v1/waive']")
        form.get_by_label("From").fill(missing)
        form.get_by_label("To, included").fill(missing)
        form.get_by_label("Reason").fill("the till was closed that day")
        form.get_by_role("button", name="Waive").click()
        said = page.get_by_role("region", name="What people said")
        expect(said).to_contain_text("the till was closed that day")
        expect(said).to_contain_text("operator (session)")
        assert [one["reason"] for one in _waived(served, dataset)] == ["the till was closed that day"]
        assert window.barriers() == []
        window.picture("dataset-waived")
        looking = opened(served)
        looking.log_in(served.token("viewer"), f"/datasets/{dataset}")
        expect(looking.page.get_by_text("the till was closed that day")).to_be_visible()
        expect(looking.page.get_by_role("button", name="Take it back")).to_have_count(0)
        expect(looking.page.get_by_text("Waive slots")).to_have_count(0)
        said.get_by_role("button", name="Take it back").click()
        expect(said).to_contain_text("No waiver and no hold")
        assert _waived(served, dataset) == []


def _waived(served: Served, dataset: str) -> list[Document]:
    waivers: list[Document] = served.document(f"/datasets/{dataset}", "viewer")["waivers"]
    return waivers


def test_a_search_finds_by_name_and_by_digest(viewer: Window, served_years: Served, years: Years) -> None:
    one = years.datasets[0]
    page = viewer.open("/findings")
    page.keyboard.press("/")
    page.keyboard.type(one.name)
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_contain_text(one.id)
    listed = served_years.document(f"/datasets/{one.zone}/{one.id}", "viewer")["snapshots"]
    newest = next(snapshot["id"] for snapshot in listed if snapshot["verdict"] != "arriving")
    file = next(file for file in served_years.document(f"/snapshots/{newest}", "viewer")["files"] if file["sha256"])
    page.keyboard.press("/")
    page.locator("#top-search").fill(file["sha256"])
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_contain_text(file["name"])
    page.locator(f"#found a[href*='/snapshots/{newest}']").first.click()
    page.wait_for_url(f"**/snapshots/{newest}*")


def _judged(served: Served) -> None:
    """Wait until everything is judged for the first time, which on a busy machine is a while after the start."""
    assert until(lambda: served.get("/api/v1/overview", "viewer").status_code == 200, 120)


def test_no_page_says_more_than_the_document_that_programs_get(served_years: Served) -> None:
    _judged(served_years)
    for page, api in (("/", "/api/v1/overview"), ("/findings?level=error", "/api/v1/findings?level=error")):
        one, other = served_years.document(page, "viewer"), served_years.document(api, "viewer")
        assert one.keys() == other.keys()
        assert one["schema"] == other["schema"]
