"""The page that plans a restore: it says what the plan says, its days are those of plans, it never shows a part."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.chains import INCREMENTAL, attempt, chain_of, day, exports, slots
from support.evidence import Evidence, text, watched
from support.landproof import landproof
from support.service import Document, Served, serving
from support.zones import ALPHA, BETA, Zone, daily, days_before, some_json

from catalog.judging.values import SlotStatus
from catalog.service.views.restore_chain import chain_object
from fixtures.content import TIME, moment
from verifier.model import Verdict

ROLES = ("viewer", "operator")
HERE = f"zone/{ALPHA}"
SAME = (
    "zone", "dataset_id", "as_of", "state", "recovers_to", "mode", "depth", "accepts_gaps", "gaps", "pending", "doubts",
    "bytes", "rows", "estimated_seconds", "expires_at",
)  # fmt: skip


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A zone to which all has happened that can happen to exports."""
    return watched(tmp_path_factory.mktemp("restore-page"))


@pytest.fixture(scope="module")
def served(life: Evidence) -> Iterator[Served]:
    """A service over it."""
    with serving(life.zone.config, roles=ROLES) as running:
        yield running


def told(served: Served, **asked: str) -> Document:
    with served.client("viewer") as client:
        answer = client.get("/restore", params=asked, headers={"Accept": "application/json"})
    answer.raise_for_status()
    document: Document = answer.json()
    return document


def seen(served: Served, role: str = "viewer", **asked: str) -> str:
    with served.client(role) as client:
        answer = client.get("/restore", params=asked, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return answer.text


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def planned(life: Evidence, *options: object) -> Document:
    return life.zone.run("restore", "plan", f"zone/{ALPHA}", *options).document


@pytest.mark.parametrize("number", [0, 1, 2, 4, 7])
def test_it_says_what_the_command_says(life: Evidence, served: Served, number: int) -> None:
    as_of = text(life.due(number) + timedelta(hours=1))
    page, plan = told(served, dataset="Web events", as_of=as_of), planned(life, "--as-of", as_of)
    assert {name: page["plan"][name] for name in SAME} == {name: plan[name] for name in SAME}
    assert (page["snapshots"], page["lost"], page["files"]) == (plan["snapshots"], plan["lost"], plan["files"])
    assert (page["files_more"], page["files_unknown"]) == (0, 0)
    assert page["plan"]["counts"] == {
        "snapshots": len(plan["snapshots"]), "files": len(plan["files"]), "lost": len(plan["lost"])
    }  # fmt: skip


@pytest.mark.parametrize("form", ["paths", "sql", "spark", "rclone"])
def test_its_texts_are_those_of_the_command_and_of_the_download(life: Evidence, served: Served, form: str) -> None:
    as_of = text(life.due(1))
    found = next(t for t in told(served, dataset=HERE, as_of=as_of)["texts"] if t["format"] == form)
    shown = seen(served, dataset=HERE, as_of=as_of)
    address = next(a for a in re.findall(r'href="(/api/v1/restore/plan[^"]*)" download', shown) if f"={form}&" in a)
    words_ = ("restore", "plan", HERE, "--as-of", as_of, "--format", form, "--config", life.zone.config)
    assert found["text"] == landproof(*words_).out
    assert found["text"] == served.get(html.unescape(address), "viewer").text
    assert found["text"].strip() in html.unescape(shown)


def test_a_tool_that_cannot_take_the_files_is_told_of_with_why(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.settings(daily(starts_at=text(moment(TIME))))
    zone.export(files={"two\nlines.json.gz": some_json()})
    zone.scan()
    with serving(zone.config, roles=ROLES) as running:
        texts = {t["format"]: t for t in told(running, dataset=ALPHA, as_of=TIME)["texts"]}
        shown = words(seen(running, dataset=ALPHA, as_of=TIME))
    assert texts["rclone"]["text"] is None
    assert texts["sql"]["text"]
    assert texts["rclone"]["trouble"]["message"] == "a path holds a line break, which the list cannot"
    assert "rclone not possible here a path holds a line break" in shown


def test_each_day_has_the_state_of_a_plan_to_its_end(life: Evidence, served: Served) -> None:
    judged = 0
    for month in {f"{life.due(n):%Y-%m}" for n in range(9)}:
        calendar = told(served, dataset=HERE, month=month)["calendar"]
        for one in (d for week in calendar["weeks"] for d in week if d and not d["is_future"]):
            state = planned(life, "--as-of", one["date"])["state"] if one["state"] else "broken"
            assert (one["date"], one["state"] or "broken") == (one["date"], state)
            judged += bool(one["state"])
    assert judged >= 8


def test_a_day_of_the_calendar_leads_to_the_plan_of_that_day(life: Evidence, served: Served) -> None:
    months = sorted({f"{life.due(n):%Y-%m}" for n in range(9)})
    shown = "".join(seen(served, dataset=HERE, month=month) for month in months)
    links = re.findall(r'<a class="day (\w+)" href="([^"]+)"', shown)
    assert {"complete", "gap"} <= {state for state, _ in links}
    for state, address in links[:2]:
        with served.client("viewer") as client:
            page = client.get(html.unescape(address), headers={"Accept": "application/json"}).json()
        assert page["plan"]["state"] == state


def test_a_gap_names_the_moment_that_can_be_had_without_it(life: Evidence, served: Served) -> None:
    page = told(served, dataset=HERE, as_of=text(life.due(7)))
    shown = words(seen(served, dataset=HERE, as_of=text(life.due(7))))
    assert page["plan"]["state"] == "gap"
    assert page["plan"]["recovers_to"] == text(life.due(1))
    assert "exports before" in shown
    assert "are missing or do not count" in shown
    assert f"--as-of {text(life.due(1))}" in page["commands"]["run"]
    assert [link["kind"] for link in page["chain"]["links"]][:3] == ["full", "increment", "gap"]


def test_gaps_that_are_accepted_stay_told_and_bring_what_is_behind_them(life: Evidence, served: Served) -> None:
    page = told(served, dataset=HERE, as_of=text(life.due(7)), accept_gaps="true")
    plan = planned(life, "--as-of", text(life.due(7)), "--accept-gaps", "--reason", "lost")
    assert page["snapshots"] == plan["snapshots"]
    assert page["plan"]["gaps"] == plan["gaps"]
    assert "--accept-gaps --reason WHY" in page["commands"]["run"]
    assert page["plan"]["counts"]["lost"] == 0


def test_an_end_too_early_says_what_a_lower_depth_would_give(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    times = days_before(TIME, 3)
    zone.settings(daily(starts_at=text(moment(times[0]))))
    zone.exports(3)
    zone.scan("--depth", "structure")
    with serving(zone.config, roles=ROLES) as running:
        page = told(running, dataset=HERE, as_of=text(moment(TIME)))
    assert page["plan"]["state"] == "broken"
    assert page["other_depths"] == [
        {"depth": depth, "state": "complete", "recovers_to": text(moment(TIME))} for depth in ("list", "structure")
    ]


def test_what_is_not_chosen_not_known_or_not_there_yet_is_said(life: Evidence, served: Served) -> None:
    assert told(served)["plan"] is None
    assert "Choose what to restore" in seen(served)
    unknown = told(served, dataset="Web evnts")
    assert unknown["plan"] is None
    assert "no dataset Web evnts" in unknown["trouble"]["message"]
    assert unknown["trouble"]["choices"] == [HERE]
    assert set(told(served, dataset=ALPHA)["trouble"]["choices"]) == {HERE, f"safe/{ALPHA}"}
    assert f'value="zone/{ALPHA}"' in seen(served)
    early = words(seen(served, dataset=HERE, as_of="2001-01-01"))
    assert "nothing had been exported by then" in early
    assert "The first export on record" in early
    assert "That moment has not come" in words(seen(served, dataset=BETA, as_of="2100-01-01"))
    assert "expected a time" in words(seen(served, dataset=HERE, as_of="soon"))
    assert "expected a month" in words(seen(served, dataset=HERE, month="2026-13"))
    assert told(served, dataset=HERE, as_of="2001-01-01")["calendar"]["month"] == f"{life.first:%Y-%m}"
    assert served.get("/restore?depth=deep", "viewer").status_code == 400


def test_a_dataset_of_the_settings_that_never_came_is_said_to_have_nothing(life: Evidence, served: Served) -> None:
    gamma = next(d["dataset_id"] for d in told(served)["datasets"] if d["zone"] == "other")
    page = told(served, dataset=f"other/{gamma}")
    assert page["plan"]["state"] == "broken"
    assert page["dataset"]["exports"] == 0
    assert "Nothing was ever exported that is on record" in words(seen(served, dataset=f"other/{gamma}"))


def test_a_plan_of_very_many_files_is_never_shown_in_part(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.settings(daily(starts_at=text(moment(TIME))))
    zone.export(files=230)
    zone.scan()
    with serving(zone.config, roles=ROLES) as running:
        page = told(running, dataset=HERE, as_of=text(moment(TIME)))
        shown = seen(running, dataset=ALPHA, as_of=text(moment(TIME)))
        whole = running.get(f"/api/v1/restore/plan?dataset={ALPHA}&as_of={TIME}&format=paths", "viewer").text
    assert (len(page["files"]), page["files_more"]) == (40, 190)
    assert [t["text"] for t in page["texts"]] == [None] * len(page["texts"])
    assert "230 files: too many to show" in words(shown)
    assert "<pre" not in shown
    assert whole.splitlines()[:40] == [f["url"] for f in page["files"]]
    assert len(whole.splitlines()) == 230


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>'{{7*7}}"
    zone = Zone(tmp_path)
    zone.settings(daily(ALPHA, f'name = "{evil}"', starts_at=text(moment(TIME))))
    zone.export(files={"$(touch x) '<b>.json.gz": some_json()})
    zone.scan()
    with serving(zone.config, roles=ROLES) as running:
        page = told(running, dataset=evil, as_of=text(moment(TIME)))
        shown, odd = seen(running, dataset=evil, as_of=TIME), seen(running, dataset='"><script>x</script>')
    assert page["dataset"]["name"] == evil
    assert page["plan"]["state"] == "complete"
    for text_ in (shown, odd):
        assert "<img src=x" not in text_
        assert "<script>x" not in text_
        assert "<b>.json" not in text_
    assert page["commands"]["run"].startswith(f"landproof restore run zone/{ALPHA} ")


def test_only_who_may_is_offered_to_try_it_here(served: Served) -> None:
    shown = {role: seen(served, role, dataset=BETA) for role in ROLES}
    assert "Try it in a scratch database now" in shown["operator"]
    assert "Try it in a scratch database now" not in shown["viewer"]
    assert "landproof drill" in words(shown["viewer"])


def test_as_known_then_nothing_can_be_run(life: Evidence, served: Served) -> None:
    page = told(served, dataset=HERE, as_known_at=text(life.until))
    assert page["as_known_at"] == text(life.until)
    assert set(page["commands"].values()) == {None}


def test_a_catalog_without_a_snapshot_is_said_to_have_none(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.settings()
    zone.scan()
    with serving(zone.config, roles=ROLES) as running:
        page, shown = told(running), seen(running)
    assert page["datasets"] == []
    assert "No dataset is known yet" in shown


def test_exports_in_a_row_are_one_link_and_gaps_stand_in_their_place() -> None:
    came = [attempt(n, **({"verdict": Verdict.CORRUPT} if n in (3, 4) else {})) for n in range(8)]
    chain = chain_of(came, slots(*[None] * 8), INCREMENTAL)
    links = chain_object(chain)["links"]
    assert [(one["kind"], one["count"]) for one in links] == [("full", 1), ("increment", 2), ("gap", 2), ("lost", 3)]
    assert (links[2]["reason"], links[2]["verdict"]) == ("bad", "corrupt")
    assert (links[1]["files"], links[1]["bytes"], links[1]["rows"]) == (6, 200, 20)


def test_what_nobody_could_look_into_stays_apart_from_what_is_bad() -> None:
    verdicts = {3: Verdict.CORRUPT, 4: Verdict.UNVERIFIABLE, 5: Verdict.UNVERIFIABLE}
    came = [attempt(n, **({"verdict": verdicts[n]} if n in verdicts else {})) for n in range(7)]
    links = chain_object(chain_of(came, slots(*[None] * 7), INCREMENTAL))["links"]
    gaps = [(one["verdict"], one["count"]) for one in links if one["kind"] == "gap"]
    assert gaps == [("corrupt", 1), ("unverifiable", 2)]


def test_a_chain_of_very_many_links_says_how_many_are_left_out() -> None:
    every_other = [None if n % 2 == 0 else SlotStatus.MISSING for n in range(400)]
    question = replace(INCREMENTAL, as_of=day(400), now=day(400))
    found = chain_object(chain_of(exports(*range(0, 400, 2)), slots(*every_other), question))
    assert (len(found["links"]), found["more"]) == (100, 300)
    assert [one["kind"] for one in found["links"][:4]] == ["full", "gap", "lost", "gap"]
