"""Checksums by name: known values, in pieces, in other processes, and nothing loaded before it is needed."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
from support.processes import one_process

from verifier.checksums import hasher

KNOWN = {  # of b"123456789", from the algorithms' own definitions
    "crc64nvme": "ae8b14860a799888",
    "sha256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
    "sha512": "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274a"
    "d27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85",
    "crc32c": "e3069283",
    "crc32": "cbf43926",
    "sha1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    "md5": "25f9e794323b453885f5181f1b624d0b",
}
DATA = random.Random(1).randbytes(100_000)


def checksum(algorithm: str, data: bytes, piece: int) -> str:
    found = hasher(algorithm)
    for start in range(0, len(data), piece):
        found.update(data[start : start + piece])
    return found.hexdigest()


@pytest.mark.parametrize("algorithm", KNOWN)
def test_known_values_whatever_the_pieces(algorithm: str) -> None:
    assert {checksum(algorithm, b"123456789", piece) for piece in (1, 4, 9)} == {KNOWN[algorithm]}
    assert checksum(algorithm, DATA, 7) == checksum(algorithm, DATA, 65_536)


@pytest.mark.parametrize(("algorithm", "digits"), [("crc64nvme", 16), ("crc32c", 8), ("crc32", 8)])
def test_small_values_keep_their_zeros(algorithm: str, digits: int) -> None:
    assert hasher(algorithm).hexdigest() == "0" * digits


@pytest.mark.parametrize("start", ["forkserver", "fork"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_worker_processes_compute_the_same(start: str) -> None:
    expected = [checksum(algorithm, DATA, 4096) for algorithm in KNOWN]  # what is loaded here is inherited by a fork
    with one_process(start) as executor:
        found = [executor.submit(checksum, algorithm, DATA, 4096).result(timeout=60) for algorithm in KNOWN]
    assert found == expected


def test_what_looks_things_up_does_not_load_the_library() -> None:
    code = "import sys, catalog.cli.app, catalog.cli.lookup, verifier.verify; sys.exit('awscrt' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
