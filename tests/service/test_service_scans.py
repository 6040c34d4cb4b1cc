"""The pages of scans and jobs: what they show, to whom, and the documents behind them."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.jobs import ask, ended
from support.service import Served, serving
from support.zones import ALPHA, Zone, daily

from catalog.nights.lock import only_night
from catalog.service.jobs.night import night_at_work
from catalog.workflow import utc_now

ROLES = ("viewer", "auditor", "operator")
PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """Exports, one of them damaged, and two files that are in none; scanned three times."""
    zone = Zone(tmp_path_factory.mktemp("scans"))
    folders = zone.exports(5)
    zone.flip(folders[1])
    zone.put("README.txt", b"what is this\n")
    zone.put("notes/<b>odd</b>.txt", b"odd\n")
    zone.settings(daily())
    for _ in range(3):
        zone.scan()
    return zone


@pytest.fixture(scope="module")
def served(zone: Zone) -> Iterator[Served]:
    with serving(zone.config, roles=ROLES) as found:
        yield found


def text_of(page: str) -> str:
    """The text of a page, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page))


def test_the_list_shows_each_scan_with_what_it_counted(served: Served) -> None:
    page = served.get("/scans", "viewer", **PAGE)
    assert page.status_code == 200
    document = served.document("/scans?format=json", "viewer")
    assert (document["schema"], len(document["scans"])) == ("landproof/scans/1", 3)
    assert served.document("/api/v1/scans", "viewer")["scans"] == [
        {name: value for name, value in one.items() if name != "seconds"} for one in document["scans"]
    ]
    for one in document["scans"]:
        assert f'href="/scans/{one["scan_id"]}"' in page.text
        assert one["seconds"] >= 0
    assert "complete" in text_of(page.text)


def test_a_long_list_comes_in_pages(served: Served) -> None:
    seen: list[str] = []
    where = "/scans?limit=2"
    while where:
        page = served.get(where, "viewer", **PAGE).text
        seen += re.findall(r'<th scope="row"><a href="/scans/([0-9a-f]{24})"', page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        where = older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) == 3
    assert served.get("/scans?cursor=nonsense", "viewer", **PAGE).status_code == 400
    assert served.get("/scans?zone=other", "viewer", **PAGE).status_code == 200


def test_one_scan_shows_zones_strays_and_what_it_judged_the_bad_first(served: Served) -> None:
    first = served.document("/scans?format=json", "viewer")["scans"][-1]["scan_id"]
    document = served.document(f"/scans/{first}?format=json", "viewer")
    assert document["schema"] == "landproof/recorded-scan/1"
    assert [one["verdict"] for one in document["snapshots"]] == ["corrupt", "good", "good", "good", "good"]
    assert document["verdicts"] == {"corrupt": 1, "good": 4}
    (beside,) = document["beside"]
    assert beside["stray_count"] == 2
    assert len(beside["ledger"]) == 1
    page = served.get(f"/scans/{first}", "viewer", **PAGE).text
    assert "README.txt" in page
    assert "<b>odd</b>" not in page
    assert "&lt;b&gt;odd" in page
    again = served.document(f"/scans/{first}?format=json&limit=2", "viewer")
    rest = served.document(f"/scans/{first}?format=json&limit=2&cursor={again['next']}", "viewer")
    assert [one["id"] for one in again["snapshots"] + rest["snapshots"]] == [
        one["id"] for one in document["snapshots"][:4]
    ]


def test_a_scan_that_recorded_nothing_new_says_so(served: Served) -> None:
    newest = served.document("/scans?format=json", "viewer")["scans"][0]["scan_id"]
    assert "as it is on record already" in text_of(served.get(f"/scans/{newest}", "viewer", **PAGE).text)


def test_what_is_not_there_is_told_as_a_page(served: Served) -> None:
    for where in (f"/scans/{'0' * 24}", "/scans/<script>", f"/jobs/{'0' * 24}", "/jobs/..%2ftokens"):
        answer = served.get(where, "viewer", **PAGE)
        assert answer.status_code == 404
        assert "<script>alert" not in answer.text
        assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("role", "can_start", "says"),
    [
        ("viewer", False, "takes the role operator"),
        ("auditor", False, "takes the role operator"),
        ("operator", True, ""),
    ],
)
def test_what_may_not_be_started_is_not_offered(served: Served, role: str, can_start: bool, says: str) -> None:
    page = served.get("/scans", role, **PAGE).text
    assert ("Start the scan" in page) is can_start
    assert says in text_of(page)


def test_without_a_catalog_the_first_scan_can_be_started_here(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.exports(2)
    zone.settings(daily())
    with serving(zone.config, roles=ROLES) as served, served.client("operator") as client:
        page = client.get("/scans", headers=PAGE)
        assert page.status_code == 200
        assert "No zone was looked at yet" in page.text
        assert client.get("/jobs", headers=PAGE).status_code == 200
        job = ended(client, ask(client, "scan", zone="zone"))
        assert job["state"] == "succeeded"
        shown = client.get(f"/jobs/{job['id']}", headers=PAGE).text
        assert f'href="/scans/{job["recorded_id"]}"' in shown
        assert f'href="/jobs/{job["id"]}"' in client.get("/scans", headers=PAGE).text
        assert f'href="/jobs/{job["id"]}"' in client.get("/jobs", headers=PAGE).text
        twin = client.get(f"/jobs/{job['id']}?format=json").json()
        assert {"name": "snapshots", "value": 2} in twin["figures"]
        assert '"schema": "landproof/scan/1"' in twin["text"]


def test_a_job_that_failed_says_why_and_what_to_do(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.settings(daily())
    with serving(zone.config, roles=ROLES) as served, served.client("operator") as client:
        job = ended(client, ask(client, "ledger verify"))
        assert (job["state"], job["exit_status"]) == ("failed", 4)
        page = text_of(client.get(f"/jobs/{job['id']}", headers=PAGE).text)
        assert "does not exist" in page
        assert "run a scan first" in page


def test_a_nightly_run_that_is_at_work_is_told_without_touching_its_lock(zone: Zone, served: Served) -> None:
    assert night_at_work(zone.catalog) is None
    with only_night(zone.catalog, utc_now()):
        told = night_at_work(zone.catalog)
        assert told is not None
        assert told["pid"] == os.getpid()
        assert "A nightly run is at work" in text_of(served.get("/scans", "viewer", **PAGE).text)
    assert night_at_work(zone.catalog) is None
    with (zone.folder / "landproof.duckdb.nightly.lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_what_a_person_is_called_is_shown_as_text(served: Served) -> None:
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {served.token('operator', 'a<i>b')}"
        job = ended(client, ask(client, "check"))
        page = client.get(f"/jobs/{job['id']}", headers=PAGE).text
        assert "a<i>b" not in page
        assert "a&lt;i&gt;b" in page


def test_a_dataset_of_a_zone_that_is_not_known_is_no_job(served: Served) -> None:
    with served.client("operator") as client:
        answer = client.post("/api/v1/jobs", json={"command": "drill", "dataset": f"elsewhere/{ALPHA}"})
        assert answer.status_code == 404
