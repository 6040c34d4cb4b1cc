"""The Audit page: a period counted as the catalog has it, the ledger's state, and reports and bundles for who may."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from support.processes import until
from support.service import Served, serving
from support.zones import ALPHA, BETA, Zone, daily

from catalog.questions.inquiry import Inquiry
from catalog.service.api.finding_documents import AuditDocument
from catalog.service.views import audit
from catalog.service.views.audit import AuditQuestion, presets
from catalog.settings.loading import load_settings
from catalog.store.database import Catalog
from fixtures.content import TIME, json_part
from verifier.errors import UnknownError, UsageError

Document = dict[str, Any]
START, END = "2026-09-10", "2026-09-20"
NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)
FORM = {"from": START, "to": END}


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """Two daily datasets, one with a bad export and one without rows, the other with few; a key, a place outside."""
    zone = Zone(tmp_path_factory.mktemp("audited"))
    tables = (daily(starts_at=f"{START}T01:00:00Z"), daily(BETA, starts_at=f"{START}T01:00:00Z"))
    zone.settings(*tables)
    text = zone.config.read_text()
    zone.config.write_text(text.replace("[catalog]\n", f'[catalog]\ncheckpoints = "{zone.folder / "outside"}"\n', 1))
    (zone.folder / "outside").mkdir()
    assert zone.run("keys", "new").status == 0
    folders = zone.exports(10)
    zone.exports(4, BETA)
    zone.flip(folders[3])
    zone.put(f"{folders[5]}/{json_part(0)}", b"")
    zone.scan()
    zone.run("check", "--from", START)
    zone.run("hold", "add", f"zone/{ALPHA}/{TIME}", "--reason", "a dispute")
    return zone


@pytest.fixture(scope="module")
def served(zone: Zone) -> Iterator[Served]:
    """A service over it, by token."""
    with serving(zone.config, roles=("viewer", "auditor")) as running:
        yield running


def audited(of: Zone, **asked: Any) -> Document:
    asker = Inquiry(load_settings(of.config, {}), Catalog(of.catalog), asked_at=NOW)
    return audit.audit(asker, AuditQuestion(**({"start": START, "end": END} | asked)))


class TestThePeriod:
    def test_is_the_last_month_unless_another_is_said(self) -> None:
        named = {one["name"]: (one["from"], one["to"]) for one in presets(datetime(2026, 1, 31, 23, tzinfo=UTC))}
        assert named == {
            "last month": ("2025-12-01", "2025-12-31"),
            "last quarter": ("2025-10-01", "2025-12-31"),
            "last year": ("2025-01-01", "2025-12-31"),
            "this year so far": ("2026-01-01", "2026-01-31"),
        }

    def test_without_one_what_there_is_of_the_last_month_is_counted(self, zone: Zone) -> None:
        document = audited(zone, start=None, end=None)
        assert (document["period"]["from"], document["period"]["to"][:10]) == ("2026-09-01T00:00:00Z", "2026-09-30")

    def test_cannot_end_before_it_begins_or_be_of_what_nobody_knows(self, zone: Zone) -> None:
        with pytest.raises(UsageError, match="is before"):
            audited(zone, start=END, end=START)
        with pytest.raises(UnknownError, match="no dataset nobody"):
            audited(zone, dataset="nobody")
        for text in ("' OR 1=1", "x" * 5000, "\ud800", "%"):
            with pytest.raises(UsageError, match="expected a time"):
                audited(zone, start=text)
            assert audited(zone, zone=text)["slots"]["due"] == 0


class TestTheFigures:
    def test_are_those_of_the_catalog(self, zone: Zone) -> None:
        rows = zone.run(
            "sql",
            "SELECT status, verdict, count(*) FROM slots "
            f"WHERE due_at BETWEEN '{START}' AND '{END} 23:59' GROUP BY ALL",
        ).document["rows"]
        slots = audited(zone)["slots"]
        told = Counter({(one["status"], one["verdict"]): one["slots"] for one in slots["states"]})
        assert told == Counter({(status, verdict): n for status, verdict, n in rows if status != "not_due"})
        assert slots["due"] > 0
        assert slots["missing"] > 0
        assert slots["bad"] == 2

    def test_count_each_slot_once(self, zone: Zone) -> None:
        slots = audited(zone)["slots"]
        assert slots["due"] == sum(slots[name] for name in ("good", "bad", "missing", "paused", "neither"))
        assert slots["exceptions"]["open"] == slots["bad"] + slots["missing"]

    def test_keep_to_a_dataset_and_a_zone(self, zone: Zone) -> None:
        both = audited(zone)["slots"]["due"]
        each = [audited(zone, dataset=dataset)["slots"]["due"] for dataset in (ALPHA, BETA)]
        assert sum(each) == both
        assert audited(zone, zone="elsewhere")["slots"]["due"] == 0
        assert audited(zone, dataset=ALPHA)["decisions"]["holds_now"] == 1
        assert audited(zone, dataset=BETA)["decisions"]["holds_now"] == 0

    def test_tell_the_ledger_with_who_signed_it_and_where_else_it_stands(self, zone: Zone) -> None:
        ledger = audited(zone)["ledger"]
        verified = zone.run("ledger", "verify").document
        assert ledger["entries"] == verified["entries"]
        assert ledger["checkpoint"]["size"] == verified["newest_checkpoint"]["size"]
        assert ledger["checkpoint"]["not_covered"] == 0
        assert ledger["checkpoint"]["signed_by"] == verified["newest_checkpoint"]["signed_by"] != None  # noqa: E711
        assert ledger["outside"].endswith("outside")
        assert [key["name"] for key in ledger["keys"]] == [ledger["checkpoint"]["signed_by"]["name"]]

    def test_say_that_a_checkpoint_is_unsigned(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        zone.settings(daily())
        zone.export()
        zone.scan()
        ledger = audited(zone)["ledger"]
        assert (ledger["checkpoint"]["signed_by"], ledger["outside"], ledger["keys"]) == (None, None, [])


@contextmanager
def browser(served: Served, role: str) -> Iterator[httpx.Client]:
    """Yield a browser that is logged in, as the page's forms need it."""
    served.expect("landproof: login: ")
    headers = {"Accept": "text/html"}
    with httpx.Client(base_url=served.url, headers=headers, timeout=60, trust_env=False) as client:
        assert client.post("/login", data={"token": served.token(role), "next": "/audit"}).status_code == 303
        yield client


def secret(client: httpx.Client) -> str:
    match = re.search(r'name="csrf" value="([^"]+)"', client.get("/audit").text)
    assert match
    return match[1]


class TestWhatIsMadeOfIt:
    @pytest.mark.parametrize(("command", "begins"), [("audit report", b"<!doctype html>"), ("audit bundle", b"PK")])
    def test_an_auditor_has_it_made_and_takes_it(self, served: Served, command: str, begins: bytes) -> None:
        with browser(served, "auditor") as client:
            answer = client.post("/audit/jobs", data={"command": command, "csrf": secret(client)} | FORM)
            assert answer.status_code == 303, answer.text
            job = answer.headers["location"].rpartition("/")[2]
            document = dict[str, Any]()

            def is_over() -> bool:
                document.update(client.get(f"/api/v1/jobs/{job}").json())
                return document["state"] not in ("queued", "running")

            assert until(is_over, 120)
            assert document["state"] == "succeeded", document
            assert client.get(f"/api/v1/jobs/{job}/file").content.lower().startswith(begins.lower())
            assert f"/api/v1/jobs/{job}/file" in client.get("/audit").text

    def test_without_the_secret_of_the_page_nothing_is_made(self, served: Served) -> None:
        with browser(served, "auditor") as client:
            before = len(client.get("/api/v1/jobs").json()["jobs"])
            assert client.post("/audit/jobs", data={"command": "audit bundle"} | FORM).status_code == 403
            assert len(client.get("/api/v1/jobs").json()["jobs"]) == before

    def test_a_viewer_is_told_whom_to_ask_and_makes_nothing(self, served: Served) -> None:
        with browser(served, "viewer") as client:
            text = client.get("/audit").text
            assert 'action="/audit/jobs"' not in text
            assert "--role auditor" in text
            form = {"command": "audit bundle", "csrf": secret(client)} | FORM
            assert client.post("/audit/jobs", data=form).status_code == 403

    def test_only_its_own_commands_are_run(self, served: Served) -> None:
        with browser(served, "auditor") as client:
            for wrong in (
                {"command": "scan"},
                {"command": "audit report", "form": "exe"},
                {"command": "audit bundle; x"},
            ):
                answer = client.post("/audit/jobs", data={"csrf": secret(client)} | FORM | wrong)
                assert answer.status_code == 400


class TestThePage:
    def test_has_a_twin_which_is_the_document_of_the_api(self, served: Served) -> None:
        query = f"from={START}&to={END}"
        twin = served.document(f"/audit?{query}", "viewer")
        AuditDocument.model_validate(twin)
        other = served.document(f"/api/v1/audit?{query}", "viewer")
        assert twin | {"at": None} == other | {"at": None}

    def test_says_what_is_not_proved_and_how_to_check_without_us(self, served: Served) -> None:
        text = served.get("/audit", "viewer", Accept="text/html").text
        assert "What all this does not prove" in text
        assert "python3 verify.py" in text
        assert all(str(one["what"]) in text for one in served.document("/audit", "viewer")["limits"])

    def test_commands_to_paste_are_quoted_for_a_shell(self, served: Served) -> None:
        zone = "it's; rm -rf $HOME"
        text = unescape(served.get(f"/audit?zone={quote(zone)}", "auditor", Accept="text/html").text)
        assert f"--zone {shlex.quote(zone)} " in text

    def test_shows_what_is_said_as_text(self, served: Served) -> None:
        answer = served.get("/audit?zone=%3Cscript%3Ealert(1)%3C/script%3E", "auditor", Accept="text/html")
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
