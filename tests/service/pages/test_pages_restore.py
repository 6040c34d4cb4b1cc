"""A restore in a browser: the day is chosen, gaps are accepted or not, the plan is taken along, a drill tries it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from support.browser import Open, Window
from support.service import Served, serving
from support.years import Years
from support.years_disk import DATASETS, DISK

_WHOLE, _, _GAPPY = DATASETS


def test_a_day_is_chosen_in_the_calendar_and_the_plan_is_of_its_end(
    viewer: Window, served_years: Served, years: Years
) -> None:
    one = years.datasets[1]
    page = viewer.open(f"/restore?dataset={one.zone}/{one.id}")
    before = page.get_by_role("link", name=re.compile("^The month before"))
    before.click()
    day = page.locator("#calendar a.day").first
    date = (day.get_attribute("aria-label") or "")[:10]
    state = (day.get_attribute("class") or "").split()[-1]
    day.click()
    expect(page).to_have_url(re.compile(f"as_of={date}"))
    expect(page.locator("#calendar a[aria-current=date]")).to_have_attribute("aria-label", re.compile(f"^{date}"))
    plan = served_years.document(f"/api/v1/restore/plan?dataset={one.zone}/{one.id}&as_of={date}", "viewer")
    assert plan["state"] == state
    word = {"complete": "Complete", "gap": "Gap", "broken": "Broken"}[state]
    expect(page.locator("#state")).to_contain_text(word)


def test_the_plan_on_the_clipboard_is_that_of_the_api_for_each_tool(
    viewer: Window, served_years: Served, years: Years
) -> None:
    viewer.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=viewer.base)
    one = next(d for d in years.datasets if d.mode == "full" and not d.trouble and not d.is_encrypted)
    asked = f"dataset={one.zone}/{one.id}&depth=list"
    page = viewer.open(f"/restore?{asked}")
    for name, form in (("rclone", "rclone"), ("DuckDB", "sql")):
        section = page.locator("details.text").filter(has=page.locator("summary", has_text=name))
        section.locator("summary").click()
        section.get_by_role("button", name="Copy").click()
        expect(section.get_by_role("button", name="copied")).to_be_visible()
        expect(page.locator("#said")).to_have_text("copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        answer = served_years.get(f"/api/v1/restore/plan?{asked}&format={form}", "viewer")
        assert answer.status_code == 200
        assert one.id in copied
        assert copied == _as_shown(answer.text)
        with page.expect_download() as saved:
            section.get_by_role("link", name="Download").click()
        assert saved.value.path().read_bytes() == answer.content
        assert "." in saved.value.suggested_filename
    viewer.picture("restore-texts")


def test_a_gap_ends_a_restore_until_somebody_accepts_it(own_years: Years, opened: Open) -> None:
    with serving(own_years.config, roles=("viewer",)) as served:
        served.ready()
        window = opened(served, "viewer")
        page = window.open(f"/restore?dataset={DISK}/{_GAPPY}")
        expect(page.locator("#state")).to_contain_text("Gap")
        ends = served.document(f"/restore?dataset={DISK}/{_GAPPY}", "viewer")["plan"]
        assert "--accept-gaps" not in _steps(page)
        page.get_by_role("link", name=re.compile("Go on behind the gaps")).click()
        expect(page.locator("main")).to_contain_text("The gaps are accepted in this plan")
        expect(page.get_by_label("go on behind gaps")).to_be_checked()
        assert "--accept-gaps" in _steps(page)
        goes_on = served.document(f"/restore?dataset={DISK}/{_GAPPY}&accept_gaps=true", "viewer")["plan"]
        assert goes_on["counts"]["snapshots"] > ends["counts"]["snapshots"]
        assert window.barriers() == []
        window.picture_everywhere("restore-gaps-accepted")
        page.get_by_role("link", name="End before the gap").click()
        expect(page.get_by_label("go on behind gaps")).not_to_be_checked()


def test_an_operator_tries_a_restore_and_sees_it_pass(own_years: Years, opened: Open) -> None:
    with serving(own_years.config, roles=("viewer", "operator")) as served:
        served.ready()
        window = opened(served)
        page = window.log_in(served.token("operator"), f"/restore?dataset={DISK}/{_WHOLE}")
        rows = served.document(f"/restore?dataset={DISK}/{_WHOLE}", "viewer")["plan"]["rows"]
        page.get_by_role("button", name="Try it in a scratch database now").click()
        page.wait_for_url("**/jobs/*")
        expect(page.get_by_role("heading", name="What came of it")).to_be_visible()
        job = served.document(f"/api/v1/jobs/{page.url.rpartition('/')[2]}", "viewer")
        assert (job["command"], job["state"], job["exit_status"]) == ("drill", "succeeded", 0)
        window.picture_everywhere("job-drill")
        window.open(f"/restore?dataset={DISK}/{_WHOLE}")
        expect(page.locator(".tile", has_text="Last tried")).to_contain_text("a drill that passed")
        drills = served.document(f"/datasets/{DISK}/{_WHOLE}", "viewer")["drills"]
        assert (drills[0]["state"], drills[0]["rows_loaded"]) == ("passed", rows)
        looking = opened(served, "viewer")
        looking.open(f"/restore?dataset={DISK}/{_WHOLE}")
        expect(looking.page.get_by_role("button", name=re.compile("^Try it"))).to_have_count(0)
        expect(looking.page.locator(".copy", has_text="landproof drill")).to_have_count(1)


def _steps(page: Page) -> str:
    return page.locator("ol.steps").inner_text()


def _as_shown(text: str) -> str:
    """Return a text as an element of HTML holds it, which drops a first line break."""
    return text.removeprefix("\n")
