"""The pages of scans in a browser: start one, watch it, see what came of."""

from __future__ import annotations

from pathlib import Path

from support.browser import Open
from support.jobs import slow_zone
from support.service import serving


def test_a_scan_is_started_watched_and_looked_at(tmp_path: Path, opened: Open) -> None:
    zone = slow_zone(tmp_path, 60)
    with serving(zone.config, roles=("operator",)) as served:
        served.expect("login: operator")
        window = opened(served)
        page = window.log_in(served.token("operator"), "/scans")
        page.get_by_role("button", name="Start the scan").click()
        page.wait_for_url("**/jobs/*")
        page.wait_for_selector("progress")
        window.picture_everywhere("job-running")
        assert window.barriers() == []
        page.wait_for_selector("text=What came of it", timeout=90_000)
        page.get_by_role("link", name="What the scan found").click()
        page.wait_for_url("**/scans/*")
        assert "Zone zone" in page.inner_text("main")
        window.picture_everywhere("scan")
        assert (window.barriers(), window.overflow()) == ([], 0)
        window.open("/scans")
        window.picture_everywhere("scans")
        assert (window.barriers(), window.overflow()) == ([], 0)
        window.open("/jobs")
        assert (window.barriers(), window.overflow()) == ([], 0)
        window.page.goto("about:blank")
