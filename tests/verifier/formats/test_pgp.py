"""OpenPGP messages are known by their bytes: real ones of gpg, hand-made ones of later standards, and what is none."""

from __future__ import annotations

import gzip
import io
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from verifier.formats.pgp import HEAD_BYTES, is_pgp

GPG = shutil.which("gpg")
needs_gpg = pytest.mark.skipif(GPG is None, reason="no gpg on this machine")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A private key ring, in a short path since sockets live there."""
    with tempfile.TemporaryDirectory(prefix="gpg") as folder:
        os.environ["GNUPGHOME"], before = folder, os.environ.get("GNUPGHOME")
        gpg(Path(folder), "--passphrase", "", "--quick-gen-key", "a@example.test", "rsa3072", "encr", "never")
        gpg(Path(folder), "--passphrase", "", "--quick-gen-key", "b@example.test", "default", "default", "never")
        yield Path(folder)
        subprocess.run(["gpgconf", "--kill", "all"], check=True)
        del os.environ["GNUPGHOME"]
        if before is not None:
            os.environ["GNUPGHOME"] = before


def gpg(home: Path, *arguments: str, data: bytes = b"") -> bytes:
    fixed = ["--homedir", str(home), "--batch", "--quiet", "--trust-model", "always", "--pinentry-mode", "loopback"]
    return subprocess.run([str(GPG), *fixed, *arguments], input=data, capture_output=True, check=True).stdout


@needs_gpg
@pytest.mark.parametrize(
    "how",
    [
        ["--encrypt", "-r", "a@example.test"],
        ["--encrypt", "-r", "b@example.test"],
        ["--encrypt", "-r", "a@example.test", "-r", "b@example.test"],
        ["--encrypt", "--hidden-recipient", "a@example.test"],
        ["--encrypt", "--armor", "-r", "a@example.test"],
        ["--encrypt", "--sign", "-u", "b@example.test", "-r", "a@example.test"],
        ["--symmetric", "--passphrase", "x"],
        ["--symmetric", "--passphrase", "x", "--armor"],
        ["--symmetric", "--passphrase", "x", "--s2k-mode", "1"],
        ["--symmetric", "--passphrase", "x", "--s2k-mode", "0"],
        ["--symmetric", "--passphrase", "x", "--cipher-algo", "3DES"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("size", [0, 10, 30_000])
def test_what_gpg_encrypts_is_known(home: Path, how: list[str], size: int) -> None:
    message = gpg(home, "--passphrase", "", *how, data=random.Random(1).randbytes(size))
    assert is_pgp(message[:HEAD_BYTES])


@needs_gpg
@pytest.mark.parametrize("how", [["--sign"], ["--clearsign"], ["--detach-sign"], ["--store"]], ids=" ".join)
def test_what_gpg_signs_or_stores_without_encrypting_is_not_encrypted(home: Path, how: list[str]) -> None:
    message = gpg(home, "--passphrase", "", "-u", "b@example.test", *how, data=b'{"a":1}\n')
    assert not is_pgp(message[:HEAD_BYTES])


@pytest.mark.parametrize(
    "head",
    [
        b"\xc1\xc1\x4c\x03" + bytes(60),  # public-key session key, new format, two octets of length
        b"\xc1\x54\x06" + bytes(60),  # version 6 of RFC 9580
        b"\xc3\x35\x06" + bytes(60),
        b"\xc3\x2d\x05\x09" + bytes(60),
        b"\xd2\xff\x00\x01\x00\x00\x02" + bytes(60),  # encrypted data, version 2, without any session key
        b"\xd2\xed\x01" + bytes(60),  # partial lengths
        b"\xd4\xe9\x01\x09" + bytes(60),
        b"\n\n-----BEGIN PGP MESSAGE-----\n",
    ],
)
def test_packets_of_later_standards_are_known(head: bytes) -> None:
    assert is_pgp(head[:HEAD_BYTES])


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x85",
        b"\x85\x01\x8c",
        b"\x85\x01\x8c\x02" + bytes(60),  # a version that never was
        b"\x85\xff\xff\x03" + bytes(60),  # far too long
        b"\xc1\x03\x03" + bytes(60),  # far too short
        b"-----BEGIN PGP MESSAGE----",
        b"-----BEGIN PGP SIGNATURE-----",
        b"BEGIN PGP MESSAGE",
        "é, a text that begins with two bytes of UTF-8".encode(),
        b"\xef\xbb\xbf{}" + bytes(20),
    ],
)
def test_what_comes_near_is_not(head: bytes) -> None:
    assert not is_pgp(head)


def heads() -> dict[str, bytes]:
    out = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2, 3]}), out)
    return {
        "parquet": out.getvalue()[:HEAD_BYTES],
        "gzip": gzip.compress(b'{"a":1}\n' * 20, mtime=0)[:HEAD_BYTES],
        "json": b'{"_id":"1","timestamp":"2026-11-01T00:00:00Z","web":{"name":"a page"}}\n'[:HEAD_BYTES],
    }


@pytest.mark.parametrize(("kind", "head"), heads().items())
def test_no_single_flipped_bit_makes_a_data_file_look_encrypted(kind: str, head: bytes) -> None:
    for at in range(len(head)):
        for bit in range(8):
            damaged = bytearray(head)
            damaged[at] ^= 1 << bit
            assert not is_pgp(bytes(damaged)), (kind, at, bit)


def test_random_bytes_are_almost_never_taken_for_a_message() -> None:
    dice = random.Random(20261101)
    taken = sum(is_pgp(dice.randbytes(HEAD_BYTES)) for _ in range(100_000))
    assert taken < 150  # a header of one byte alone would take 50,000


def test_every_first_byte_with_nothing_sensible_after_it_is_none() -> None:
    assert not any(is_pgp(bytes([first]) + bytes(63)) for first in range(256))
    assert not any(is_pgp(bytes([first]) + b"\xff" * 63) for first in range(256))
