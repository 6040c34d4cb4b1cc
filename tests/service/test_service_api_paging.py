"""Lists in pages and as lines: everything once, whatever is recorded meanwhile; cursors of others are refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from support.processes import until
from support.service import Served, serving
from support.zones import ALPHA, BETA, Zone, days_before, digits

from catalog.questions.inquiry import Inquiry
from catalog.questions.lookups import SnapshotsQuestion, snapshots_page
from catalog.settings.loading import Settings
from catalog.store.database import Catalog
from catalog.store.queries import SnapshotFilter
from catalog.store.snapshot_pages import last_of, page_snapshots
from fixtures.content import TIME, moment
from verifier.model import SnapshotId, Verdict

_EXPORTS = 9


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """Two datasets of nine daily exports each, of which those of one have three files."""
    zone = Zone(tmp_path_factory.mktemp("paging"))
    zone.settings()
    zone.exports(_EXPORTS, ALPHA, files=3)
    zone.exports(_EXPORTS, BETA)
    zone.scan()
    return zone


@pytest.fixture(scope="module")
def served(zone: Zone) -> Iterator[Served]:
    with serving(zone.config, roles=("viewer",)) as served:
        yield served


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with served.client("viewer") as client:
        yield client


def _pages(client: httpx.Client, address: str) -> Iterator[dict[str, Any]]:
    """Follow the links of a list."""
    following: str | None = address
    while following:
        answer = client.get(following)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield page
        following = answer.links.get("next", {}).get("url")
        assert (following is None) == (page["next"] is None)
        if following:
            assert parse_qs(urlsplit(following).query)["cursor"] == [page["next"]]


@pytest.mark.parametrize(
    ("address", "field", "count", "key"),
    [
        ("datasets?limit=1", "datasets", 2, "dataset_id"),
        ("snapshots?limit=4", "snapshots", 2 * _EXPORTS, "id"),
        ("snapshots?limit=1&verdict=good&zone=zone", "snapshots", 2 * _EXPORTS, "id"),
        (f"snapshots?limit=4&dataset={ALPHA}&from=2026-09-14", "snapshots", 7, "id"),
        ("snapshots?limit=1&latest=true", "snapshots", 2, "id"),
        (f"show?limit=1&snapshot=zone/{ALPHA}/{TIME}", "files", 3, "path"),
        (f"diff?limit=2&a=zone/{ALPHA}/202609190100&b=zone/{ALPHA}/{TIME}", "files", 3, "name"),
        (f"find?limit=4&text={ALPHA}/", "files", 3 * _EXPORTS, "path"),
        ("scans?limit=1", "scans", 1, "scan_id"),
    ],
)
def test_pages_have_everything_once(client: httpx.Client, address: str, field: str, count: int, key: str) -> None:
    limit = int(parse_qs(urlsplit(address).query)["limit"][0])
    pages = list(_pages(client, f"/api/v1/{address}"))
    found = [one[key] for page in pages for one in page[field]]
    assert (len(found), len(set(found))) == (count, count)
    assert all(0 < len(page[field]) <= limit for page in pages)
    left = count
    for page in pages:
        left -= len(page[field])
        assert (page["more"] if isinstance(page["more"], int) else page["more"][field]) == left


def test_nothing_is_hidden_or_repeated_by_what_is_recorded_meanwhile(zone: Zone, served: Served) -> None:
    gamma = "64e06a33a0000000000000c3"
    with served.client("viewer") as client:
        pages = _pages(client, "/api/v1/snapshots?limit=5")
        first = next(pages)
        before = {one["id"] for one in client.get("/api/v1/snapshots").json()["snapshots"]}
        # Newer than all, older than all, and between two that are told and two that are not.
        for time in (digits(moment(TIME) + timedelta(days=2)), "202608010100", "202609180200", "202609130200"):
            zone.export(gamma, time)
        zone.scan()
        assert until(lambda: client.get("/api/v1/snapshots").json()["snapshots"][len(before) + 3 :] != [], 30)
        told = Counter(one["id"] for page in (first, *pages) for one in page["snapshots"])
    assert before <= set(told)
    assert max(told.values()) == 1
    assert {one for one in told if one not in before} <= {
        f"zone/{gamma}/202608010100",
        f"zone/{gamma}/202609130200",
        f"zone/{gamma}/202609180200",
    }


def test_lines_are_all_snapshots_and_an_end(client: httpx.Client) -> None:
    answer = client.get("/api/v1/lines/snapshots", params={"dataset": ALPHA})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    *lines, last = [json.loads(line) for line in answer.text.splitlines()]
    whole = client.get("/api/v1/snapshots", params={"dataset": ALPHA}).json()
    assert sorted(one["id"] for one in lines) == [one["id"] for one in whole["snapshots"]]
    assert {json.dumps(one, sort_keys=True) for one in lines} == {
        json.dumps(o, sort_keys=True) for o in whole["snapshots"]
    }
    assert last == {
        "schema": "landproof/snapshots/1",
        "as_known_at": None,
        "more": 0,
        "next": None,
        "count": len(lines),
    }
    wrong = client.get("/api/v1/lines/snapshots", params={"from": "yesterday"})
    assert (wrong.status_code, wrong.json()["detail"]) == (400, "from: expected a time, got 'yesterday'")


@pytest.mark.parametrize(
    "cursor",
    ["x", "AAAA", "é", "A" * 5000, "bm9uZSBvZiBvdXJz", "W10", "=", "../../etc", "eyJhIjoxfQ", "AAAAAAAAW1tbW1tbW1tb"],
)
@pytest.mark.parametrize(
    "path", ["snapshots", "datasets", "scans", "find?text=a", f"history?subject=zone/{ALPHA}/{TIME}"]
)
def test_what_is_no_cursor_is_refused(client: httpx.Client, path: str, cursor: str) -> None:
    answer = client.get(f"/api/v1/{path}", params=httpx.URL(f"/{path}").params.set("cursor", cursor))
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["detail"].startswith("cursor: ")


def test_a_cursor_is_of_one_list_with_its_filters(client: httpx.Client) -> None:
    cursor = client.get("/api/v1/snapshots?limit=2&zone=zone").json()["next"]
    assert client.get("/api/v1/snapshots", params={"zone": "zone", "limit": 7, "cursor": cursor}).status_code == 200
    for address in ("snapshots", "snapshots?zone=other", "snapshots?zone=zone&verdict=good", "datasets?zone=zone"):
        path, _, query = address.partition("?")
        params = {name: values[0] for name, values in parse_qs(query).items()} | {"cursor": cursor}
        assert client.get(f"/api/v1/{path}", params=params).status_code == 400, address
    cut = client.get("/api/v1/snapshots", params={"zone": "zone", "cursor": cursor[:-3]})
    assert cut.status_code == 400


def test_pages_of_the_store_are_in_one_order_however_they_are_cut(zone: Zone) -> None:
    catalog = Catalog(zone.catalog)
    whole, more = page_snapshots(catalog, SnapshotFilter())
    assert more == 0
    for limit in (1, 2, 7, 100):
        for verdict in (None, Verdict.GOOD):
            found: list[SnapshotId] = []
            after = None
            while True:
                page, more = page_snapshots(catalog, SnapshotFilter(limit=limit, verdict=verdict), after)
                found += [one.report.id for one in page]
                assert more == len(whole) - len(found)
                if not more:
                    break
                after = last_of(page)
            assert sorted(map(str, found)) == sorted(str(one.report.id) for one in whole)
            # Within a page by id, as every list of snapshots; page by page the newest first.
            pages = [found[at : at + limit] for at in range(0, len(found), limit)]
            bounds = [(min(one.export_at for one in page), max(one.export_at for one in page)) for page in pages]
            assert all(older[1] <= newer[0] for newer, older in pairwise(bounds))


def test_a_page_behind_a_snapshot_that_is_not_there_goes_on_behind_its_place(zone: Zone) -> None:
    inquiry = Inquiry(Settings(), Catalog(zone.catalog))
    after = SnapshotId("zone", ALPHA, days_before(TIME, 3)[0] + "30")  # of half a minute later
    document, _ = snapshots_page(inquiry, SnapshotsQuestion(limit=1, dataset=ALPHA, after=after))
    assert document["snapshots"][0]["id"] == f"zone/{ALPHA}/{days_before(TIME, 3)[0]}"


def test_a_limit_of_a_thousand_is_the_most(client: httpx.Client) -> None:
    assert client.get("/api/v1/snapshots?limit=1000").status_code == 200
    for limit in ("1001", "0", "-1", "1e3", "x", "9" * 400, "1.0", "٣", " 1"):
        answer = client.get("/api/v1/snapshots", params={"limit": limit})
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("limit: expected a whole number from 1 to 1000, got ")
        assert len(answer.text) < 400
