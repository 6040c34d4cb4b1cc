"""The metrics by the rules of Prometheus, and what they say of facts; what is not known is not there."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families
from support.watched import AT, DATASET, FULL_FACTS, KEY, NIGHT

from catalog.metrics.answers import metrics_document
from catalog.metrics.families import exposition, registry_of
from catalog.metrics_values import Facts, JudgedFacts, Nights, RecordedFacts

DOCS = Path(__file__).resolve().parents[3] / "docs" / "nightly.md"
LABELS = {"zone": "cja", "dataset": DATASET, "name": "Web events"}
BARE = Facts(at=AT, version="0.1.0", interval=timedelta(hours=24))


def families(facts: Facts) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(exposition(facts).decode())}


def sample(metric: str, /, **labels: str) -> float | None:
    return registry_of(FULL_FACTS).get_sample_value(metric, labels)


def test_every_metric_there_is_is_explained() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert {name for name in families(FULL_FACTS) if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("name", list(families(FULL_FACTS)))
def test_a_name_keeps_the_rules_of_the_linter(name: str) -> None:
    family = families(FULL_FACTS)[name]
    assert re.fullmatch(r"landproof_[a-z]+(_[a-z]+)*", name)
    assert family.documentation.endswith(".")
    assert family.type == "gauge"
    assert not re.search(r"_(total|count|sum|bucket|gauge|counter)$", name), "these are of other types"
    assert not re.search(r"_(minutes|hours|days|milliseconds|kilobytes|megabytes|percent)(_|$)", name), "base units"
    assert ("timestamp" in name) <= name.endswith("_seconds")
    for one in family.samples:
        assert one.timestamp is None, "the textfile collector refuses those"
        assert len(one.labels) == len(set(one.labels)) <= 4


def test_promtool_finds_nothing_wrong() -> None:
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool is not installed: it comes with Prometheus; its rules are tested by hand above")
    done = subprocess.run([promtool, "check", "metrics"], input=exposition(FULL_FACTS), capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_both_formats_say_the_same() -> None:
    plain = {(s.name, *sorted(s.labels.items())): s.value for f in families(FULL_FACTS).values() for s in f.samples}
    text = openmetrics(registry_of(FULL_FACTS)).decode()
    other = {(s.name, *sorted(s.labels.items())): s.value for f in openmetrics_families(text) for s in f.samples}
    assert plain == other


def test_moments_are_in_seconds_since_1970_so_that_they_grow_old_by_themselves() -> None:
    assert sample("landproof_facts_timestamp_seconds") == AT.timestamp()
    assert sample("landproof_night_last_success_timestamp_seconds") == NIGHT.finished_at.timestamp()
    assert sample("landproof_zone_last_listing_timestamp_seconds", zone="cja") == AT.timestamp() - 55 * 60
    assert sample("landproof_dataset_newest_good_timestamp_seconds", **LABELS) == AT.timestamp() - 5 * 3600
    assert sample("landproof_dataset_unread_since_timestamp_seconds", **LABELS) == AT.timestamp() - 3 * 86400


def test_numbers_are_those_of_the_facts() -> None:
    assert sample("landproof_build_info", version="0.1.0") == 1
    assert sample("landproof_night_expected_interval_seconds") == 86400
    assert sample("landproof_night_last_duration_seconds") == 600
    assert sample("landproof_night_last_exit_status") == 2
    assert sample("landproof_night_last_findings", level="error") == 3
    assert sample("landproof_dataset_slots", **LABELS, status="missing") == 1
    assert sample("landproof_dataset_findings", **LABELS, level="error") == 2
    assert sample("landproof_dataset_findings", **LABELS, level="warn") == 0, "counted, and none was there"
    assert sample("landproof_dataset_accepted_findings", **LABELS, level="warn") == 1
    assert sample("landproof_dataset_status", **LABELS, status="failing") == 1
    assert sample("landproof_dataset_status", **LABELS, status="ok") == 0
    assert sample("landproof_dataset_snapshots", **LABELS, verdict="corrupt") == 1
    assert sample("landproof_dataset_allowed_age_seconds", **LABELS) == 36 * 3600


def test_what_is_not_known_has_no_metric_and_no_zero() -> None:
    assert set(families(BARE)) == {
        "landproof_build_info",
        "landproof_facts_timestamp_seconds",
        "landproof_night_expected_interval_seconds",
        "landproof_watch_findings",
    }
    facts = replace(FULL_FACTS, recorded={KEY: RecordedFacts(snapshots={"corrupt": 1})})
    assert not [name for name in families(facts) if "newest_good" in name or "unread_since" in name]


def test_a_night_that_could_not_look_is_no_success() -> None:
    blind = replace(NIGHT, exit_status=3)
    seen = families(replace(BARE, nights=Nights(blind, None)))
    assert "landproof_night_last_exit_status" in seen
    assert "landproof_night_last_success_timestamp_seconds" not in seen


@given(st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_any_name_gives_a_format_that_can_be_read(name: str, zone: str) -> None:
    key = replace(KEY, zone=zone, name=name)
    judged = JudgedFacts(status="ok", slots={}, findings={}, accepted={})
    seen = families(replace(BARE, judged={key: judged}, listed={zone: AT}))
    (listed,) = seen["landproof_zone_last_listing_timestamp_seconds"].samples
    assert listed.value == AT.timestamp()
    assert len(seen["landproof_dataset_status"].samples) == 4


def test_the_document_has_the_same_samples() -> None:
    document = metrics_document(FULL_FACTS)
    assert document["schema"] == "landproof/metrics/1"
    (age,) = [m for m in document["metrics"] if m["name"] == "landproof_dataset_allowed_age_seconds"]
    assert age["samples"] == [{"labels": LABELS, "value": 129600.0}]
