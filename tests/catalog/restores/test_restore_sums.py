"""SHA256SUMS: whatever a file is called, coreutils finds it, and we read back what coreutils wrote."""

from __future__ import annotations

import subprocess
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.restores.sums import parse_sums, sums_of

NAMES = st.text(
    st.one_of(st.sampled_from("\\\n\r\t -*#'\"$`é\udcff"), st.characters(exclude_categories=["Cs"])),
    min_size=1,
    max_size=40,
).filter(lambda n: "/" not in n and "\0" not in n and n not in (".", "..") and len(n.encode(errors="replace")) < 200)


@settings(max_examples=60, deadline=None)
@given(st.sets(NAMES, min_size=1, max_size=5))
def test_every_name_goes_to_coreutils_and_back(names: set[str]) -> None:
    with TemporaryDirectory() as folder:
        digests = {}
        for name in names:
            data = name.encode("utf-8", "surrogateescape")
            (Path(folder) / name).write_bytes(data)
            digests[name] = sha256(data).hexdigest()
        ours = sums_of(digests)
        assert parse_sums(ours) == digests
        listed = Path(folder).parent / f"{Path(folder).name}.sums"
        listed.write_bytes(ours)
        try:
            command = ["sha256sum", "--strict", "--quiet", "-c", str(listed)]
            judged = subprocess.run(command, cwd=folder, capture_output=True)
        finally:
            listed.unlink()
        assert judged.returncode == 0, judged.stdout + judged.stderr
        paths = ["./-" if name == "-" else name for name in sorted(names)]
        theirs = subprocess.run(["sha256sum", "--", *paths], cwd=folder, capture_output=True, check=True)
        assert theirs.stdout == ours


def test_a_changed_byte_is_seen_by_coreutils(tmp_path: Path) -> None:
    (tmp_path / "a\nb").write_bytes(b"one")
    (tmp_path / "SHA256SUMS").write_bytes(sums_of({"a\nb": sha256(b"two").hexdigest()}))
    assert subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True).returncode == 1


@pytest.mark.parametrize("data", [b"nothing of the kind\n", b"0" * 64 + b" name\n", b"g" * 64 + b"  name\n"])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        parse_sums(data)
