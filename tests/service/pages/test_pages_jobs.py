"""Work that runs while people look: its progress comes by itself, in each of their windows, as their role has it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect
from support.browser import Open
from support.jobs import slow_zone
from support.service import serving
from support.years import Years
from support.years_disk import DATASETS, DISK

_MARK = "document.documentElement.dataset.stays = 'yes'"
_OVER_MILLISECONDS = 90_000


def _stayed(page: Page) -> bool:
    """Tell whether the page was never loaded anew since it was marked."""
    return bool(page.evaluate("document.documentElement.dataset.stays === 'yes'"))


def test_progress_of_a_scan_comes_by_itself_to_who_started_it_and_to_who_looks(tmp_path: Path, opened: Open) -> None:
    zone = slow_zone(tmp_path, 60)
    with serving(zone.config, roles=("viewer", "operator")) as served:
        looking, working = opened(served), opened(served)
        seen = looking.log_in(served.token("viewer"), "/scans")
        expect(seen.locator("#now")).to_contain_text("Nothing runs here now")
        seen.evaluate(_MARK)
        page = working.log_in(served.token("operator"), "/scans")
        page.get_by_role("button", name="Start the scan").click()
        page.wait_for_url("**/jobs/*")
        page.evaluate(_MARK)
        expect(page.get_by_role("progressbar", name="Bytes read of those that are to be")).to_be_visible()
        expect(seen.locator("#now article")).to_have_count(1)
        expect(seen.locator("#now").get_by_role("button", name="Cancel")).to_have_count(0)
        expect(page.get_by_role("heading", name="What came of it")).to_be_visible(timeout=_OVER_MILLISECONDS)
        expect(seen.locator("#now article")).to_have_count(0)
        expect(seen.locator("#past tbody tr")).to_have_count(1)
        assert (_stayed(page), _stayed(seen)) == (True, True)
        looking.close()  # before the service, whose end would cut its stream of events


def test_an_operator_starts_a_scan_and_sees_it_end_and_a_viewer_is_offered_none(own_years: Years, opened: Open) -> None:
    with serving(own_years.config, roles=("viewer", "operator")) as served:
        served.ready()
        looking = opened(served)
        looking.log_in(served.token("viewer"), "/scans")
        expect(looking.page.get_by_role("button", name="Start the")).to_have_count(0)
        expect(looking.page.locator("main")).to_contain_text("takes the role operator; you are viewer")
        looking.close()  # before the service, whose end would cut its stream of events
        window = opened(served)
        page = window.log_in(served.token("operator"), "/scans")
        page.get_by_text("Start a scan, a check or a drill").click()
        form = page.locator("form.stacked").filter(has=page.get_by_role("button", name="Start the scan"))
        form.get_by_label("Zone").select_option(DISK)
        form.get_by_role("button", name="Start the scan").click()
        page.wait_for_url("**/jobs/*")
        expect(page.get_by_role("heading", name="What came of it")).to_be_visible(timeout=_OVER_MILLISECONDS)
        expect(page.locator("main")).to_contain_text("there are errors")
        assert served.document("/api/v1/jobs", "operator")["jobs"][0]["exit_status"] == 2
        page.get_by_role("link", name="What the scan found").click()
        page.wait_for_url("**/scans/*")
        expect(page.get_by_role("region", name=f"Zone {DISK}")).to_contain_text(f"{len(DATASETS)} datasets")


def test_one_who_gives_a_browser_to_another_takes_the_role_along(own_years: Years, opened: Open) -> None:
    with serving(own_years.config, roles=("viewer", "operator")) as served:
        served.ready()
        served.expect("landproof: refused: ")
        window = opened(served)
        window.statuses |= {403}
        page = window.log_in(served.token("operator"), f"/datasets/{DISK}/{next(iter(DATASETS))}")
        look = page.get_by_role("button", name="Look now")
        expect(look).to_be_visible()
        other = window.context.new_page()
        other.goto(f"{served.url}/scans")
        other.get_by_role("button", name="Log out").click()
        other.wait_for_url("**/login")
        other.get_by_label("Token", exact=True).fill(served.token("viewer"))
        other.get_by_role("button", name="Log in").click()
        expect(other.locator("header.top")).to_contain_text("viewer · viewer")
        look.click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert served.document("/api/v1/jobs", "operator")["jobs"] == []
        page.go_back()
        page.reload()
        expect(page.get_by_role("button", name="Look now")).to_have_count(0)
