"""The Overview tells what hurts most first, groups what belongs together, hides nothing, and is never green blindly."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.judging import DAILY, DAY, DUE, GRACE, HOUR, arrival, judge
from support.service import Document, Served, serving
from support.settings_files import load
from support.zones import ALPHA, BETA, Zone, daily, digits

from catalog.answers import check_document
from catalog.judging.values import DatasetJudgement, Promise
from catalog.judging.zones import judge_flows, judge_zone
from catalog.questions.inquiry import Inquiry
from catalog.scans.results import Watch
from catalog.service.current.exposure import chain_of, recoveries
from catalog.service.views.overview import OverviewQuestion, Sort, board_of, overview
from catalog.service.views.overview_matters import RANKS, Told, matters_of
from catalog.service.views.overview_rows import Known, rows_of
from catalog.settings.loading import Settings
from catalog.store.database import Catalog
from catalog.store.pulse import OpenNotice, ZoneLook
from verifier.model import Finding, Verdict, finding

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
FIRST = NOW - 5 * DAY
AT = DUE + 2 * DAY
GAMMA = "64e0c0ffee0000000000000c"
HOSTILE = "<script>alert(1)</script> \u202eevil\u2066 " + "x" * 60


def promise(dataset_id: str, **more: object) -> Promise:
    fields = {"zone": "cja", "dataset_id": dataset_id, "name": f"Name {dataset_id}", "schedule": DAILY} | more
    return Promise(**fields)


def judged(*judgements: DatasetJudgement, findings: tuple[Finding, ...] = ()) -> Document:
    return check_document(Watch(AT, judgements, findings))


def whole(dataset_id: str, *days: int, verdict: Verdict = Verdict.GOOD, **more: object) -> DatasetJudgement:
    """Judge two days and what is next; exports landed on those that are given."""
    came = [arrival(DUE + day * DAY, DUE + day * DAY + HOUR, verdict) for day in days]
    return judge(*came, at=AT, look=AT - HOUR / 2 if more.pop("looked", True) else None, since=DUE,
                 promise=promise(dataset_id, **more))  # fmt: skip


def matters(document: Document, **more: object) -> list[Document]:
    rows = rows_of(Known(at=AT, judged=document, configured={}, recorded={}, recoveries=None))
    fields = {"at": AT, "judged": document, "rows": rows, "configured": {}, "looks": {}} | more
    return matters_of(Told(**fields))


def bad(dataset_id: str) -> DatasetJudgement:
    found = finding("parquet.corrupt-page", "a page is damaged", path="a.parquet")
    came = [arrival(DUE + n * DAY, verdict=Verdict.GOOD) for n in (0,)]
    came.append(arrival(DUE + DAY, DUE + DAY + HOUR, Verdict.CORRUPT, findings=(found,)))
    return judge(*came, at=AT - 2 * HOUR, look=AT - 3 * HOUR, since=DUE, promise=promise(dataset_id))


def test_when_all_came_there_is_no_matter() -> None:
    assert matters(judged(whole("a", 0, 1, 2), whole("b", 0, 1, 2))) == []


def test_a_newest_export_that_is_bad_is_a_matter_with_the_advice_of_its_finding() -> None:
    (one,) = matters(judged(bad("a"), whole("b", 0, 1, 2)))
    assert (one["kind"], one["level"], one["code"]) == ("export", "error", "parquet.corrupt-page")
    assert one["title"] == "Name a: the newest export is corrupt"
    assert "export the dataset again" in one["advice"]
    assert one["items"][0]["snapshot"].endswith(f"{DUE + DAY:%Y%m%d%H%M%S}")


def test_exports_that_are_missing_in_a_row_are_told_since_the_first() -> None:
    (one,) = matters(judged(judge(arrival(), at=DUE + 3 * DAY, look=DUE + 3 * DAY - HOUR)))
    assert one["title"] == "Web events: each of the newest 2 exports is missing"
    assert one["since"] == "2026-09-20T01:00:00Z"


def test_a_flow_that_stopped_is_one_matter_and_not_one_for_each_dataset() -> None:
    names = [f"d{n}" for n in range(6)]
    promises = [promise(name, flow="nightly") for name in names]
    stopped = [judge(arrival(), at=DUE + 2 * DAY, look=DUE + 2 * DAY - HOUR, promise=one) for one in promises]
    others = [whole("fine", 0, 1, 2)]
    settings = {("cja", name): type("D", (), {"flow": "nightly", "encrypted": False, "recovery_point": None})
                for name in names}  # fmt: skip
    document = judged(*stopped, *others, findings=judge_flows([*stopped, *others], promises))
    found = matters(document, configured=settings)
    assert [(one["kind"], one["count"]) for one in found] == [("export", 6)]
    assert found[0]["title"] == "Flow nightly in zone cja stopped: nothing came for any of its 6 datasets"
    assert found[0]["since"] == "2026-09-20T01:00:00Z"


def test_a_zone_to_which_nothing_came_is_one_matter() -> None:
    stopped = [judge(arrival(), at=AT, look=AT - HOUR / 2, promise=promise(f"d{n}")) for n in range(5)]
    (one,) = matters(judged(*stopped))
    assert one["title"].startswith("Nothing came to zone cja")
    assert one["count"] == 5


def test_many_bad_exports_of_one_kind_are_one_matter_with_all_of_them() -> None:
    found = matters(judged(*(bad(f"d{n}") for n in range(9)), whole("fine", 0, 1, 2)))
    assert [(one["title"], one["count"]) for one in found] == [("The newest export of 9 datasets is corrupt", 9)]
    assert {one["dataset_id"] for one in found[0]["items"]} == {f"d{n}" for n in range(9)}


def test_what_nobody_has_looked_at_is_one_matter_of_its_zone_and_says_since_when() -> None:
    unlooked = [judge(arrival(), at=AT, look=DUE + HOUR, promise=promise(f"d{n}")) for n in range(4)]
    look = ZoneLook(
        zone="cja", scan_id="s", started_at=DUE, finished_at=DUE, is_complete=True, is_suspect=False, trouble=None,
        hint=None, complete_at=DUE + HOUR,
    )  # fmt: skip
    stale = judge_zone("cja", None, 26 * HOUR, AT)
    (one,) = matters(judged(*unlooked, findings=stale), looks={"cja": look})
    assert (one["kind"], one["level"], one["count"]) == ("zone", "error", 4)
    assert one["title"].startswith("Nobody has looked at zone cja since 2026-09-19 02:00Z: 4 newest exports")
    assert one["command"] == "landproof scan cja"


def test_matters_are_in_order_of_what_hurts_most() -> None:
    late = judge(arrival(landed_at=DUE + GRACE + HOUR), at=DUE + 20 * HOUR, look=DUE + 19 * HOUR, promise=promise("l"))
    ended = judge(
        arrival(DUE - 3 * DAY, DUE - 3 * DAY + HOUR, read_at=DUE - 3 * DAY + HOUR),
        arrival(),
        at=DUE + 20 * HOUR,
        look=DUE + 19 * HOUR,
        promise=promise("e", drill_every=DAY, min_good_copies=2),
    )
    unlooked = judge(at=DUE + 20 * HOUR, look=None, promise=promise("u"))
    notice = OpenNotice(code="ledger.broken", level="error", zone="", dataset_id=None, message="entry 4 differs",
                        happened_at=DUE)  # fmt: skip
    found = matters(judged(unlooked, late, ended, bad("b")), notices=[notice])
    kinds = [one["kind"] for one in found]
    assert kinds == sorted(kinds, key=RANKS.index)
    assert [kind for kind in RANKS if kind in kinds] == ["export", "ledger", "zone", "late", "overdue"]
    drill = next(one for one in found if one["code"] == "dataset.drill-overdue")
    assert drill["command"] == "landproof drill cja/e"
    assert drill["job"] == {"command": "drill", "fields": {"dataset": "cja/e"}}


def test_no_dataset_with_an_open_error_is_left_out_of_all_matters() -> None:
    judgements = [bad(f"b{n}") for n in range(7)] + [
        judge(arrival(), at=AT, look=AT - HOUR / 2, promise=promise(f"m{n}")) for n in range(7)
    ]
    named = {item["dataset_id"] for one in matters(judged(*judgements)) for item in one["items"]}
    assert named == {one.dataset_id for one in judgements}


def test_days_of_a_row_are_runs_of_the_last_60_days() -> None:
    document = judged(judge(arrival(), arrival(DUE + DAY, DUE + DAY + HOUR), at=AT, look=AT - HOUR / 2))
    (row,) = rows_of(Known(at=AT, judged=document, configured={}, recorded={}, recoveries=None))
    assert sum(run["days"] for run in row["days"]) == 60
    assert [(run["word"], run["days"]) for run in row["days"]] == [("nothing due", 57), ("good", 2), ("waiting", 1)]
    assert row["days"][-1]["to"] == AT.date().isoformat()


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """Three datasets over five days: one whole, one whose newest is missing and another damaged, one not expected."""
    made = Zone(tmp_path_factory.mktemp("overview"))
    starts = FIRST.isoformat()
    made.settings(
        daily(ALPHA, f"name = {HOSTILE!r}", 'recovery_point = "30h"', 'mode = "full"', starts_at=starts),
        daily(BETA, 'name = "Orders"', 'recovery_point = "30h"', starts_at=starts),
    )
    for day in range(5):
        at = FIRST + day * DAY
        made.export(ALPHA, digits(at), landed=at + HOUR)
        made.export(GAMMA, digits(at), landed=at + HOUR)
        if day < 4:
            made.export(BETA, digits(at), landed=at + HOUR)
    made.flip(f"{BETA}/exportTime={digits(FIRST + 2 * DAY)}", at=-6)
    assert made.scan().status == 2
    return made


@pytest.fixture(scope="module")
def inquiry(zone: Zone) -> Inquiry:
    return Inquiry(load_of(zone), Catalog(zone.catalog), asked_at=datetime.now(UTC))


def load_of(zone: Zone) -> Settings:
    return load(zone.folder, zone.config.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def checked(zone: Zone) -> Document:
    return zone.run("check").document


def shown(inquiry: Inquiry, checked: Document, **asked: object) -> Document:
    known = recoveries(inquiry.settings, inquiry.catalog, inquiry.now)
    board = board_of(inquiry, checked, inquiry.now, known)
    return overview(board, OverviewQuestion(**asked))


def test_every_dataset_is_there_with_its_state_and_newest_good_snapshot(inquiry: Inquiry, checked: Document) -> None:
    document = shown(inquiry, checked)
    rows = {row["dataset_id"]: row for row in document["datasets"]}
    assert {name: rows[name]["state"] for name in rows} == {ALPHA: "ok", BETA: "failing", GAMMA: "not watched"}
    assert rows[ALPHA]["newest_good"] == f"zone/{ALPHA}/{digits(FIRST + 4 * DAY)}"
    assert rows[BETA]["newest_good"] == f"zone/{BETA}/{digits(FIRST + 3 * DAY)}"
    assert document["counts"]["datasets"] == sum(document["counts"]["states"].values()) == 3
    assert document["schema"] == "landproof/overview/1"


def test_exposure_is_that_of_the_plan_of_a_restore(zone: Zone, inquiry: Inquiry, checked: Document) -> None:
    rows = {row["dataset_id"]: row["recovery"] for row in shown(inquiry, checked)["datasets"]}
    for name in (ALPHA, BETA):
        plan = zone.run("restore", "plan", f"zone/{name}").document
        assert rows[name]["recovers_to"] == plan["recovers_to"]
        assert chain_of(inquiry.settings, inquiry.catalog, ("zone", name), inquiry.now).recovers_to is not None
    assert rows[ALPHA]["recovers_to"] == (FIRST + 4 * DAY).isoformat().replace("+00:00", "Z")
    assert rows[BETA]["recovers_to"] == (FIRST + DAY).isoformat().replace("+00:00", "Z")
    assert rows[BETA]["is_over"]
    assert rows[GAMMA] == {
        "is_known": False, "recovers_to": None, "exposure_seconds": None, "objective_seconds": None, "is_over": False
    }  # fmt: skip


def test_filters_choose_datasets_and_leave_matters_as_they_are(inquiry: Inquiry, checked: Document) -> None:
    every = shown(inquiry, checked)
    chosen = shown(inquiry, checked, text="ORD")
    assert [row["dataset_id"] for row in chosen["datasets"]] == [BETA]
    assert chosen["matters"] == every["matters"]
    assert shown(inquiry, checked, zone="none")["datasets"] == []
    assert [row["dataset_id"] for row in shown(inquiry, checked, state="not watched")["datasets"]] == [GAMMA]


@pytest.mark.parametrize("sort", list(Sort))
def test_every_order_has_every_dataset_once(inquiry: Inquiry, checked: Document, sort: Sort) -> None:
    rows = [row["dataset_id"] for row in shown(inquiry, checked, sort=sort)["datasets"]]
    assert sorted(rows) == sorted([ALPHA, BETA, GAMMA])
    if sort is Sort.EXPOSURE:
        assert rows[0] == BETA


def test_nothing_that_was_never_looked_at_is_called_well(tmp_path: Path) -> None:
    settings = load(tmp_path, '[zones.z]\nurl = "zone"\n' + daily(ALPHA, zone="z", starts_at=FIRST.isoformat()))
    catalog = Catalog(tmp_path / "landproof.duckdb")
    with catalog.write():
        pass
    inquiry = Inquiry(settings, catalog, asked_at=NOW)
    empty = judged()
    says = board_of(inquiry, empty, NOW, None).document["says"]
    assert (says["state"], says["zones_looked_at"]) == ("unlooked", 0)
    assert "Nobody has looked yet" in says["text"]


@pytest.fixture(scope="module")
def served(zone: Zone) -> Iterator[Served]:
    with serving(zone.config, roles=("viewer", "operator")) as running:
        yield running


def test_the_page_escapes_names_and_shows_what_would_hide(served: Served) -> None:
    page = served.get("/", "viewer", Accept="text/html")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "\u202e" not in page.text
    assert "\u2066" not in page.text


def test_the_page_and_the_interface_tell_the_same(served: Served) -> None:
    page = served.get("/?format=json&q=Orders", "viewer", Accept="text/html").json()
    other = served.document("/api/v1/overview?q=Orders", "viewer")
    for document in (page, other):
        document.pop("at")
        for row in document["datasets"]:
            row["recovery"].pop("exposure_seconds")
    assert page["datasets"] == other["datasets"]
    assert page["matters"] == other["matters"]


def test_each_day_has_its_word_and_each_row_its_link(served: Served) -> None:
    page = html.unescape(served.get("/", "viewer", Accept="text/html").text)
    assert f'href="/datasets/zone/{BETA}"' in page
    titles = re.findall(r"<rect[^>]*><title>([^<]+)</title>", page)
    assert any(title.endswith(": good") for title in titles)
    assert any(title.endswith(": corrupt") for title in titles)
    assert "Orders: the newest export is missing" in page


@pytest.mark.parametrize("query", ["zonee=x", "sort=none", "q=a&q=b"])
def test_a_question_that_cannot_be_read_is_refused(served: Served, query: str) -> None:
    assert served.get(f"/api/v1/overview?{query}", "viewer").status_code == 400


def test_a_filter_that_fits_nothing_says_so(served: Served) -> None:
    page = served.get("/?q=nothing-like-it", "viewer", Accept="text/html").text
    assert "No dataset fits" in page


@pytest.mark.parametrize("mode", ["full", "full-then-incremental"])
@pytest.mark.parametrize("left", [0, 2])
def test_copies_count_for_exposure_as_they_do_for_a_plan(tmp_path: Path, mode: str, left: int) -> None:
    zone = Zone(tmp_path)
    zone.settings(daily(ALPHA, f'mode = "{mode}"', 'recovery_point = "30h"', starts_at=FIRST.isoformat()))
    times = [digits(FIRST + day * DAY) for day in range(3)]
    for time in times:
        zone.export(ALPHA, time)
    assert zone.scan().status in (0, 1, 2)
    for time in times:
        assert zone.run("copy", f"zone/{ALPHA}/{time}", "--to", tmp_path / "elsewhere", "--workers", 0).status == 0
    for time in times[left:]:
        zone.remove(f"{ALPHA}/exportTime={time}")
    zone.scan("--accept-vanished")
    plan = zone.run("restore", "plan", f"zone/{ALPHA}").document
    inquiry = Inquiry(load_of(zone), Catalog(zone.catalog), asked_at=datetime.now(UTC))
    found = recoveries(inquiry.settings, inquiry.catalog, inquiry.now)["zone", ALPHA]
    assert plan["recovers_to"] == (FIRST + 2 * DAY).isoformat().replace("+00:00", "Z")
    assert found == FIRST + 2 * DAY


def test_when_all_is_well_it_says_so_and_what_that_rests_on(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.settings(daily(ALPHA, starts_at=FIRST.isoformat()))
    for day in range(5):
        zone.export(ALPHA, digits(FIRST + day * DAY), landed=FIRST + day * DAY + HOUR)
    assert zone.scan().status == 0
    inquiry = Inquiry(load_of(zone), Catalog(zone.catalog), asked_at=datetime.now(UTC))
    document = shown(inquiry, zone.run("check").document)
    says = document["says"]
    assert (says["state"], document["matters"]) == ("well", [])
    assert (says["zones_looked_at"], says["zones"]) == (1, 1)
    assert says["oldest_complete_listing_at"] == document["zones"][0]["last_complete_at"]
    assert "nothing missing" in says["text"]
