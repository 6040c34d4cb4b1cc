"""A snapshot and what was found in it, in a browser: compared, proved, followed over time, accepted and taken back."""

from __future__ import annotations

import base64
import re

from playwright.sync_api import expect
from support.browser import Open, Window
from support.service import Served, serving
from support.years import Years
from support.years_disk import DATASETS, DISK

from catalog.evidence import verify
from catalog.ledger.notes import parse_checkpoint, parse_note

_CORRUPT = list(DATASETS)[1]


def test_a_snapshot_is_compared_with_the_one_before(viewer: Window, served_years: Served, years: Years) -> None:
    one = years.datasets[1]
    there, here = _newest(served_years, f"{one.zone}/{one.id}", 2)
    page = viewer.open(f"/snapshots/{here}")
    page.get_by_role("link", name="with the one before").click()
    expect(page).to_have_url(re.compile(r"compare=previous"))
    shown = page.locator("#compare")
    expect(shown.get_by_role("region", name="Amounts compared")).to_be_visible()
    difference = served_years.document(f"/api/v1/diff?a={there}&b={here}", "viewer")
    rows = shown.get_by_role("row").filter(has_text="Rows").locator("td")
    assert [_digits(cell) for cell in rows.all_inner_texts()] == [
        difference["rows"][name] for name in ("before", "after", "difference")
    ]
    page.get_by_label("With", exact=True).fill(f"{there.rpartition('/')[0]}/209901010000")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(shown.get_by_role("alert")).to_contain_text("209901010000")
    assert viewer.barriers() == []
    viewer.picture("snapshot-not-compared")


def test_the_proof_of_a_verdict_holds_by_what_the_page_shows(
    viewer: Window, served_years: Served, years: Years
) -> None:
    one = years.datasets[1]
    (here,) = _newest(served_years, f"{one.zone}/{one.id}", 1)
    page = viewer.open(f"/snapshots/{here}")
    page.get_by_role("link", name="Compute the inclusion proof").click()
    proof = page.locator("#proof")
    expect(proof).to_contain_text("leads to the root")
    proof.get_by_text("Check it by hand").click()
    entry, steps, note = (page.locator(f"#{name}").text_content() or "" for name in ("entry", "inclusion", "note"))
    assert here.rpartition("/")[2] in entry
    root = parse_checkpoint(parse_note(note).text)
    path = [base64.b64decode(step) for step in steps.split()]
    number = _digits(re.findall(r"number ([\d, .  ]+):", proof.inner_text())[0])
    assert verify.is_included(verify.leaf(entry.encode()), number, root.size, path, root.root)
    assert not verify.is_included(verify.leaf(entry.encode() + b" "), number, root.size, path, root.root)
    viewer.picture_everywhere("snapshot-proof")
    assert viewer.barriers() == []


def test_a_finding_is_followed_accepted_by_an_operator_and_taken_back(own_years: Years, opened: Open) -> None:
    with serving(own_years.config, roles=("operator", "viewer")) as served:
        served.ready()
        window = opened(served)
        page = window.log_in(served.token("operator"), f"/findings?dataset={DISK}/{_CORRUPT}")
        found = served.document(f"/findings?dataset={DISK}/{_CORRUPT}", "viewer")["findings"][0]
        page.get_by_role("link", name=f"Follow this {found['code']} over time").first.click()
        expect(page.locator("h1")).to_have_text(found["code"])
        expect(page.locator("ol.g-line")).to_contain_text("first seen")
        finding = page.url
        page.locator("main").get_by_role("link", name=found["snapshot_id"]).first.click()
        page.get_by_text("Accept what was found").click()
        form = page.locator("form[action='/api/v1/accept']")
        form.get_by_label(found["code"]).check()
        form.get_by_label("Why").fill("known fault of the source, OPS-7")
        form.get_by_role("button", name="Accept, on record").click()
        expect(page.locator(".finding").first).to_contain_text("accepted by operator")
        expect(page.locator(".finding").first).to_contain_text("OPS-7")
        window.picture("snapshot-accepted")
        page.goto(finding)
        expect(page.locator("ol.g-line")).to_contain_text("OPS-7")
        assert window.barriers() == []
        looking = opened(served)
        looking.log_in(served.token("viewer"), finding.removeprefix(served.url))
        expect(looking.page.get_by_role("button", name="Take it back")).to_have_count(0)
        page.get_by_role("button", name="Take it back").click()
        expect(page.locator("ol.g-line")).to_contain_text("acceptance taken back")
        expect(page.get_by_role("button", name="Take it back")).to_have_count(0)
        assert served.document(f"/findings?dataset={DISK}/{_CORRUPT}", "viewer")["findings"][0]["accepted"] is None
        window.picture("finding-taken-back")


def _newest(served: Served, dataset: str, count: int) -> list[str]:
    """Return the ids of the newest snapshots of a dataset that have arrived, oldest first."""
    listed = served.document(f"/datasets/{dataset}", "viewer")["snapshots"]
    return [str(one["id"]) for one in listed if one["verdict"] != "arriving"][:count][::-1]


def _digits(text: str) -> int:
    """Return the number that a text of a page is, whatever parts its thousands."""
    return int(re.sub(r"[^\d-]", "", text.replace("−", "-")))
