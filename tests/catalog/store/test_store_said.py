"""What people said is read back as it was said, and the views judge by it as the rules in Python do."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from support.recording import begin_scan, record_snapshots

from catalog.accepting import Acceptance
from catalog.judging.values import Pause
from catalog.saying import Speaker, accept, acceptance_of, waive
from catalog.store.known import known_snapshots
from catalog.store.queries import SnapshotFilter, list_snapshots
from catalog.store.said import Waiver, acceptances_at, list_acceptances, list_waivers, pauses
from catalog.workflow import utc_now
from verifier.findings import REGISTER, Effect, Level
from verifier.model import Accepted, Verdict, finding
from verifier.verdict import verdict_of

CODES = [code for code, row in REGISTER.items() if row.effect is not Effect.NONE or row.level is Level.ERROR]


def said(at, reason="known", until=None):
    return Accepted(by="someone@here", at=at, reason=reason, until=until)


def speaker(at, name="said-1"):
    return Speaker(by="someone@here", at=at, entry_id=name, tool_version="0.1.0")


@pytest.fixture
def judged(catalog, samples):
    """A hundred and fifty snapshots with findings drawn by lot, and the verdicts that come of them."""
    lot = random.Random(7)
    begin_scan(catalog, samples.start())
    changes = []
    for time in samples.export_times(0, 150):
        change = samples.change(time)
        path = change.files[0].known.report.file.path
        drawn = [
            finding(lot.choice(CODES), "it is so", path=lot.choice([path, None]), actual=lot.choice([None, 5, "x"]),
                    count=lot.randint(1, 3), where=lot.choice([None, {"line": 3}, {"page": 1, "column": "a"}]))
            for _ in range(lot.randint(0, 2))
        ]  # fmt: skip
        own, of_files = [f for f in drawn if f.path is None], [f for f in drawn if f.path]
        rows, checked = lot.choice([0, 300]), lot.choice([2, 3, 3, 3])
        settled = lot.random() > 0.1
        verdict = verdict_of(drawn, settled=settled, checked=checked, files=3, rows=rows)
        report = replace(
            change.report,
            findings=tuple(own),
            file_findings=tuple(of_files),
            rows=rows,
            checked=checked,
            data_files=lot.choice([0, 2, 2, 2]),
            settled_at=samples.NOW if settled else None,
            verdict=verdict,
        )
        changes.append(replace(change, report=report))
    record_snapshots(catalog, "scan-1", changes, samples.NOW)
    return catalog, [change.report for change in changes]


def drawn_acceptances(reports, now) -> list[Acceptance]:
    """Accept two findings of three as they are, some of them not quite."""
    lot = random.Random(11)
    chosen = []
    for report in reports:
        subject = (report.id.zone, report.id.dataset_id, report.id.export_time)
        for found in (*report.findings, *report.file_findings):
            if lot.random() > 0.66:
                continue
            near = lot.choice(
                [found] * 6 + [replace(found, actual="y"), replace(found, where={"line": 9}), replace(found, count=1)]
            )
            until = lot.choice([None, None, now + timedelta(hours=1), now - timedelta(hours=1)])
            chosen.append(acceptance_of(subject, near, said(now - timedelta(hours=2), until=until)))
    return chosen


def test_views_and_rules_agree_on_every_verdict(judged) -> None:
    catalog, reports = judged
    now = utc_now()
    accept(catalog, drawn_acceptances(reports, now), speaker(now))
    acceptances = acceptances_at(catalog, now)
    raw = known_snapshots(catalog, "cja")
    by_rules = {str(r.id): acceptances.applied(r) for r in raw.values()}
    by_views = {str(s.report.id): s.report for s in list_snapshots(catalog, SnapshotFilter())}
    assert [r.verdict for r in raw.values()] == [r.verdict for r in reports]
    assert {i: r.verdict for i, r in by_views.items()} == {i: r.verdict for i, r in by_rules.items()}
    assert {i: r.file_findings for i, r in by_views.items()} == {i: r.file_findings for i, r in by_rules.items()}
    turned = [i for i, r in by_rules.items() if r.verdict in (Verdict.GOOD, Verdict.EMPTY)]
    blind = [r for r in reports if r.verdict in (Verdict.UNKNOWN, Verdict.UNVERIFIABLE) or not r.data_files]
    assert blind
    assert all(by_rules[str(r.id)].verdict is r.verdict for r in blind)
    assert len(turned) > sum(r.verdict in (Verdict.GOOD, Verdict.EMPTY) for r in reports)
    newest = list_snapshots(catalog, SnapshotFilter(latest_good=True))
    assert str(newest[0].report.id) == max(i for i in turned if by_rules[i].verdict is Verdict.GOOD)


def test_the_last_word_counts_and_taking_back_wins_a_tie(judged) -> None:
    catalog, reports = judged
    now = utc_now()
    bad = next(r for r in reports if r.verdict is Verdict.CORRUPT)
    subject = (bad.id.zone, bad.id.dataset_id, bad.id.export_time)
    one = acceptance_of(subject, (*bad.findings, *bad.file_findings)[0], said(now))
    accept(catalog, [one], speaker(now))
    again = replace(one, accepted=said(now + timedelta(seconds=1), "better known"))
    accept(catalog, [again], speaker(now + timedelta(seconds=1), "said-2"))
    assert list_acceptances(catalog) == [again]
    accept(catalog, [again], speaker(now + timedelta(seconds=1), "said-3"), lifted=True)
    assert list_acceptances(catalog) == []


def test_waivers_are_read_back_with_who_and_why_and_pause_their_slots(catalog, samples) -> None:
    begin_scan(catalog, samples.start())
    one = Waiver(
        zone="cja",
        dataset_id="a \ud800 b",
        starts_at=samples.NOW,
        ends_at=samples.NOW + timedelta(days=1),
        reason="ünder\nway",
        said_by="someone@here",
        said_at=samples.NOW,
    )
    waive(catalog, [one], speaker(samples.NOW))
    waive(catalog, [one], speaker(samples.NOW))
    assert list_waivers(catalog) == [one]
    assert list_waivers(catalog, "other") == []
    assert pauses(catalog) == {("cja", one.dataset_id): (Pause(one.starts_at, one.ends_at, one.reason),)}
    waive(catalog, [one], speaker(samples.NOW, "said-2"), lifted=True)
    assert list_waivers(catalog) == []
