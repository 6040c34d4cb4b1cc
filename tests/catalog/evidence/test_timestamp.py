"""Timestamps of an authority that answers by `openssl ts`, and what is done about authorities that do not."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.bundles import SIGNER, base_of, made, members_of, packed, rebagged, restated, tiny
from support.timestamp_server import Authority, timestamp_authority

from catalog.evidence import verify
from catalog.evidence.timestamp import fetch_timestamp, verify_timestamp
from verifier.errors import NetworkError, SourceError, UsageError


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    """An authority that does as it should until told otherwise."""
    with timestamp_authority(tmp_path / "authority") as running:
        yield running


def _openssl(data: Path, answer: Path, certificate: Path) -> bool:
    words = ["openssl", "ts", "-verify", "-data", data, "-in", answer, "-CAfile", certificate]
    return subprocess.run(words, capture_output=True).returncode == 0


def test_timestamp_is_one_for_openssl_and_for_us(authority: Authority, tmp_path: Path) -> None:
    answer = fetch_timestamp(authority.url, b"some bytes")
    (tmp_path / "data").write_bytes(b"some bytes")
    (tmp_path / "other").write_bytes(b"other bytes")
    (tmp_path / "answer").write_bytes(answer)
    assert _openssl(tmp_path / "data", tmp_path / "answer", authority.certificate)
    assert not _openssl(tmp_path / "other", tmp_path / "answer", authority.certificate)
    trusted = authority.certificate.read_bytes()
    at = verify_timestamp(answer, b"some bytes", trusted)
    assert timedelta(minutes=-1) < datetime.now(UTC) - at < timedelta(minutes=5)
    with pytest.raises(ValueError, match="mismatch"):
        verify_timestamp(answer, b"other bytes", trusted)


def test_another_authority_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    answer = fetch_timestamp(authority.url, b"some bytes")
    with timestamp_authority(tmp_path / "another") as another, pytest.raises(ValueError, match="certificates"):
        verify_timestamp(answer, b"some bytes", another.certificate.read_bytes())
    with pytest.raises(UsageError):
        verify_timestamp(answer, b"some bytes", b"no certificate")


def test_bits_of_a_timestamp_flipped_are_not_believed(authority: Authority) -> None:
    answer, trusted = fetch_timestamp(authority.url, b"some bytes"), authority.certificate.read_bytes()
    believed = []
    for place in range(0, len(answer), 29):
        changed = bytearray(answer)
        changed[place] ^= 1 << place % 8
        try:
            believed.append((place, verify_timestamp(bytes(changed), b"some bytes", trusted)))
        except ValueError:
            continue
    moments = {at for _, at in believed}
    assert moments <= {verify_timestamp(answer, b"some bytes", trusted)}


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("rubbish", "expected a timestamp, got something else"),
        ("nothing", "expected a timestamp, got something else"),
        ("cut", "expected a timestamp, got something else"),
        ("more", "expected a timestamp, got something else"),
        ("endless", "got more than"),
        ("refused", "refused to give a timestamp: status 2"),
        ("error", "refused to give a timestamp: HTTP 503"),
        ("moved", "refused to give a timestamp: HTTP 302"),
        ("another", "of something else than what was sent"),
    ],
)
def test_an_authority_that_refuses_or_answers_anything_else_is_an_error(
    case: str, message: str, authority: Authority
) -> None:
    older = fetch_timestamp(authority.url, b"other bytes")
    changes = {
        "rubbish": lambda answer: b"<html>no</html>",
        "nothing": lambda answer: b"",
        "cut": lambda answer: answer[:-5],
        "more": lambda answer: answer + b"\x00",
        "endless": lambda answer: b"x" * (2 << 20),
        "another": lambda answer: older,
    }
    authority.changed = changes.get(case, authority.changed)
    authority.status = {"error": 503, "moved": 302}.get(case, 200)
    authority.digests = "sha512" if case == "refused" else "sha256"
    with pytest.raises(SourceError, match=message) as told:
        fetch_timestamp(authority.url, b"some bytes")
    assert "a-secret" not in str(told.value)


def test_an_authority_that_is_silent_or_not_there_is_a_network_error(authority: Authority) -> None:
    authority.slow = threading.Event()
    with pytest.raises(NetworkError, match="no answer within"):
        fetch_timestamp(authority.url, b"some bytes", seconds=0.3)
    authority.slow.set()
    with pytest.raises(NetworkError, match="cannot be asked"):
        fetch_timestamp("http://127.0.0.1:9/", b"some bytes")


@pytest.mark.parametrize("url", ["", "ftp://host/", "tsa.example.com", "http://", "http://[x/"])
def test_what_is_no_url_of_an_authority_is_wrong_usage(url: str) -> None:
    with pytest.raises(UsageError, match="--timestamp"):
        fetch_timestamp(url, b"some bytes")


def test_a_bundle_is_timestamped_over_its_statement(authority: Authority, tmp_path: Path) -> None:
    bundle = made().write(tmp_path / "bundle.zip", timestamp_url=authority.url)
    files = members_of(bundle)
    for name in ("statement.dsse.json", "timestamp.tsr"):
        (tmp_path / name).write_bytes(files[name])
    assert _openssl(tmp_path / "statement.dsse.json", tmp_path / "timestamp.tsr", authority.certificate)
    report = verify.check(bundle)
    assert report.status == 0
    assert any("openssl ts -verify" in note for note in report.notes)


def test_a_timestamp_taken_away_put_in_or_of_another_statement_is_named(authority: Authority, tmp_path: Path) -> None:
    files = members_of(bundle := tiny().write(tmp_path / "bundle.zip", timestamp_url=authority.url))
    other = members_of(made().write(tmp_path / "other.zip", timestamp_url=authority.url))
    without = {name: content for name, content in files.items() if name != "timestamp.tsr"}
    stamp = {"timestamp.tsr": other["timestamp.tsr"]}
    plain = members_of(tiny().write(tmp_path / "plain.zip"))
    for name, changed, place in (
        ("taken", rebagged(without), "statement.dsse.json"),
        ("of another", rebagged({**files, **stamp}), "timestamp.tsr"),
        ("of another and signed", restated({**files, **stamp}, SIGNER), "timestamp.tsr"),
        ("put in", rebagged({**plain, **stamp}), "statement.dsse.json"),
    ):
        report = verify.check(packed(tmp_path / f"{name}.zip", base_of(bundle), changed))
        assert place in [found for found, _ in report.mismatches], name


def test_no_bundle_is_written_where_the_authority_gives_no_timestamp(authority: Authority, tmp_path: Path) -> None:
    authority.status = 500
    with pytest.raises(SourceError):
        tiny().write(tmp_path / "out" / "bundle.zip", timestamp_url=authority.url)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["bundle.contents"]
