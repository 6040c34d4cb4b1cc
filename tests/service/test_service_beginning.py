"""The service before there is anything to show, when nobody is let in, and beside the exports that it watches."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from support.jobs import ask, ended
from support.landproof import landproof
from support.processes import until
from support.service import serving
from support.zones import Zone, daily

from catalog.service.current.lasting import Lasting
from verifier.errors import CatalogError

ROLES = ("viewer", "auditor", "operator")
PAGE = {"Accept": "text/html"}


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    zone = Zone(tmp_path)
    zone.exports(3)
    zone.settings(daily())
    return zone


def test_without_a_catalog_the_overview_says_what_to_do_first_and_shows_it_once_that_is_done(zone: Zone) -> None:
    with serving(zone.config, roles=ROLES) as served:
        first = served.get("/", "operator", **PAGE)
        assert (first.status_code, first.headers["refresh"]) == (503, "10")
        assert '<a class="button primary" href="/scans">Run the first scan</a>' in first.text
        assert served.get("/scans", "operator", **PAGE).status_code == 200
        seen = served.get("/", "viewer", **PAGE).text
        assert "Run the first scan" not in seen
        assert "landproof scan" in seen
        for path in ("/findings", "/restore", "/audit", "/search?q=a", "/datasets/zone/x"):
            told = served.get(path, "viewer", **PAGE)
            assert (told.status_code, "Nothing is recorded yet" in told.text) == (503, True), path
        problem = served.get("/api/v1/overview", "viewer").json()
        assert (problem["status"], problem["title"]) == (503, "Nothing is recorded yet")
        with served.client("operator") as client:
            assert ended(client, ask(client, "scan"))["exit_status"] == 0
        assert until(lambda: served.get("/", "viewer", **PAGE).status_code == 200)


def test_the_very_first_judgement_is_waited_for_so_long_and_then_told_to_be_under_way() -> None:
    let = threading.Event()
    lasting = Lasting(lambda of: let.wait(30) and of, 60.0)
    assert lasting.get_within("it", 0.1) is None
    assert lasting.get_within("it", 0.1) is None
    let.set()
    assert lasting.get_within("it", 30) == "it"
    lasting.stop(5)


def test_a_first_judgement_that_fails_is_told_and_not_waited_for_again_at_once() -> None:
    tried = []

    def fail(of: object) -> object:
        tried.append(of)
        raise CatalogError("it cannot be judged")

    lasting = Lasting(fail, 60.0)
    for _ in range(3):
        with pytest.raises(CatalogError, match="cannot be judged"):
            lasting.get_within("it", 30)
    assert tried == ["it"]


def test_where_the_only_token_is_revoked_people_are_told_so_and_nothing_of_a_proxy(zone: Zone) -> None:
    with serving(zone.config, roles=("viewer",)) as served:
        assert landproof("tokens", "revoke", "viewer", "--config", zone.config).status == 0
        assert until(lambda: "no token lets anybody in" in served.get("/", **PAGE).text)
        answer = served.get("/", **PAGE)
        assert answer.status_code == 401
        assert "proxy" not in answer.text


def test_what_the_service_keeps_inside_a_zone_is_no_stray(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.exports(2)
    head = f'[catalog]\npath = "zone/landproof.duckdb"\n[zones.zone]\nurl = "{zone.root}"\n'
    zone.config.write_text(head + daily(), encoding="utf-8")
    assert zone.scan().status == 0
    with serving(zone.config, roles=("operator",)) as served, served.client("operator") as client:
        assert (zone.root / "landproof.service" / "tokens.json").exists()
        assert list(zone.root.glob("landproof-scratch-*/*.duckdb")), "the copy is not where it could be in the way"
        assert ended(client, ask(client, "scan"))["exit_status"] == 0
        document = json.loads(landproof("sql", "SELECT path FROM strays", "--json", "--config", zone.config).out)
        assert document["rows"] == []


def test_a_sample_is_drawn_as_a_job_and_is_the_one_that_the_command_draws(zone: Zone) -> None:
    zone.scan()
    zone.run("check")
    with serving(zone.config, roles=ROLES) as served, served.client("auditor") as client:
        asked = {"seed": "4 1 6 2 5", "count": 2, "by": "dataset", "from": "2026-09-01", "to": "2026-09-30"}
        job = ended(client, ask(client, "audit sample", **asked))
        drawn = client.get(f"/api/v1/jobs/{job['id']}/document").content.decode()
        words = ("--seed", "4 1 6 2 5", "--count", "2", "--by", "dataset", "--from", "2026-09-01", "--to", "2026-09-30")
        assert drawn == landproof("audit", "sample", *words, "--json", "--config", zone.config).out
        assert json.loads(drawn)["sample"]
        form = {"command": "audit sample", "seed": "x", "count": "3", "by": "zone", "from": "2026-09-01"}
        sent = client.post("/audit/jobs", data=form, headers=PAGE)
        assert (sent.status_code, sent.headers["location"].startswith("/jobs/")) == (303, True)
        assert client.post("/audit/jobs", data=form | {"seed": ""}, headers=PAGE).status_code == 400
        assert client.post("/audit/jobs", data=form | {"zone": "zone"}, headers=PAGE).status_code == 400
        assert 'value="audit sample"' in client.get("/audit", headers=PAGE).text
        with served.client("viewer") as refused:
            body = {"command": "audit sample", "seed": "x"}
            assert refused.post("/api/v1/jobs", json=body).status_code == 403
