"""Too little memory says nothing about a file: what a decoder then raises is never taken for damage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from support.parquet_files import StoredBytes, table, written

from verifier.formats.base import Limits
from verifier.formats.parquet import verify_parquet
from verifier.formats.parquet_shortage import refuse_shortage
from verifier.model import Depth

ROOT = Path(__file__).parents[3]
STARVED = """
import resource, sys
from pathlib import Path
import pyarrow.parquet, pyarrow.compute
from support.parquet_files import StoredBytes
from verifier.formats.base import Limits
from verifier.formats.parquet import verify_parquet
from verifier.model import Depth

data = Path(sys.argv[1]).read_bytes()
pages = int(Path("/proc/self/statm").read_text().split()[0])
most = pages * resource.getpagesize() + (int(sys.argv[2]) << 20)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
try:
    content = verify_parquet(StoredBytes(data), Depth.FULL, Limits())
except (MemoryError, RuntimeError) as error:
    print("raised", type(error).__name__)
else:
    print("said", sorted({f.code for f in content.findings}), content.rows)
"""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        pa.ArrowMemoryError("malloc of size 897856 failed"),
        pa.ArrowException("Unknown error: Failed to launch worker thread: Resource temporarily unavailable"),
        OSError("zlib inflateInit failed: insufficient memory"),
        RuntimeError("can't start new thread"),
    ],
    ids=str,
)
def test_what_the_machine_lacks_is_not_said_of_the_bytes(error: Exception) -> None:
    with pytest.raises(MemoryError):
        refuse_shortage(error)


@pytest.mark.parametrize(
    "error",
    [
        OSError("Corrupt snappy compressed data."),
        pa.ArrowInvalid("Expected to be able to read 4 bytes"),
        pa.ArrowMemoryError(f"malloc of size {1 << 60} failed"),
    ],
    ids=str,
)
def test_what_is_wrong_with_the_bytes_is_left_to_be_told(error: Exception) -> None:
    refuse_shortage(error)


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="measures its memory by /proc")
@pytest.mark.parametrize("spare_mib", [24, 60, 90])
def test_a_sound_file_is_not_called_bad_however_little_memory_there_is(tmp_path: Path, spare_mib: int) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(written(table(20_000), row_group_size=20_000, compression="snappy", write_page_checksum=False))
    done = subprocess.run(
        [sys.executable, "-c", STARVED, path, str(spare_mib)],
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    # A crash in native code is the business of the engine.
    said = done.stdout.strip()
    assert done.returncode != 0 or said.startswith("raised") or said == "said ['parquet.no-page-checksums'] 20000"
    whole = verify_parquet(StoredBytes(path.read_bytes()), Depth.FULL, Limits())
    assert whole.rows == 20_000
