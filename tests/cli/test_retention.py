"""landproof retention: which snapshots are still needed, why, and what stores' own rules come to."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.session import Session
from support.landproof import Answer, landproof
from support.servers import moto_s3
from support.zones import ALPHA, BETA, Zone, daily, digits

from verifier.backends import retry

DAY, LATE = timedelta(days=1), timedelta(minutes=7)
FIRST = (datetime.now(UTC) - timedelta(hours=12)).replace(minute=0, second=0, microsecond=0) - 5 * DAY
FULL = 'mode = "full"'


def due(number: float) -> datetime:
    """When an export of day 0 to 5 was due; the last is half a day ago."""
    return FIRST + number * DAY


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def export(zone: Zone, *numbers: int, dataset: str = ALPHA) -> list[str]:
    return [zone.export(dataset, time=digits(due(n)), landed=due(n) + LATE) for n in numbers]


def table(*lines: str, dataset: str = ALPHA) -> str:
    return daily(dataset, *lines, starts_at=text(FIRST))


def statuses(answer: Answer) -> list[str]:
    (dataset,) = answer.document["datasets"]
    return [s["status"] for s in dataset["snapshots"]]


def kinds(answer: Answer, number: int) -> list[str]:
    snapshot = answer.document["datasets"][0]["snapshots"][number]
    return [reason["kind"] for reason in snapshot["reasons"]]


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """A daily dataset of six slots; what came is for the test to say."""
    zone = Zone(tmp_path)
    zone.settings(table('name = "Web events"'))
    return zone


def test_what_settings_retain_is_needed_and_what_is_older_expired(zone: Zone) -> None:
    zone.settings(table('name = "Web events"', FULL, 'retain = "72h"'))
    export(zone, 0, 1, 2, 3, 4, 5)
    zone.scan()
    answer = zone.run("retention")
    document = answer.document
    assert (answer.status, document["schema"], document["stores"]) == (0, "landproof/retention/1", None)
    assert statuses(answer) == ["expired"] * 3 + ["needed"] * 3
    assert document["counts"] == {"needed": 3, "held": 0, "superseded": 0, "expired": 3, "gone_early": 0}
    (dataset,) = document["datasets"]
    assert (dataset["name"], dataset["policy"], dataset["mode"]) == ("Web events", "keep-within=3d", "full")
    newest = dataset["snapshots"][-1]
    assert (newest["verified"], newest["verdict"], newest["depth"], newest["presence"]) == (
        True, "good", "full", "present",
    )  # fmt: skip
    assert newest["places"] == [newest["id"]]
    assert kinds(answer, 0) == ["over", "replaced"]
    assert dataset["snapshots"][0]["reasons"][1]["snapshot"] == dataset["snapshots"][3]["id"]


def test_a_policy_in_the_command_counts_for_all_datasets_in_place_of_the_settings(zone: Zone) -> None:
    zone.settings(table(FULL, 'retain = "72h"'), table(FULL, dataset=BETA))
    export(zone, 4, 5)
    export(zone, 4, 5, dataset=BETA)
    zone.scan()
    document = zone.run("retention", "--policy", "keep-last=1").document
    assert [d["policy"] for d in document["datasets"]] == ["keep-last=1"] * 2
    assert document["counts"]["superseded"] == 2
    assert [d["dataset_id"] for d in zone.run("retention", "--dataset", BETA).document["datasets"]] == [BETA]


def test_without_a_policy_everything_is_needed(zone: Zone) -> None:
    export(zone, 0, 1)
    zone.scan()
    answer = zone.run("retention")
    assert (answer.status, statuses(answer), kinds(answer, 0)) == (0, ["needed", "needed"], ["no-policy"])


def test_a_chain_is_needed_back_to_its_full_and_a_gap_leaves_nothing_superseded(zone: Zone) -> None:
    folders = export(zone, 0, 1, 2, 3, 4, 5)
    zone.scan()
    whole = zone.run("retention", "--policy", "keep-last=1")
    assert (statuses(whole), kinds(whole, 0)) == (["needed"] * 6, ["chain"])
    zone.flip(folders[3])
    zone.scan("--reverify", "all")
    gapped = zone.run("retention", "--policy", "keep-last=1").document["datasets"][0]["snapshots"]
    assert [s["verified"] for s in gapped] == [True, True, True, False, False, False]
    assert {s["status"] for s in gapped} == {"needed"}
    assert "newest" in [r["kind"] for r in gapped[2]["reasons"]]


def test_what_was_not_read_in_full_supersedes_nothing(zone: Zone) -> None:
    zone.settings(table(FULL))
    export(zone, 3, 4)
    zone.scan()
    export(zone, 5)
    zone.scan("--depth", "structure")
    assert statuses(zone.run("retention", "--policy", "keep-last=1")) == ["superseded", "needed", "needed"]
    zone.scan()
    assert statuses(zone.run("retention", "--policy", "keep-last=1")) == ["superseded", "superseded", "needed"]


def test_what_vanished_while_it_was_needed_is_an_error_unless_a_good_copy_is_kept(zone: Zone) -> None:
    zone.settings(table(FULL, 'retain = "72h"'))
    folders = export(zone, 0, 4, 5)
    zone.scan()
    copied = f"zone/{ALPHA}/{digits(due(5))}"
    assert zone.run("copy", copied, "--to", zone.folder / "safe", "--workers", 0).status == 0
    for folder in folders:
        zone.remove(folder)
    zone.scan("--accept-vanished")
    answer = zone.run("retention", "--zone", "zone")
    assert (answer.status, statuses(answer)) == (2, ["expired", "gone_early", "needed"])
    kept = answer.document["datasets"][0]["snapshots"][2]
    assert (kept["presence"], [place.split("/")[0] for place in kept["places"]]) == ("vanished", ["safe"])
    out = landproof("retention", "--zone", "zone", "--config", zone.config).out
    assert "gone early" in out
    assert "vanished, copy in safe" in out
    assert out.rstrip().endswith("nothing was deleted")


def test_what_its_zone_will_delete_too_early_is_a_warning_and_then_gone_early(zone: Zone) -> None:
    zone.settings(table(FULL, 'retain = "30d"'), zone="lifetime_days = 3")
    folders = export(zone, 0, 4, 5)
    zone.scan()
    answer = zone.run("retention")
    (note,) = answer.document["notes"]
    assert (answer.status, note["level"], note["about"]) == (1, "warn", "lifetime")
    assert note["message"].startswith("3 of the snapshots")
    assert answer.document["datasets"][0]["snapshots"][1]["expires_at"] == text(due(4) + LATE + 3 * DAY)
    assert zone.run("retention", "--fail-on", "error").status == 0
    assert zone.run("retention", "--policy", "keep-within=48h").document["notes"] == []
    zone.remove(folders[0])
    zone.scan()
    after = zone.run("retention")
    assert (after.status, statuses(after)) == (2, ["gone_early", "needed", "needed"])
    assert after.document["datasets"][0]["snapshots"][0]["presence"] == "expired"


def test_it_judges_as_of_a_moment_and_by_what_was_known_then(zone: Zone) -> None:
    zone.settings(table(FULL, 'retain = "72h"'))
    folders = export(zone, 3, 4, 5)
    zone.scan()
    then = zone.run("retention", "--at", text(due(4)))
    assert (then.document["at"], statuses(then)) == (text(due(4)), ["needed"] * 2)
    known_at = text(datetime.now(UTC) + timedelta(seconds=1))
    time.sleep(max(0, (datetime.fromisoformat(known_at) - datetime.now(UTC)).total_seconds()))
    zone.remove(folders[2])
    zone.scan("--accept-vanished")
    assert statuses(zone.run("retention")) == ["needed", "needed", "gone_early"]
    known = zone.run("retention", "--as-known-at", known_at)
    assert (known.document["as_known_at"], statuses(known)) == (known_at, ["needed"] * 3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--policy", "keep-dayly=3"), "did you mean keep-daily?"),
        (("--policy", ""), "--policy: expected rules"),
        (("--dataset", "nothing"), "no dataset nothing"),
        (("--zone", "other"), "zone other"),
        (("--at", "soon"), "--at"),
        (("--fail-on", "no"), "--fail-on"),
    ],
)
def test_what_makes_no_sense_is_refused(zone: Zone, words: tuple[str, ...], message: str) -> None:
    export(zone, 5)
    zone.scan()
    answer = zone.run("retention", *words)
    assert answer.status == 64
    assert message in answer.error["message"]


def test_a_folder_tells_no_rules_and_that_is_no_failure(zone: Zone) -> None:
    export(zone, 5)
    zone.scan()
    answer = zone.run("retention", "--store")
    (store,) = answer.document["stores"]
    assert (answer.status, store["zone"], store["error"]) == (0, "zone", None)
    assert {u["why"] for u in store["rules"]["unseen"]} == {"unsupported"}
    assert store["rules"]["lifecycle"] is None


def test_the_rules_of_a_bucket_are_compared_with_the_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "TRIES", 1)
    with moto_s3(tmp_path) as server:
        client = Session().create_client(
            "s3", "us-east-1", endpoint_url=server.url, aws_access_key_id="k", aws_secret_access_key="s"
        )
        client.create_bucket(Bucket="kept", ObjectLockEnabledForBucket=True)
        default = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}
        client.put_object_lock_configuration(
            Bucket="kept", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": default}
        )
        made = Zone(tmp_path / "made")
        made.export(time=digits(due(5)), landed=due(5) + LATE)
        for path in (p for p in made.root.rglob("*") if p.is_file()):
            client.put_object(Bucket="kept", Key=f"exports/{path.relative_to(made.root)}", Body=path.read_bytes())
        zone = Zone(tmp_path / "work", name="cja")
        options = "".join(f'{name} = "{value}"\n' for name, value in server.options().items())
        head = f'[catalog]\npath = "{zone.catalog.name}"\n[zones.cja]\nurl = "s3://kept/exports"\nsettle_minutes = 0\n'
        dataset = daily(ALPHA, FULL, 'retain = "90d"', zone="cja", starts_at=text(due(5)))
        zone.config.write_text(f"{head}[zones.cja.options]\n{options}\n{dataset}", encoding="utf-8")
        assert zone.scan().status == 0
        expiring = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 7}}
        client.put_bucket_lifecycle_configuration(Bucket="kept", LifecycleConfiguration={"Rules": [expiring]})
        answer = zone.run("retention", "--store")
        told = {(n["level"], n["about"]): n["message"] for n in answer.document["notes"]}
        assert (answer.status, set(told)) == (1, {("warn", "lifecycle"), ("info", "lifetime"), ("info", "lock")})
        assert "deletes everything in the zone 7d after it was written" in told["warn", "lifecycle"]
        assert "keep-within=90d" in told["warn", "lifecycle"]
        assert "for 30d (COMPLIANCE); shorter than keep-within=90d" in told["info", "lock"]
        (store,) = answer.document["stores"]
        assert store["rules"]["lifecycle"] == [{"prefix": "", "after": "7d", "on": None, "partial": False}]
        assert store["rules"]["lock"] == {"mode": "COMPLIANCE", "length": "30d", "firm": True}
        assert zone.run("retention").document["stores"] is None
    gone = zone.run("retention", "--store")
    assert (gone.status, gone.document["stores"][0]["error"]["kind"]) == (3, "network")
    assert gone.document["counts"]["needed"] == 1
