"""The page of a dataset: its slots, exports, chain and what was said of it, for every kind of dataset there is."""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from support.service import Document, Served, serving
from support.settings_files import load
from support.zones import Zone, digits

from catalog.questions.inquiry import Inquiry
from catalog.schedule import Cron, Every, Once, Schedule
from catalog.service.drawing.days import TONES
from catalog.service.views.dataset import DatasetQuestion, dataset
from catalog.service.views.dataset_parts import schedule_words, schema_changes
from catalog.service.views.dataset_slots import Span, span_of
from catalog.store.database import Catalog
from catalog.store.series import Landed, columns_by_digest, landed, years_of
from fixtures.content import TIME, gz, json_part, moment
from verifier.errors import UnknownError
from verifier.model import Column, Depth, Presence, Verdict

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
FIRST = NOW - 6 * DAY
IDS = {
    name: f"64e0d00000000000000000{number:02}"
    for number, name in enumerate(("daily", "free", "nothing", "unreadable", "often", "cron", "ended", "stray"))
}
HOSTILE = '"><script>alert(1)</script>\u202e\u2066 ' + "very long " * 30
REASON = "<b>moving house</b>"


def table(name: str, *lines: str, zone: str = "zone") -> str:
    return f'[[datasets]]\nzone = "{zone}"\nid = "{IDS[name]}"\n' + "".join(f"{line}\n" for line in lines)


def settings_of(zone: Zone) -> None:
    starts = f'starts_at = "{FIRST.isoformat()}"'
    tables = (
        table("daily", 'name = "Web events"', 'every = "24h"', starts, 'recovery_point = "30h"', 'drill_every = "30d"'),
        table("free", 'name = "Now and then"'),
        table("nothing", f"name = {quoted(HOSTILE)}", 'every = "24h"', starts),
        table("unreadable", 'name = "Only bad"', 'every = "24h"', starts),
        table("often", 'name = "Clicks"', 'every = "3h"', starts),
        table("cron", 'name = "By cron"', f'cron = "{FIRST.minute} {FIRST.hour} * * *"'),
        table("ended", 'name = "Over"', 'every = "24h"', starts, f'ends_at = "{(FIRST + 3 * DAY).isoformat()}"'),
    )
    zone.settings(*tables, zone="lifetime_days = 7\nexpiry_warning_days = 3")


def quoted(text: str) -> str:
    written = '"' + "".join(c if c.isalnum() or c in " ()" else f"\\u{ord(c):04x}" for c in text) + '"'
    assert tomllib.loads(f"x = {written}")["x"] == text
    return written


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """Datasets of every kind over six days; of the daily one the third day lacks, and the fifth is waived."""
    made = Zone(tmp_path_factory.mktemp("dataset-page"))
    settings_of(made)
    for day in range(6):
        at = FIRST + day * DAY
        if day not in (2, 4):
            made.export(IDS["daily"], digits(at), landed=at + HOUR)
        for name in ("free", "cron", "stray"):
            made.export(IDS[name], digits(at), landed=at + HOUR)
        if day < 3:
            made.export(IDS["ended"], digits(at), landed=at + HOUR)
    for step in range(40):
        at = FIRST + step * 3 * HOUR
        made.export(IDS["often"], digits(at), landed=at + HOUR / 2)
    broken = {json_part(0): gz(b"{}\n")[:-4]}
    made.export(IDS["unreadable"], digits(FIRST), broken, landed=FIRST + HOUR)
    assert made.scan().status == 2
    day = FIRST + 4 * DAY
    waived = made.run("waive", f"zone/{IDS['daily']}", "--from", day - HOUR, "--to", day + HOUR, "--reason", REASON)
    assert waived.status == 0, waived.err
    made.run("drill", f"zone/{IDS['daily']}", "--accept-gaps")
    held = made.run("hold", "add", f"zone/{IDS['daily']}/{digits(FIRST)}", "--reason", "audit")
    assert held.status == 0, held.err
    return made


@pytest.fixture(scope="module")
def inquiry(zone: Zone) -> Inquiry:
    settings = load(zone.folder, zone.config.read_text(encoding="utf-8"))
    return Inquiry(settings, Catalog(zone.catalog), asked_at=datetime.now(UTC))


@pytest.fixture(scope="module")
def checked(zone: Zone) -> Document:
    return zone.run("check").document


@pytest.fixture(scope="module")
def served(zone: Zone) -> Iterator[Served]:
    with serving(zone.config, roles=("viewer", "operator")) as running:
        yield running


def told(inquiry: Inquiry, checked: Document, name: str, **asked: object) -> Document:
    return dataset(inquiry, ("zone", IDS[name]), checked, DatasetQuestion(**asked))


def words_of(document: Document) -> dict[str, str]:
    return {day["date"]: day["word"] for day in document["calendar"]["days"]}


def test_the_calendar_has_a_word_for_each_slot(inquiry: Inquiry, checked: Document) -> None:
    document = told(inquiry, checked, "daily")
    days = [(FIRST + n * DAY).date().isoformat() for n in range(6)]
    words = words_of(document)
    assert [words[day] for day in days] == ["good", "good", "missing", "good", "waived", "good"]
    assert document["calendar"]["counts"]["missing"] == 1
    judged = next(d for d in checked["datasets"] if d["dataset_id"] == IDS["daily"])
    by_status = {slot["due_at"][:10]: slot["status"] for slot in judged["slots"]}
    assert [by_status[day] for day in days] == ["on_time", "on_time", "missing", "on_time", "paused", "on_time"]


def test_points_of_the_lines_are_the_exports_and_what_lacks_is_no_zero(inquiry: Inquiry, checked: Document) -> None:
    points = told(inquiry, checked, "daily")["series"]["points"]
    assert all((point["bytes"] is None) == (point["word"] in ("missing", "waived")) for point in points)
    assert all(point["rows"] == 5 for point in points if point["bytes"] is not None)


def test_the_chain_is_that_of_the_plan(zone: Zone, inquiry: Inquiry, checked: Document) -> None:
    for name in ("daily", "often", "cron", "free", "unreadable", "ended"):
        plan = zone.run("restore", "plan", f"zone/{IDS[name]}").document
        chain = told(inquiry, checked, name)["chain"]
        assert (chain["state"], chain["recovers_to"]) == (plan["state"], plan["recovers_to"]), name
        assert (chain["snapshots"], chain["bytes"]) == (len(plan["snapshots"]), plan["bytes"])
        assert [gap["due_at"] for gap in chain["gaps"]] == [gap["due_at"] for gap in plan["gaps"]]
        counted = sum(link["count"] for link in chain["links"])
        assert counted == sum(len(plan[part]) for part in ("snapshots", "gaps", "lost", "pending"))


def test_a_dataset_without_schedule_shows_what_landed(inquiry: Inquiry, checked: Document) -> None:
    document = told(inquiry, checked, "free")
    assert document["promise"]["schedule"] is None
    assert set(document["calendar"]["counts"]) == {"good"}
    assert [doubt["kind"] for doubt in document["chain"]["doubts"]][:1] == ["gaps-unknown"]


def test_a_dataset_without_exports_has_neither_chain_nor_lines(inquiry: Inquiry, checked: Document) -> None:
    document = told(inquiry, checked, "nothing")
    assert (document["chain"], document["snapshots"], document["more"]) == (None, [], 0)
    assert all(point["bytes"] is None for point in document["series"]["points"])
    assert document["state"] == "failing"


def test_a_dataset_with_one_unreadable_export_cannot_be_restored(inquiry: Inquiry, checked: Document) -> None:
    document = told(inquiry, checked, "unreadable")
    assert (document["chain"]["state"], document["chain"]["recovers_to"]) == ("broken", None)
    assert [one["verdict"] for one in document["snapshots"]] == ["corrupt"]
    found = {one["code"]: one for one in document["findings"]["listed"]}
    assert found["gzip.truncated"]["hint"]


def test_many_slots_a_day_are_counted_and_paged(inquiry: Inquiry, checked: Document) -> None:
    document = told(inquiry, checked, "often")
    assert max(day["slots"] for day in document["calendar"]["days"]) == 8
    pages = [told(inquiry, checked, "often", page=page) for page in (1, 2, 3)]
    ids = [one["id"] for page in pages for one in page["snapshots"]]
    assert len(ids) == len(set(ids)) == 40
    assert [page["more"] for page in pages] == [20, 0, 0]
    assert ids == sorted(ids, reverse=True)


def test_findings_of_many_slots_are_listed_once_with_how_many(inquiry: Inquiry, checked: Document) -> None:
    found = told(inquiry, checked, "nothing")["findings"]
    missing = [one for one in found["listed"] if one["code"] == "schedule.missing"]
    assert len(missing) == 1
    judged = next(d for d in checked["datasets"] if d["dataset_id"] == IDS["nothing"])
    slots = [slot for slot in judged["slots"] if slot["status"] == "missing"]
    assert missing[0]["same"] == len(slots) - 1
    assert missing[0]["due_at"] == max(slot["due_at"] for slot in slots)
    assert found["count"] == sum(f["level"] != "info" for s in judged["slots"] for f in s["findings"]) + sum(
        f["level"] != "info" for f in judged["findings"]
    )


def test_an_ended_schedule_and_one_by_cron_are_told_in_words(inquiry: Inquiry, checked: Document) -> None:
    ended, cron = told(inquiry, checked, "ended"), told(inquiry, checked, "cron")
    assert ended["promise"]["ends_at"] == (FIRST + 3 * DAY).isoformat().replace("+00:00", "Z")
    assert [one["code"] for one in ended["findings"]["listed"]][:1] == ["schedule.ended"]
    assert cron["promise"]["schedule"] == f"by cron {FIRST.minute} {FIRST.hour} * * *, in UTC"


def test_what_a_zone_deletes_is_told(inquiry: Inquiry, checked: Document) -> None:
    document = told(inquiry, checked, "daily")
    assert document["promise"]["zone_lifetime_seconds"] == 7 * 86_400
    assert document["chain"]["expires_at"] == (FIRST + HOUR + 7 * DAY).isoformat().replace("+00:00", "Z")
    assert "zone.expiring" in {one["code"] for one in document["findings"]["listed"]}


def test_what_people_said_and_tried_is_there(inquiry: Inquiry, checked: Document) -> None:
    document = told(inquiry, checked, "daily")
    assert [(one["reason"], one["is_over"]) for one in document["waivers"]] == [(REASON, True)]
    assert [one["snapshot"] for one in document["holds"]] == [f"zone/{IDS['daily']}/{digits(FIRST)}"]
    assert [one["state"] for one in document["drills"]] == ["passed"]


def test_recovery_points_are_measured_when_asked_for(zone: Zone, inquiry: Inquiry, checked: Document) -> None:
    assert told(inquiry, checked, "daily")["recovery"] is None
    measured = told(inquiry, checked, "daily", measures=True)["recovery"]
    assert [one["days"] for one in measured] == [30, 90]
    assert all(
        one["met_seconds"] + one["missed_seconds"] + one["unknown_seconds"] == one["seconds"] for one in measured
    )
    assert all("stretches" not in one for one in measured)
    assert zone.run("rpo", f"zone/{IDS['daily']}").document["objective_seconds"] == measured[0]["objective_seconds"]
    assert told(inquiry, checked, "free", measures=True)["recovery"] is None


def test_a_dataset_that_is_not_in_the_settings_is_shown_and_not_watched(inquiry: Inquiry, checked: Document) -> None:
    document = told(inquiry, checked, "stray")
    assert (document["promise"], document["state"]) == (None, "not watched")
    assert len(document["snapshots"]) == 6


@pytest.mark.parametrize("year", [1, 1999, 2031, 9998])
def test_a_year_of_which_nothing_is_known_is_empty(inquiry: Inquiry, checked: Document, year: int) -> None:
    document = told(inquiry, checked, "often", year=year)
    assert (document["calendar"]["days"], document["snapshots"], document["series"]["points"]) == ([], [], [])
    assert year in document["years"]


def test_without_a_year_it_is_twelve_months_so_that_january_shows_more_than_itself(
    inquiry: Inquiry, checked: Document
) -> None:
    assert span_of(None, date(2027, 1, 1)) == Span(date(2026, 1, 2), date(2027, 1, 1))
    assert span_of(2026, date(2027, 1, 1)) == Span(date(2026, 1, 1), date(2026, 12, 31))
    assert span_of(None, date(1, 1, 2)) == Span(date(1, 1, 1), date(1, 1, 2))
    span = span_of(2026, NOW.date())
    moments = [datetime(2025, 12, 31, 23, 59, 59, 999_999, UTC), datetime(2026, 1, 1, tzinfo=UTC)]
    moments += [datetime(2026, 12, 31, 23, 59, 59, 999_999, UTC), datetime(2027, 1, 1, tzinfo=UTC)]
    assert [span.covers(at) for at in moments] == [False, True, True, False]
    rolling, of_year = told(inquiry, checked, "daily"), told(inquiry, checked, "daily", year=FIRST.year)
    assert (rolling["year"], of_year["year"]) == (None, FIRST.year)
    assert rolling["calendar"]["to"] == inquiry.now.date().isoformat()
    assert (of_year["calendar"]["from"], of_year["calendar"]["to"]) == (f"{FIRST.year}-01-01", f"{FIRST.year}-12-31")
    assert len(rolling["snapshots"]) == 4
    assert of_year["snapshots"] == [one for one in rolling["snapshots"] if one["export_time"][:4] == str(FIRST.year)]


def test_an_unknown_dataset_names_the_nearest(inquiry: Inquiry) -> None:
    wanted = IDS["daily"][:-1] + "f"
    with pytest.raises(UnknownError) as caught:
        dataset(inquiry, ("zone", wanted), None, DatasetQuestion())
    assert "the nearest known is zone/64e0d0" in str(caught.value.hint)


def test_exports_of_a_dataset_are_read_in_order_within_a_time(inquiry: Inquiry) -> None:
    place = ("zone", IDS["often"])
    every = landed(inquiry.catalog, place)
    assert [one.export_at for one in every] == [FIRST + n * 3 * HOUR for n in range(40)]
    some = landed(inquiry.catalog, place, FIRST + DAY, FIRST + 2 * DAY)
    assert [one.export_at for one in some] == [FIRST + n * 3 * HOUR for n in range(8, 16)]
    assert years_of(inquiry.catalog, place) == sorted({one.export_at.year for one in every})
    assert columns_by_digest(inquiry.catalog, []) == {}
    assert landed(inquiry.catalog, ("zone", "none")) == []


def export(day: int, columns: str | None) -> Landed:
    at = moment(TIME).replace(tzinfo=UTC) + day * DAY
    return Landed(
        export_time=digits(at), export_at=at, verdict=Verdict.GOOD, presence=Presence.PRESENT, depth=Depth.FULL,
        checked=1, files=1, data_files=1, rows=1, bytes=1, landed_at=at, columns=columns,
    )  # fmt: skip


def test_changes_of_the_schema_are_told_with_what_changed() -> None:
    sets = {
        "one": (Column("a", "string", True), Column("b", "long", True)),
        "two": (Column("a", "string", True), Column("b", "double", True), Column("c", "string", True)),
        "three": (Column("a", "string", False), Column("b", "double", True), Column("c", "string", True)),
        "four": (Column("b", "double", True), Column("c", "string", True)),
    }
    exports = [export(n, name) for n, name in enumerate(["one", "one", None, "two", "three", "four"])]
    found = schema_changes(exports, sets, Span(exports[0].export_at.date(), exports[-1].export_at.date()))
    assert [(one["export_time"], one["added"], one["removed"]) for one in found] == [
        (exports[3].export_time, ["c"], []), (exports[5].export_time, [], ["a"])
    ]  # fmt: skip
    assert found[0]["retyped"] == [{"name": "b", "before": "long", "after": "double"}]
    assert schema_changes(exports, sets, span_of(1999, NOW.date())) == []


STARTS = datetime(2026, 1, 5, 4, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cadence", "text"),
    [
        (Every(DAY, STARTS), "every day at 04:30 UTC"),
        (Every(7 * DAY, STARTS), "every Monday at 04:30 UTC"),
        (Every(3 * HOUR, STARTS), "every 3h, from 01:30 UTC on"),
        (Every(5 * HOUR, STARTS), "every 5h, counted from 2026-01-05 04:30 UTC"),
        (Every(2 * DAY, STARTS), "every 48h, counted from 2026-01-05 04:30 UTC"),
        (Cron("0 1 * * *"), "by cron 0 1 * * *, in UTC"),
        (Once(STARTS), "once, 2026-01-05 04:30 UTC"),
    ],
)
def test_a_schedule_is_written_as_people_say_it(cadence: Every | Cron | Once, text: str) -> None:
    assert schedule_words(Schedule(cadence)) == text
    assert schedule_words(None) is None


def page_of(served: Served, name: str, query: str = "", role: str = "viewer") -> str:
    answer = served.get(f"/datasets/zone/{IDS[name]}{query}", role, Accept="text/html")
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("name", list(IDS))
def test_every_kind_of_dataset_has_a_page(served: Served, name: str) -> None:
    page = page_of(served, name)
    assert page.count("<h1") == 1
    assert "What a restore to now would take" in page
    assert "style=" not in page
    assert "<script>alert" not in page
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", page)


def test_drawings_have_a_text_beside_them(served: Served) -> None:
    page = html.unescape(page_of(served, "daily"))
    for drawing in re.findall(r'<svg class="(?:chart|calendar|chain-drawing)"[^>]*>', page):
        assert re.search(r'role="(img|group)" aria-label="[^"]{10,}"', drawing), drawing
    assert "The days as a table" in page
    assert "The chain in words" in page
    for word in set(re.findall(r"<title>[^<:]+: ([a-z ]+)</title>", page)):
        assert word in TONES


def test_only_an_operator_has_what_changes_anything(served: Served) -> None:
    assert 'method="post" action="/api' not in page_of(served, "daily")
    page = page_of(served, "daily", role="operator")
    for wanted in ('action="/api/v1/waive"', 'value="drill"', 'value="scan"'):
        assert wanted in page
    assert html.escape(REASON) in page
    assert REASON not in page


def test_the_page_and_the_interface_tell_the_same(served: Served) -> None:
    page = served.get(f"/datasets/zone/{IDS['often']}?format=json", "viewer", Accept="text/html").json()
    other = served.document(f"/api/v1/dataset?dataset=zone/{IDS['often']}", "viewer")
    by_name = served.document("/api/v1/dataset?dataset=Clicks", "viewer")
    for name in ("calendar", "series", "snapshots", "promise"):
        assert page[name] == other[name] == by_name[name]


@pytest.mark.parametrize("place", ["zone/none", "none/none", "zone/%3Cscript%3E", "zone/%E2%80%AE", "%2E%2E/x"])
def test_what_is_not_known_is_a_page_of_its_own(served: Served, place: str) -> None:
    answer = served.get(f"/datasets/{place}", "viewer", Accept="text/html")
    assert answer.status_code == 404
    assert "<script>" not in answer.text.replace('<script src="', "")
    assert "\u202e" not in answer.text


@pytest.mark.parametrize("query", ["year=0", "year=x", "page=0", "measure=perhaps", "yaer=2026", "year=99999"])
def test_a_question_that_cannot_be_read_is_refused(served: Served, query: str) -> None:
    answer = served.get(f"/datasets/zone/{IDS['daily']}?{query}", "viewer", Accept="application/json")
    assert answer.status_code == 400


def test_a_waiver_by_form_is_recorded_and_leads_back(served: Served) -> None:
    fields = {"dataset": f"zone/{IDS['cron']}", "from": "2031-01-01", "to": "2031-01-02", "reason": "holidays",
              "back": f"/datasets/zone/{IDS['cron']}"}  # fmt: skip
    with served.client("operator") as client:
        answer = client.post("/api/v1/waive", data=fields)
    assert answer.status_code == 303
    assert answer.headers["location"] == fields["back"]
    assert "holidays" in page_of(served, "cron")
