"""SARIF of a judged document; its shape is asserted by hand, since no installed package has the schema of 2.1.0."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st
from support.watched import DATASET, checked, dataset, found, slot

from catalog.check_formats.sarif import sarif_document
from verifier.findings import REGISTER

Document = dict[str, Any]


def run(document: Document) -> Document:
    """Return the one run of a log, held against what the schema requires of it."""
    log = json.loads(json.dumps(sarif_document(document)))
    assert (log["version"], set(log)) == ("2.1.0", {"$schema", "version", "runs"})
    (one,) = log["runs"]
    assert one["tool"]["driver"]["name"] == "landproof"
    assert isinstance(one["invocations"][0]["executionSuccessful"], bool)
    rules = one["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(REGISTER)
    assert all(rule["help"]["text"] and rule["shortDescription"]["text"] for rule in rules)
    for result in one["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        assert result["occurrenceCount"] >= 1
        for place in result["locations"]:
            base = place.get("physicalLocation", {}).get("artifactLocation", {}).get("uriBaseId")
            assert base is None or base in one["originalUriBaseIds"]
    return one


def results(*findings: Document, **more: Any) -> list[Document]:
    """Return the results of a document whose one slot has these findings."""
    return run(checked(dataset([slot(19, findings=findings)], **more)))["results"]


def prints(document: Document) -> list[str]:
    return [result["partialFingerprints"]["landproofFinding/v1"] for result in run(document)["results"]]


def test_a_clean_document_has_all_rules_and_no_result() -> None:
    assert results() == []


def test_levels_are_those_of_sarif() -> None:
    levels = [found("gzip.corrupt"), found("schedule.late", "warn"), found("layout.marker", "info")]
    assert [result["level"] for result in results(*levels)] == ["error", "warning", "note"]


def test_a_finding_says_where_it_is_in_the_zone_and_in_the_watch() -> None:
    (result,) = results(found("json.invalid-line", path="a b/ü.json", where={"line": 7, "column": "x"}, count=3))
    (place,) = result["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20b/%C3%BC.json", "uriBaseId": "cja"},
        "region": {"startLine": 7},
    }
    assert place["logicalLocations"] == [
        {
            "name": "Web events, due 2026-09-19T01:00:00Z",
            "fullyQualifiedName": f"cja/{DATASET}/2026-09-19T01:00:00Z",
            "kind": "slot",
        }
    ]
    assert result["occurrenceCount"] == 3
    assert result["properties"] == {"where": {"line": 7, "column": "x"}}


def test_a_byte_offset_is_a_region_of_bytes() -> None:
    (result,) = results(found("gzip.corrupt", path="a.gz", where={"offset": 0}))
    assert result["locations"][0]["physicalLocation"]["region"] == {"byteOffset": 0}


def test_what_is_about_no_file_has_a_logical_place_alone() -> None:
    (result,) = run(checked(findings=[found("zone.stale")]))["results"]
    assert result["locations"] == [
        {"logicalLocations": [{"name": "watch", "fullyQualifiedName": "watch", "kind": "watch"}]}
    ]


def test_an_accepted_finding_is_there_and_suppressed() -> None:
    accepted = {"by": "ops@host", "at": "2026-09-19T08:00:00Z", "reason": "known {x}", "until": None}
    kept, open_one = results(found("gzip.corrupt", path="a.gz", accepted=accepted), found("gzip.corrupt", path="b.gz"))
    assert kept["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "known {x}",
            "properties": {"by": "ops@host", "at": "2026-09-19T08:00:00Z"},
        }
    ]
    assert open_one["suppressions"] == []


def test_braces_in_a_message_are_no_places_to_fill_in() -> None:
    (result,) = results(found("layout.stray-file", "warn", "not by {DATASET_ID}"))
    assert result["message"]["text"] == "not by {{DATASET_ID}}"


def test_a_fingerprint_outlives_the_night_the_wording_and_the_name() -> None:
    def night(day: int, name: str) -> Document:
        missing = found("schedule.missing", message=f"missing as of day {day}")
        ends = found("schedule.ends-soon", "warn", f"exports end soon, in {30 - day} days")
        stale = found("zone.stale", message=f"zone cja has no complete listing: the newest started on day {day}")
        return checked(dataset([slot(19, "missing", [missing])], [ends], name=name), findings=[stale])

    assert prints(night(20, "Web")) == prints(night(21, "Events"))


def test_fingerprints_tell_findings_apart() -> None:
    several = [
        found("json.invalid-line", path="a.json", where={"line": 1}),
        found("json.invalid-line", path="a.json", where={"line": 2}),
        found("json.invalid-line", path="b.json", where={"line": 1}),
        found("json.not-an-object", path="a.json", where={"line": 1}),
        found("manifest.duplicate-entry", "warn", path="m.json"),
        found("manifest.duplicate-entry", "warn", path="m.json"),
    ]
    zones = [found("zone.expiring", message=f"snapshot cja/{day} will be deleted") for day in (1, 2)]
    other = dataset([slot(19, findings=several)], zone="other")
    seen = prints(checked(dataset([slot(19, findings=several), slot(20, findings=several)]), other, findings=zones))
    assert len(set(seen)) == len(seen) == 20


@given(st.text(max_size=12).filter(bool))
def test_any_path_is_a_relative_reference_that_leads_back_to_it(path: str) -> None:
    (result,) = results(found("file.changed", path=path))
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert ":" not in uri
    assert not uri.startswith("/")
    assert unquote(uri, errors="surrogatepass") == (f"./{path}" if path.startswith("/") else path)


def test_a_night_tells_what_is_about_its_zones_too() -> None:
    zones = [{"zone": "cja", "findings": [found("zone.unreachable")]}]
    night = {"schema": "landproof/nightly/1", "scan": {"zones": zones}, "check": checked(dataset([slot(19)]))}
    (result,) = run(night)["results"]
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "cja"


def test_a_night_tells_what_adobe_says_of_each_run() -> None:
    noted = [found("run.failed", message="a run failed") | {"about": about} for about in ("run 1", "run 2")]
    night = {"scan": {"zones": []}, "check": checked(), "adobe": {"error": None, "findings": noted}}
    assert len(set(prints(night))) == 2
    assert prints(night | {"adobe": None}) == []
