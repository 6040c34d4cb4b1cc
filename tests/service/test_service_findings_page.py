"""The Findings page: what the catalog has, by any filter, page after page, and one finding as history tells it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from support.service import Served, serving
from support.years import Years
from support.zones import ALPHA, BETA, Zone, daily, some_json

from catalog.questions.inquiry import Inquiry
from catalog.service.api.finding_documents import FindingDocument, FindingsDocument
from catalog.service.views import finding, findings
from catalog.service.views.finding import FindingQuestion
from catalog.service.views.findings import FindingsQuestion
from catalog.settings.loading import load_settings
from catalog.store.database import Catalog
from catalog.store.finding_search import Grouping
from fixtures.content import TIME, json_part
from verifier.errors import UnknownError, UsageError
from verifier.findings import REGISTER

Document = dict[str, Any]
GARBAGE = "gzip.trailing-garbage"
ANY = ("any",)
HOSTILE = "<script>alert(1)</script>"
CHOSEN_BADLY = [
    "' OR 1=1 --",
    '"; DROP TABLE finding; --',
    "%",
    "_",
    "<img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}",
    "\ud800",
    "\u202e",
    "x" * 400,
]


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """Two datasets, one with something behind the end of a file, scanned."""
    zone = Zone(tmp_path)
    zone.settings(daily(starts_at="2026-09-20T01:00:00Z"))
    folder = zone.export(files=2)
    zone.export(BETA, files=1)
    zone.put(f"{folder}/{json_part(0)}", some_json() + b"behind")
    assert zone.scan().status == 2
    return zone


def inquiry(zone: Zone) -> Inquiry:
    return Inquiry(load_settings(zone.config, {}), Catalog(zone.catalog))


def found(of: Zone, /, **asked: Any) -> Document:
    return findings.findings(inquiry(of), FindingsQuestion(**asked))


def followed(zone: Zone, one: Document) -> Document:
    asked = FindingQuestion(one["code"], one["snapshot_id"], one["id"].rpartition("/")[2])
    return finding.finding(inquiry(zone), asked)


def recorded(zone: Zone, view: str = "findings") -> list[tuple[Any, ...]]:
    """What the catalog's own view has, by SQL, as the page tells it."""
    rows = zone.run("sql", f"SELECT snapshot, code, level, path, message, expected, actual, count FROM {view}").document
    return sorted((tuple(row) for row in rows["rows"]), key=repr)


def listed(document: Document) -> list[tuple[Any, ...]]:
    names = ("snapshot_id", "code", "level", "path", "message", "expected", "actual", "count")
    return sorted((tuple(one[name] for name in names) for one in document["findings"]), key=repr)


def all_pages(asker: Inquiry, **asked: Any) -> list[Document]:
    pages, cursor = list[Document](), None
    while not pages or cursor:
        pages.append(findings.findings(asker, FindingsQuestion(cursor=cursor, **asked)))
        cursor = pages[-1]["next"]
    return pages


class TestWhatIsListed:
    def test_is_what_the_catalog_has_of_findings_that_are_open(self, zone: Zone) -> None:
        document = found(zone, levels=ANY)
        assert listed(document) == recorded(zone)
        assert GARBAGE in {one["code"] for one in document["findings"]}
        assert document["counts"]["findings"] == len(document["findings"])

    def test_keeps_to_errors_and_warnings_unless_a_code_or_a_level_is_asked_for(self, zone: Zone) -> None:
        assert {one["level"] for one in found(zone)["findings"]} <= {"error", "warn"}
        every = {one["code"] for one in found(zone, levels=ANY)["findings"] if one["level"] == "info"}
        for code in every:
            assert {one["code"] for one in found(zone, codes=(code,))["findings"]} == {code}

    def test_has_place_advice_and_snapshot_of_each(self, zone: Zone) -> None:
        (one,) = found(zone, codes=(GARBAGE,))["findings"]
        assert one["snapshot_id"] == f"zone/{ALPHA}/{TIME}"
        assert one["path"].endswith(json_part(0))
        assert one["hint"] == REGISTER[GARBAGE].advice
        assert one["state"] == "open"

    def test_is_narrowed_by_dataset_zone_period_and_text(self, zone: Zone) -> None:
        assert found(zone, codes=(GARBAGE,), dataset=ALPHA)["counts"]["findings"] == 1
        assert found(zone, codes=(GARBAGE,), dataset=BETA)["counts"]["findings"] == 0
        assert (
            found(zone, codes=(GARBAGE,), zone="zone", start="2026-09-20", end="2026-09-20")["counts"]["findings"] == 1
        )
        assert found(zone, codes=(GARBAGE,), start="2026-09-21")["counts"]["findings"] == 0
        assert found(zone, family="gzip", text=json_part(0).upper())["counts"]["findings"] == 1
        assert found(zone, family="gzip", text=json_part(1))["counts"]["findings"] == 0

    def test_tells_whether_somebody_accepted_it(self, zone: Zone) -> None:
        words = ("--code", GARBAGE, "--reason", "known <b>since</b> the move")
        assert zone.run("accept", f"zone/{ALPHA}/{TIME}", *words).status == 0
        (one,) = found(zone, accepted=True)["findings"]
        assert (one["code"], one["accepted"]["reason"]) == (GARBAGE, "known <b>since</b> the move")
        assert GARBAGE not in {other["code"] for other in found(zone, accepted=False)["findings"]}
        assert found(zone, codes=(GARBAGE,))["counts"]["accepted"] == 1
        assert zone.run("accept", f"zone/{ALPHA}/{TIME}", "--code", GARBAGE, "--lift").status == 0
        assert found(zone, accepted=True)["findings"] == []

    def test_lists_what_is_gone_only_where_all_ever_seen_is_asked_for(self, zone: Zone) -> None:
        mend(zone)
        assert found(zone, codes=(GARBAGE,))["findings"] == []
        (one,) = found(zone, codes=(GARBAGE,), only_open=False)["findings"]
        assert one["state"] == "gone"
        assert one["first_seen_at"] <= one["last_seen_at"] < one["gone_at"]

    def test_refuses_unknown_codes_families_and_cursors_of_nobody(self, zone: Zone) -> None:
        with pytest.raises(UnknownError, match=r"no finding code 'gzip\.trailing'") as trouble:
            found(zone, codes=("gzip.trailing",))
        assert GARBAGE in (trouble.value.hint or "")
        with pytest.raises(UnknownError, match="no family"):
            found(zone, family="gz")
        for cursor in ("x", "W10", "bnVsbA", "W251bGwsMSwyLDMsNCw1LDZd", "é"):
            with pytest.raises(UsageError, match="cursor: expected one that an answer gave"):
                found(zone, cursor=cursor)

    @pytest.mark.parametrize("text", CHOSEN_BADLY)
    def test_takes_whatever_is_written_for_what_it_is(self, zone: Zone, text: str) -> None:
        for name in ("zone", "text"):
            document = found(zone, levels=ANY, **{name: text})
            assert document["asked"][name] == text
            assert all(text in json.dumps(one, ensure_ascii=False) for one in document["findings"])
        assert found(zone, levels=ANY, dataset=text)["findings"] == []
        assert recorded(zone)


class TestPages:
    @pytest.mark.parametrize("only_open", [True, False])
    def test_give_everything_once(self, years_small: Years, only_open: bool) -> None:
        asker = Inquiry(load_settings(years_small.config, {}), Catalog(years_small.catalog))
        pages = all_pages(asker, levels=ANY, only_open=only_open, limit=97)
        ids = [one["id"] for page in pages for one in page["findings"]]
        assert len(pages) > 2
        assert len(ids) == len(set(ids)) == pages[0]["counts"]["findings"]
        moments = [one["export_at"] for page in pages for one in page["findings"]]
        assert moments == sorted(moments, reverse=True)

    def test_count_what_the_catalog_counts(self, years_small: Years) -> None:
        asker = Inquiry(load_settings(years_small.config, {}), Catalog(years_small.catalog))
        with asker.catalog.read() as connection:
            rows = connection.execute(
                """SELECT code, count(*) FROM (SELECT DISTINCT snapshot, code, path, place FROM findings)
                   GROUP BY ALL ORDER BY ALL"""
            ).fetchall()
        document = findings.findings(asker, FindingsQuestion(levels=ANY, limit=1))
        assert sorted((one["code"], one["findings"]) for one in document["groups"]) == rows

    @pytest.mark.parametrize("by", list(Grouping))
    def test_groups_add_up_to_all(self, years_small: Years, by: Grouping) -> None:
        asker = Inquiry(load_settings(years_small.config, {}), Catalog(years_small.catalog))
        document = findings.findings(asker, FindingsQuestion(levels=ANY, group=by, only_open=False, limit=1))
        assert document["groups_more"] == 0
        for name in ("findings", "errors", "warnings", "infos", "accepted", "open"):
            assert sum(one[name] for one in document["groups"]) == document["counts"][name]


def mend(zone: Zone) -> None:
    """Write the file as it should have been, and scan."""
    path = f"{ALPHA}/exportTime={TIME}/{json_part(0)}"
    zone.put(path, (zone.root / path).read_bytes().removesuffix(b"behind"))
    assert GARBAGE not in zone.scan().out


def put_back(zone: Zone, spoilt: bytes) -> None:
    """Write the file as it was found, and scan."""
    zone.put(f"{ALPHA}/exportTime={TIME}/{json_part(0)}", spoilt)
    assert GARBAGE in zone.scan().out


class TestOneFindingOverTime:
    def test_tells_the_story_of_history(self, zone: Zone) -> None:
        (one,) = found(zone, codes=(GARBAGE,))["findings"]
        spoilt = (zone.root / one["path"]).read_bytes()
        mend(zone)
        put_back(zone, spoilt)
        states = [event for event in followed(zone, one)["events"] if event["kind"] == "state"]
        revisions = zone.run("history", one["snapshot_id"]).document["revisions"]
        assert [(e["at"], e["scan_id"]) for e in states] == [(r["recorded_at"], r["scan_id"]) for r in revisions]
        for event, revision in zip(states, revisions, strict=True):
            told = [
                f
                for f in revision["snapshot"]["findings"]
                if f["code"] == GARBAGE and f["path"] == one["path"] and f["where"] == one["where"]
            ]
            assert event["findings"] == told
            assert event["verdict"] == revision["snapshot"]["verdict"]
        assert [event["became"] for event in states] == ["first_seen", "gone", "back"]

    def test_tells_who_accepted_it_and_took_that_back(self, zone: Zone) -> None:
        (one,) = found(zone, codes=(GARBAGE,))["findings"]
        zone.run("accept", one["snapshot_id"], "--code", GARBAGE, "--reason", "known")
        assert followed(zone, one)["finding"]["accepted"]["reason"] == "known"
        zone.run("accept", one["snapshot_id"], "--code", GARBAGE, "--lift")
        document = followed(zone, one)
        assert [event["kind"] for event in document["events"]] == ["state", "accepted", "taken_back"]
        assert document["finding"]["accepted"] is None

    def test_has_an_id_that_stays_the_same(self, zone: Zone) -> None:
        (one,) = found(zone, codes=(GARBAGE,))["findings"]
        mend(zone)
        (later,) = found(zone, codes=(GARBAGE,), only_open=False)["findings"]
        document = followed(zone, one)
        assert one["id"] == later["id"] == document["id"]
        assert document["state"] == "gone"
        assert document["gone_at"] == later["gone_at"]

    def test_is_not_known_where_no_state_has_it(self, zone: Zone) -> None:
        with pytest.raises(UnknownError, match="no finding"):
            finding.finding(inquiry(zone), FindingQuestion(GARBAGE, f"zone/{ALPHA}/{TIME}", "0" * 16))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service over a zone of which a dataset is called like a script."""
    zone = Zone(tmp_path_factory.mktemp("findings"))
    zone.settings()
    folder = zone.export(HOSTILE.replace("/", "\u2215"), files=1)
    zone.flip(folder)
    assert zone.scan().status == 2
    with serving(zone.config) as running:
        yield running


def page(served: Served, path: str) -> httpx.Response:
    return served.get(path, Accept="text/html")


def timeless(document: Document) -> Document:
    """Leave out when it was answered."""
    return {name: value for name, value in document.items() if name != "at"}


class TestOverHttp:
    def test_the_page_and_its_twin_and_the_api_tell_the_same(self, served: Served) -> None:
        twin = served.document("/findings?level=any&state=all")
        assert timeless(twin) == timeless(served.document("/api/v1/findings?level=any&state=all"))
        FindingsDocument.model_validate(twin)
        assert page(served, "/findings?level=any&format=json").json()["findings"]
        text = page(served, "/findings?level=any&state=all").text
        assert all(one["code"] in text for one in twin["findings"])

    def test_names_are_text_and_never_markup(self, served: Served) -> None:
        (path,) = {f"/findings/{one['id']}" for one in served.document("/findings")["findings"][:1]}
        for address in ("/findings", path):
            answer = page(served, address)
            assert answer.status_code == 200
            assert "<script>alert" not in answer.text
            assert "&lt;script&gt;alert" in answer.text

    def test_a_command_to_paste_is_quoted_for_a_shell(self, served: Served) -> None:
        one = served.document("/findings")["findings"][0]
        text = unescape(page(served, f"/findings/{one['id']}").text)
        assert shlex.join(["landproof", "history", one["snapshot_id"]]) in text
        assert f"landproof history {one['snapshot_id']}" not in text

    def test_one_finding_is_at_its_id_as_page_and_document(self, served: Served) -> None:
        one = served.document("/findings")["findings"][0]
        document = served.document(f"/api/v1/findings/{one['id']}")
        FindingDocument.model_validate(document)
        assert (document["id"], document["finding"]["code"]) == (one["id"], one["code"])
        assert timeless(served.document(f"/findings/{one['id']}")) == timeless(document)

    @pytest.mark.parametrize("text", [*CHOSEN_BADLY[:-3], "\u202e", "x" * 400, "a\0b", "%ff"])
    def test_hostile_values_harm_nobody(self, served: Served, text: str) -> None:
        for name in ("zone", "dataset", "text", "code", "from", "cursor", "level", "limit"):
            answer = page(served, f"/findings?{name}={quote(text)}")
            assert answer.status_code in (200, 400, 404), answer.text
            assert "<img src=x" not in answer.text
            assert "<script>alert" not in answer.text
        assert served.document("/findings")["findings"]

    def test_what_nobody_reads_is_refused(self, served: Served) -> None:
        answer = page(served, "/api/v1/findings?levle=error")
        assert answer.status_code == 400
        assert "level" in answer.text

    def test_an_empty_form_asks_for_what_is_usual(self, served: Served) -> None:
        names = ("state", "level", "family", "code", "zone", "dataset", "from", "to", "accepted", "text")
        answer = served.document("/findings?" + "&".join(f"{name}=" for name in names))
        assert timeless(answer) == timeless(served.document("/findings"))

    def test_the_next_page_is_linked(self, served: Served) -> None:
        first = served.get("/api/v1/findings?limit=1&level=any")
        linked = first.headers["link"].partition(">")[0].removeprefix("<")
        assert served.document(linked)["findings"] != first.json()["findings"]
