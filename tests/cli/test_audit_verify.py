"""landproof audit verify: a bundle checked without catalog, settings and network, and who signed it and when."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.bundles import OTHER_SIGNER, SIGNER, base_of, made, members_of, packed, rebagged, tiny
from support.landproof import finished, landproof, started
from support.reference import help_text
from support.timestamp_server import Authority, timestamp_authority

from catalog.exit_status import ExitStatus


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle with everything in it."""
    return made().write(tmp_path / "bundle.zip")


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    """A timestamp authority."""
    with timestamp_authority(tmp_path / "authority") as running:
        yield running


def test_whole_bundle_holds_with_nothing_else_at_hand(bundle: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = finished(started("audit", "verify", bundle, cwd=empty))
    assert (done.status, done.err) == (ExitStatus.OK, "")
    assert done.out.endswith("\nall of it holds\n")
    assert list(empty.iterdir()) == []


def test_settings_that_are_wrong_are_not_even_read(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "landproof.toml").write_text("nonsense")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANDPROOF_CONFIG", str(tmp_path / "landproof.toml"))
    assert landproof("audit", "verify", bundle).status == ExitStatus.OK


def test_changed_bundle_is_an_error_that_names_the_place(bundle: Path, tmp_path: Path) -> None:
    files = members_of(bundle)
    rows = files["data/population.csv"].replace(b"missing", b"on_time", 1)
    changed = packed(tmp_path / "changed.zip", base_of(bundle), rebagged({**files, "data/population.csv": rows}))
    done = landproof("audit", "verify", changed)
    assert done.status == ExitStatus.ERRORS
    assert "WRONG  data/population.csv line 4: on_time cannot be, by its facts\n" in done.out
    told = landproof("audit", "verify", changed, "--json").document
    assert told["state"] == "differs"
    assert {"place": "data/population.csv line 4", "message": "on_time cannot be, by its facts"} in told["mismatches"]


def test_unsigned_bundle_is_a_warning(tmp_path: Path) -> None:
    done = landproof("audit", "verify", made(signer=None).write(tmp_path / "bundle.zip"))
    assert done.status == ExitStatus.WARNINGS
    assert "unsigned" in done.out.splitlines()[-1]


def test_document_tells_who_signed(bundle: Path) -> None:
    told = landproof("audit", "verify", bundle, "--json").document
    assert told["schema"] == "landproof/audit-verify/1"
    assert (told["state"], told["bundle"], told["timestamp_at"]) == ("holds", str(bundle), None)
    assert told["signers"][0]["fingerprint"] == SIGNER.verifier.fingerprint


def test_only_the_key_that_is_given_is_trusted(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_text(f"{SIGNER.verifier.text}\n")
    for key, status in (
        (SIGNER.verifier.text, ExitStatus.OK),
        (tmp_path / "key.pub", ExitStatus.OK),
        (OTHER_SIGNER.verifier.text, ExitStatus.ERRORS),
    ):
        assert landproof("audit", "verify", bundle, "--key", key).status == status


@pytest.mark.parametrize(
    "words", [["--key", "nonsense"], ["--key", "a+b+c"], ["--tsa-certificate", "nothing.pem"], ["--nonsense"]]
)
def test_wrong_arguments_are_wrong_usage(words: list[str], bundle: Path) -> None:
    assert landproof("audit", "verify", bundle, *words).status == ExitStatus.USAGE


def test_bundle_that_is_not_there_could_not_be_looked_at(tmp_path: Path) -> None:
    done = landproof("audit", "verify", tmp_path / "nothing.zip", "--json")
    assert done.status == ExitStatus.NOT_LOOKED
    assert "cannot be read: no such file or directory" in done.error["message"]


def test_unpacked_bundle_is_checked_too(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as opened:
        opened.extractall(tmp_path / "unpacked")
    done = landproof("audit", "verify", tmp_path / "unpacked" / base_of(bundle))
    assert done.status == ExitStatus.OK
    assert "how the ZIP was packed was not checked" in done.out


def test_timestamp_is_checked_against_its_authority(authority: Authority, bundle: Path, tmp_path: Path) -> None:
    stamped = tiny().write(tmp_path / "stamped.zip", timestamp_url=authority.url)
    told = landproof("audit", "verify", stamped, "--tsa-certificate", authority.certificate, "--json").document
    assert told["state"] == "holds"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["timestamp_at"])
    assert any("RFC 3161" in line for line in told["checked"])
    with timestamp_authority(tmp_path / "another") as another:
        done = landproof("audit", "verify", stamped, "--tsa-certificate", another.certificate)
    assert done.status == ExitStatus.ERRORS
    assert "WRONG  timestamp.tsr: " in done.out
    without = landproof("audit", "verify", bundle, "--tsa-certificate", authority.certificate)
    assert without.status == ExitStatus.ERRORS
    assert "timestamp.tsr is missing" in without.out
    none = landproof("audit", "verify", stamped, "--tsa-certificate", bundle)
    assert none.status == ExitStatus.USAGE


def test_help_names_all_there_is() -> None:
    text = help_text("audit", "verify")
    assert "--key" in text
    assert "--tsa-certificate" in text
