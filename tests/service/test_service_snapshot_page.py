"""The page of a snapshot: what it says is what is recorded, what it proves can be checked, and nothing runs in it."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.evidence import Evidence, text, watched
from support.service import Document, Served, serving
from support.zones import ALPHA, Zone, digits, some_json

from catalog.evidence import verify
from catalog.ledger.notes import parse_checkpoint, parse_note, parse_verifier
from fixtures.content import TIME, flipped, moment, parquet, part

ROLES = ("viewer", "auditor", "operator")


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A zone to which all has happened that can happen to exports, with a signed ledger."""
    return watched(tmp_path_factory.mktemp("snapshot-page"))


@pytest.fixture(scope="module")
def served(life: Evidence) -> Iterator[Served]:
    """A service over it, with a token for each role."""
    with serving(life.zone.config, roles=ROLES) as running:
        yield running


def of_day(life: Evidence, day: int) -> str:
    return f"zone/{ALPHA}/{life.export_time(day)}"


def seen(served: Served, snapshot: str, query: str = "", role: str = "viewer") -> str:
    answer = served.get(f"/snapshots/{snapshot}{query}", role, Accept="text/html")
    assert answer.status_code == 200, answer.text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def told(served: Served, snapshot: str, query: str = "") -> Document:
    return served.document(f"/snapshots/{snapshot}{query}", "viewer")


@pytest.mark.parametrize("day", [0, 1, 4, 5, 6, 7])
def test_a_verdict_is_shown_with_depth_and_coverage(life: Evidence, served: Served, day: int) -> None:
    shown = life.zone.run("show", of_day(life, day)).document["snapshot"]
    words = f"{shown['verdict']}, full, {shown['checked']} of {shown['files']} files checked"
    page = seen(served, of_day(life, day))
    assert words in page
    assert f"{shown['verdict']} {words}" not in page


@pytest.mark.parametrize("day", [0, 4, 5, 6])
def test_the_document_is_that_of_show_and_more(life: Evidence, served: Served, day: int) -> None:
    shown = life.zone.run("show", of_day(life, day)).document
    page = told(served, of_day(life, day))
    found = page["snapshot"].pop("findings")
    assert page["snapshot"] == {k: v for k, v in shown["snapshot"].items() if k != "findings"}
    plain = [{k: v for k, v in f.items() if k != "hint"} for f in found]
    assert sorted(map(str, plain)) == sorted(map(str, shown["snapshot"]["findings"]))
    assert all(f["hint"] for f in found)
    assert [{k: v for k, v in f.items() if k != "name"} for f in page["files"]] == shown["files"]
    assert (page["columns"], page["copies"]) == (shown["columns"], shown["copies"])
    assert page["schema"] == "landproof/snapshot/1"
    assert page["name"] == "Web events"


def test_the_page_and_its_document_are_at_one_address(life: Evidence, served: Served) -> None:
    address = f"/snapshots/{of_day(life, 0)}"
    by_name = served.get(f"{address}?format=json", "viewer", Accept="text/html").json()
    assert by_name["snapshot"] == told(served, of_day(life, 0))["snapshot"]
    assert "format=json" in served.get(address, "viewer", Accept="text/html").text


def test_what_it_means_for_a_restore_is_told_with_why(life: Evidence, served: Served) -> None:
    assert told(served, of_day(life, 0))["restore"] == {
        "counts": True, "reason": None, "depths": ["list", "structure", "full"]
    }  # fmt: skip
    assert told(served, of_day(life, 6))["restore"] == {"counts": False, "reason": "gone", "depths": []}
    assert "A restore does not use it as it is here : it is not there any more" in seen(served, of_day(life, 6))


def test_its_slot_tells_how_late_it_came(life: Evidence, served: Served) -> None:
    slot = told(served, of_day(life, 1))["slot"]
    assert (slot["due_at"], slot["status"]) == (text(life.due(1)), "arrived_late")
    assert (slot["after_seconds"], slot["late_seconds"]) == (5 * 3600, 2 * 3600)
    assert slot["filled_by"] == of_day(life, 1)
    assert "2 h late" in seen(served, of_day(life, 1))


def test_neighbours_are_the_nearest_exports_on_both_sides(life: Evidence, served: Served) -> None:
    beside = told(served, of_day(life, 5))["neighbours"]
    assert [n["id"] for n in beside["before"]] == [of_day(life, day) for day in (4, 1, 0)]
    assert [(n["id"], n["presence"]) for n in beside["after"]] == [
        (of_day(life, 6), "vanished"), (of_day(life, 7), "present")
    ]  # fmt: skip


@pytest.mark.parametrize("shortcut", ["latest", "latest-good"])
def test_a_shortcut_leads_to_the_snapshot_that_it_means(life: Evidence, served: Served, shortcut: str) -> None:
    answer = served.get(f"/snapshots/zone/{ALPHA}/{shortcut}?compare=previous", "viewer")
    assert answer.status_code == 307
    assert answer.headers["Location"] == f"/snapshots/{of_day(life, 7)}?compare=previous"


def test_the_last_full_is_where_the_newest_chain_begins(life: Evidence, served: Served) -> None:
    answer = served.get(f"/snapshots/zone/{ALPHA}/last-full", "viewer")
    assert answer.headers["Location"] == f"/snapshots/{of_day(life, 0)}"


@pytest.mark.parametrize("name", ["previous", "zone/{alpha}/{other}", "{other}"])
def test_a_comparison_is_the_document_of_diff(life: Evidence, served: Served, name: str) -> None:
    other = name.format(alpha=ALPHA, other=life.export_time(1))
    page = told(served, of_day(life, 4), f"?compare={other}")
    assert page["comparison"] == life.zone.run("diff", of_day(life, 1), of_day(life, 4)).document
    assert page["comparison_error"] is None


def test_what_cannot_be_compared_is_told_beside_the_rest(life: Evidence, served: Served) -> None:
    assert "no snapshot" in told(served, of_day(life, 4), "?compare=202001010000")["comparison_error"]
    assert told(served, of_day(life, 0), "?compare=previous")["comparison_error"] == (
        "there is no export before this one"
    )
    assert "<x>" in told(served, of_day(life, 4), "?compare=<x>")["comparison_error"]


def test_its_past_tells_what_changed_by_which_scan(life: Evidence, served: Served) -> None:
    states = told(served, of_day(life, 4))["history"]
    known = life.zone.run("history", of_day(life, 4)).document["revisions"]
    assert [(s["verdict"], s["scan_id"], s["changed"]) for s in states] == [
        (r["snapshot"]["verdict"], r["scan_id"], r["changed"]) for r in known
    ]
    assert (len(states), states[0]["changed"]) == (2, [])
    assert states[1]["changed"]
    page = served.get(f"/snapshots/{of_day(life, 4)}", "viewer", Accept="text/html").text
    assert all(f"/scans/{s['scan_id']}" in page for s in states)


def test_as_known_then_it_is_what_it_was_then(life: Evidence, served: Served) -> None:
    states = told(served, of_day(life, 4))["history"]
    then = told(served, of_day(life, 4), f"?as_known_at={states[0]['recorded_at']}")
    assert (then["snapshot"]["verdict"], len(then["history"])) == ("corrupt", 1)
    assert then["as_known_at"] == states[0]["recorded_at"]
    assert "As known at" in seen(served, of_day(life, 4), f"?as_known_at={states[0]['recorded_at']}")


def test_the_proof_can_be_checked_by_what_the_page_gives_alone(life: Evidence, served: Served) -> None:
    proof = told(served, of_day(life, 4), "?proof=true")["proof"]
    entry, checkpoint = proof["entry"], proof["checkpoint"]
    assert proof["state"] == "signed"
    note = parse_note(checkpoint["note"])
    root = parse_checkpoint(note.text)
    path = [base64.b64decode(step) for step in proof["inclusion"]]
    leaf = verify.leaf(entry["body"].encode())
    assert leaf.hex() == entry["leaf"]
    assert root.root.hex() == checkpoint["root"]
    assert verify.is_included(leaf, entry["sequence"], root.size, path, root.root)
    assert not verify.is_included(verify.leaf(b"{}"), entry["sequence"], root.size, path, root.root)
    key = parse_verifier(_key_line(life))
    name, _, signature = note.signatures[0]
    assert (name, verify.is_signed(key.key, note.text.encode(), signature)) == (key.name, True)
    assert checkpoint["signatures"][0]["fingerprint"] == key.fingerprint


def _key_line(life: Evidence) -> str:
    keys: list[dict[str, Any]] = life.zone.run("keys", "list").document["keys"]
    return str(keys[0]["verifier"])


def test_the_entry_says_what_the_verdict_says(life: Evidence, served: Served) -> None:
    page = told(served, of_day(life, 4))
    entry = page["proof"]["entry"]
    snapshot = page["snapshot"]
    assert (entry["verdict"], entry["depth"]) == (snapshot["verdict"], snapshot["depth"])
    assert entry["coverage"] == f"{snapshot['checked']} of {snapshot['files']}"
    assert entry["recorded_at"] == snapshot["judged_at"]
    assert page["proof"]["inclusion"] is None  # which takes all leaves, and is made for who asks
    assert "signed" in seen(served, of_day(life, 4))


def test_what_nobody_signed_is_said_to_prove_little(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.settings()
    zone.export()
    zone.scan()
    with serving(zone.config) as running:
        page = running.document(f"/snapshots/zone/{ALPHA}/{TIME}?proof=true")
        text_ = running.get(f"/snapshots/zone/{ALPHA}/{TIME}", Accept="text/html").text
    assert page["proof"]["state"] == "unsigned"
    assert page["proof"]["inclusion"] is not None
    assert page["proof"]["checkpoint"]["note"] in html.unescape(text_)
    assert page["proof"]["entry"]["body"] in html.unescape(text_)
    assert "nobody signed that" in text_
    assert "Signed by</dt><dd><strong>nobody" in text_
    assert "Accept what was found" not in text_
    assert "Put it on hold" not in text_


def test_a_damaged_place_is_named(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.settings()
    whole = parquet()
    chunk = pq.ParquetFile(io.BytesIO(whole)).metadata.row_group(1).column(0)
    damaged = flipped(whole, chunk.dictionary_page_offset + chunk.total_compressed_size * 2 // 3)
    zone.export(files={part(): damaged})
    zone.scan()
    bad = zone.run("snapshots").document["snapshots"][0]
    with serving(zone.config) as running:
        page = running.document(f"/snapshots/{bad['id']}")
        shown = running.get(f"/snapshots/{bad['id']}", Accept="text/html").text
    found = next(f for f in page["snapshot"]["findings"] if f["code"] == "parquet.corrupt-page")
    assert page["snapshot"]["findings"][0]["level"] == "error"
    assert found["where"].keys() >= {"row_group", "column"}
    for name, value in found["where"].items():
        assert html.escape(f"{name.replace('_', ' ')} {value}") in shown
    assert page["restore"]["reason"] == "bad"
    assert not page["restore"]["counts"]


def test_hostile_names_stay_text_and_many_files_come_in_pages(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>'\"&{{7*7}}.json.gz"
    zone = Zone(tmp_path)
    zone.settings()
    files = {f"part-{n:05}.json.gz": some_json() for n in range(230)} | {evil: some_json()}
    zone.export(files=files)
    zone.scan()
    with serving(zone.config) as running:
        address = f"/snapshots/zone/{ALPHA}/{TIME}"
        first, last = running.document(address), running.document(f"{address}?offset=200")
        one = running.document(f"{address}?name=ALERT")
        shown = running.get(f"{address}?name=%3Cscript%3E", Accept="text/html").text
    assert (first["files_known"], len(first["files"]), first["files_more"]) == (231, 100, 131)
    assert (len(last["files"]), last["files_more"]) == (31, 0)
    assert [f["name"] for f in one["files"]] == [evil]
    assert one["files_matching"] == 1
    assert "<script>alert" not in shown
    assert html.escape(evil) in shown.replace("&#39;", "&#x27;").replace("&#34;", "&quot;")
    assert "49.json" not in shown


def test_who_may_not_change_anything_is_offered_nothing(life: Evidence, served: Served) -> None:
    snapshot = of_day(life, 6)
    viewer, auditor, operator = (seen(served, snapshot, role=role) for role in ROLES)
    assert "Put it on hold" not in viewer
    assert "Accept what was found" not in viewer
    assert "Put it on hold" in auditor
    assert "Accept what was found" not in auditor
    assert "Put it on hold" in operator
    assert "Accept what was found" in operator


def test_a_hold_by_its_form_is_on_the_page_it_leads_back_to(life: Evidence, served: Served) -> None:
    snapshot = of_day(life, 7)
    page = served.get(f"/snapshots/{snapshot}", "auditor", Accept="text/html").text
    form = re.search(r'<form method="post" action="(/api/v1/hold/add)".*?</form>', page, re.DOTALL)
    assert form is not None
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
    with served.client("auditor") as client:
        done = client.post(form[1], data=fields | {"reason": "case 12"})
        assert (done.status_code, done.headers["Location"]) == (303, f"/snapshots/{snapshot}")
        hold = client.get(f"/snapshots/{snapshot}", headers={"Accept": "application/json"}).json()["hold"]
    assert hold["reason"] == "case 12"
    assert hold["by"].startswith("auditor")


def test_what_is_not_known_is_said_to_be_unknown(life: Evidence, served: Served) -> None:
    answer = served.get(f"/snapshots/zone/{ALPHA}/200001010000", "viewer", Accept="text/html")
    assert answer.status_code == 404
    assert "the nearest known is" in answer.text
    assert served.get(f"/snapshots/zone/{ALPHA}/soon", "viewer").status_code == 400
    assert served.get(f"/snapshots/{of_day(life, 0)}?offset=-1", "viewer").status_code == 400


def test_a_snapshot_without_a_schedule_has_no_slot(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.settings()
    zone.export(time=digits(moment(TIME)))
    zone.scan()
    with serving(zone.config) as running:
        page = running.document(f"/snapshots/zone/{ALPHA}/{TIME}")
    assert page["slot"] is None
    assert page["neighbours"] == {"before": [], "after": []}
    assert page["manifest"] is None
