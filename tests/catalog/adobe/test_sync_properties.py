"""Whatever flows Adobe shows and whatever settings there are: what is written loads, and nothing differs then."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.adobe.kinds import KINDS
from catalog.adobe.parse import parse_flow, parse_source_connection, parse_target_connection
from catalog.adobe.sync import Shown, plan_sync
from catalog.adobe.sync_edit import edited
from catalog.adobe.sync_values import FlowParts, SyncPlan
from catalog.settings.loading import load_settings
from catalog.settings.tables import DatasetSettings

IDS = [f"64e0c0ffee0123456789000{n}" for n in range(4)]
NAMES = ["Orders", 'Web "events"', "Users", None, " ", "Ümläut\n#"]
TEMPLATES = [
    None,
    "%DATASET_ID%/%EXPORT_TIME%",
    "{DATASET_ID}/{DATETIME(YYYYMMdd)}",
    "%DATASET_NAME%/%EXPORT_TIME%",
    "%X%",
]
OWN = ("grace", "recovery_point", "allow_empty")
S3 = KINDS["s3"]

datasets = st.dictionaries(st.sampled_from(IDS), st.sampled_from(NAMES), min_size=1)
schedules = st.fixed_dictionaries(
    {
        "exportMode": st.sampled_from(["FIRST_FULL_THEN_INCREMENTAL", "DAILY_FULL_EXPORT", None, "X"]),
        "timeUnit": st.sampled_from(["day", "hour", "week", "month", None]),
        "interval": st.sampled_from([0, 1, 3, 8, 9, 24, None]),
        "startTime": st.sampled_from([1_767_229_210, 1_767_225_600, None]),
        "endTime": st.sampled_from([1_798_761_600, 1_767_000_000, None]),
        "folderNameTemplate": st.sampled_from(TEMPLATES),
    }
)
flows = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["enabled", "disabled", "updating"]),
        "schedule": schedules,
        "datasets": datasets,
        "bucket": st.sampled_from(["landing", "other"]),
        "path": st.sampled_from(["exports", "/exports/", "", "exports/deep"]),
        "file": st.sampled_from(["JSON", "parquet", None]),
        "compression": st.sampled_from(["NONE", "gzip", None]),
        "manifest": st.sampled_from([True, False, None]),
        "hidden": st.booleans(),
    }
)
START = """# the settings of us all
[catalog]
path = "x.duckdb"   # here

[zones.mine]
url = "s3://landing/exports/"
ignore = ["audience/**"]   # not ours
options.endpoint_url = "http://127.0.0.1:1"

# the first of them
[[datasets]]
zone = "mine"
id = "64e0c0ffee01234567890000"
name = "Orders"            # as we say
cron = "0 1 * * *"
grace = "9h"
# its objective
recovery_point = "36h"

[[datasets]]
zone = "mine"
id = "64e0c0ffee01234567890001"
every = "24h"
starts_at = 2026-01-01T01:00:00Z
allow_empty = false

# the end
"""
COMMENTS = [line.strip() for line in START.splitlines() if line.strip().startswith("#")]


def parts_of(number: int, told: dict[str, Any]) -> FlowParts:
    """Return a flow with its connections as Adobe would tell them."""
    schedule = {key: value for key, value in told["schedule"].items() if value is not None}
    identity = f"{number:08x}-0000-4000-8000-000000000000"
    flow = {"id": identity, "name": f"flow {number}", "state": told["state"], "flowSpec": {"id": S3.flow_spec}}
    source = {"id": "s", "params": {"datasets": [{"dataSetId": i, "name": n} for i, n in told["datasets"].items()]}}
    params = {"bucketName": told["bucket"], "path": told["path"], "datasetFileType": told["file"]}
    params |= {"compression": told["compression"], "includeFileManifest": told["manifest"]}
    target = {"id": "t", "connectionSpec": {"id": S3.connection_spec}, "params": params}
    return FlowParts(
        flow=parse_flow({**flow, "scheduleParams": schedule}),
        sources=() if told["hidden"] else (parse_source_connection(source),),
        target=parse_target_connection(target),
        trouble="hidden" if told["hidden"] else None,
    )


def planned(text: str, shown: Shown) -> tuple[SyncPlan, tuple[DatasetSettings, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "landproof.toml"
        path.write_text(text, encoding="utf-8")
        found = load_settings(path, {})
    return plan_sync(shown, found), found.datasets


@settings(max_examples=60, deadline=None)
@given(nights=st.lists(st.lists(flows, max_size=4), min_size=1, max_size=3))
def test_synced_settings_load_are_in_sync_and_keep_what_people_wrote(nights: list[list[dict[str, Any]]]) -> None:
    text = START
    for night in nights:
        shown = Shown(flows=tuple(parts_of(n, told) for n, told in enumerate(night)), is_all=True)
        plan, before = planned(text, shown)
        new = edited(text, plan)
        again, after = planned(new, shown)
        assert not again.has_changes
        assert edited(new, again) == new
        assert (new == text) == (not plan.has_changes)
        assert [d.model_dump(include=set(OWN)) for d in after[: len(before)]] == [
            d.model_dump(include=set(OWN)) for d in before
        ]
        assert [line.strip() for line in new.splitlines() if line.strip() in COMMENTS] == COMMENTS
        assert "# not ours" in new
        text = new
