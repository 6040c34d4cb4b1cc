"""Encrypted exports from settings to documents: with the key, without it, with one that does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.landproof import landproof
from support.settings_files import load, mistakes
from support.zones import ALPHA, Zone, daily

from fixtures import pgp_messages as messages
from fixtures.content import TIME, json_part

FOLDER = f"{ALPHA}/exportTime={TIME}"
NAME = json_part() + ".pgp"


def pgp(*names: str, passphrase: str = "") -> str:
    keys = ", ".join(f'"file:{name}"' for name in names)
    return f"[pgp]\nkeys = [{keys}]\n" + (f'passphrase = "{passphrase}"\n' if passphrase else "")


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    zone = Zone(tmp_path)
    zone.put(f"{FOLDER}/{NAME}", messages.ROWS)
    for name, key in {"key": messages.KEY, "locked": messages.LOCKED_KEY, "expired": messages.EXPIRED_KEY}.items():
        (tmp_path / name).write_text(key)
    return zone


def test_a_key_added_later_opens_what_was_not_judged_before_and_stands_from_then_on(zone: Zone) -> None:
    zone.settings()
    first = zone.scan()
    assert (first.status, first.verdicts, first.counts["rows"]) == (1, {TIME: "unverifiable"}, 0)
    zone.settings(pgp("key"))
    second = zone.scan()
    assert (second.status, second.verdicts, second.counts["rows"]) == (0, {TIME: "good"}, messages.COUNT)
    (snapshot,) = second.document["snapshots"]
    assert (snapshot["depth"], snapshot["checked"], snapshot["bytes"]) == ("full", 1, len(messages.ROWS))
    third = zone.scan()
    assert (third.status, third.counts["files_read"], third.verdicts) == (0, 0, {TIME: "good"})


def test_the_right_passphrase_is_noticed_after_a_wrong_one(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    zone.put(f"{FOLDER}/{NAME}", messages.FOR_LOCKED)
    zone.settings(pgp("locked", passphrase="${PASSPHRASE}"))
    monkeypatch.setenv("PASSPHRASE", "wrong")
    answer = zone.scan()
    assert (answer.status, answer.verdicts) == (1, {TIME: "unverifiable"})
    assert messages.LOCKED_ID in answer.only("file.encrypted")["expected"]
    monkeypatch.setenv("PASSPHRASE", messages.PASSPHRASE)
    assert zone.scan().verdicts == {TIME: "good"}


def test_an_encrypted_dataset_with_keys_is_judged_like_any(zone: Zone) -> None:
    damaged = messages.ROWS[:500] + b"\0" + messages.ROWS[501:]
    zone.put(f"{FOLDER}/{NAME}", damaged)
    zone.settings(pgp("key"), daily(ALPHA, "encrypted = true"))
    answer = zone.scan()
    assert (answer.status, answer.verdicts) == (2, {TIME: "corrupt"})
    zone.remove(FOLDER)
    zone.export(ALPHA, "202609210100", {NAME: messages.FOR_LOCKED})
    answer = zone.scan("--from", "2026-09-21", "--accept-vanished")
    assert (answer.status, answer.verdicts) == (0, {"202609210100": "unverifiable"})


@pytest.mark.parametrize("workers", ["0", "2"])
def test_keys_come_out_nowhere(zone: Zone, workers: str) -> None:
    zone.put(f"{FOLDER}/{json_part(1)}.pgp", messages.FOR_LOCKED)
    zone.put(f"{FOLDER}/{json_part(2)}.pgp", messages.ROWS[:-9])
    zone.settings(pgp("key", "locked", passphrase=messages.PASSPHRASE))
    said = [zone.run("scan", "--workers", workers), zone.run("doctor"), zone.run("snapshots"), zone.run("nightly")]
    texts = [text for answer in said for text in (answer.out, answer.err)]
    texts += [path.read_bytes().decode("latin-1") for path in zone.folder.glob("landproof*duckdb*")]
    secrets = [messages.PASSPHRASE, *messages.KEY.splitlines()[2:-2], *messages.LOCKED_KEY.splitlines()[2:-2]]
    assert not [secret for secret in secrets for text in texts if len(secret) > 8 and secret in text]
    assert "pgp.passphrase: a literal secret" in said[0].err
    assert said[0].status == 2


def test_doctor_tells_which_keys_can_be_used(zone: Zone) -> None:
    def states() -> tuple[int, dict[str, str]]:
        answer = zone.run("doctor")
        seen = {c["message"].split()[0]: c["status"] for c in answer.document["checks"] if c["subject"] == "pgp"}
        return answer.status, seen

    zone.settings()
    assert states() == (0, {})
    zone.settings(pgp("key", "locked", passphrase=messages.PASSPHRASE))
    assert states() == (0, {messages.KEY_ID: "ok", messages.LOCKED_ID: "ok"})
    zone.settings(pgp("key", "locked", "expired"))
    assert states() == (3, {messages.KEY_ID: "ok", messages.LOCKED_ID: "error", messages.EXPIRED_ID: "error"})
    (zone.folder / "expired").write_text(messages.KEY.replace("lQ", "AA", 1))
    assert states()[1]["pgp.keys[2]"] == "error"


def test_what_is_no_private_key_is_a_mistake_that_is_not_shown(tmp_path: Path) -> None:
    public = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
    (told,) = mistakes(tmp_path, f'[pgp]\nkeys = ["{public}"]\n')
    assert "pgp.keys[0]: expected an armoured PGP private key" in told
    assert public not in told
    (told,) = mistakes(tmp_path, '[pgp]\nkeys = ["file:absent"]\n')[:1]
    assert "cannot be read" in told
    assert "not shown" in mistakes(tmp_path, '[pgp]\nkeys = "x"\n')[0]
    assert "unknown key" in mistakes(tmp_path, '[pgp]\nkey = "x"\n')[0]


def test_keys_and_passphrase_come_from_the_environment(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        '[pgp]\nkeys = ["${KEY}"]\n',
        KEY=messages.KEY,
        LANDPROOF_PGP__PASSPHRASE="open sesame",
    )
    assert settings.pgp_keys().reveal() == {"keys": [messages.KEY], "passphrases": ["open sesame"]}
    assert settings.warnings == ()
    assert "PRIVATE" not in repr(settings)
    assert "sesame" not in repr(settings)


def test_a_bare_place_has_no_keys(zone: Zone) -> None:
    answer = landproof("scan", zone.root, "--catalog", zone.catalog, "--json", "--workers", "0")
    assert answer.verdicts == {TIME: "unverifiable"}
