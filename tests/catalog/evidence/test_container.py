"""A bundle is what other people's tools take for a ZIP, a bag and a signed statement; and all of it or nothing."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey
from support.bundles import OTHER_SIGNER, SIGNER, Made, base_of, made, members_of, tiny

from catalog.evidence import verify
from catalog.evidence.container import verifier_source, write_bundle
from catalog.evidence.readme import README
from catalog.evidence.zip_bytes import Member, directory, local_header
from verifier.errors import ChangedError, UsageError

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with everything in it."""
    return made(previous_size=7).write(tmp_path_factory.mktemp("bundle") / "bundle.zip")


def unpacked(bundle: Path, folder: Path) -> Path:
    """Unpack a bundle and return its top folder."""
    with zipfile.ZipFile(bundle) as opened:
        opened.extractall(folder)
    return folder / base_of(bundle)


def test_zip_is_one_for_others_with_fixed_dates_and_nothing_packed(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as opened:
        assert opened.testzip() is None
        members = opened.infolist()
    assert [member.filename for member in members] == sorted(member.filename for member in members)
    assert {(m.date_time, m.compress_type, m.flag_bits, m.extra, m.comment) for m in members} == {
        ((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED, 0, b"", b"")
    }
    unzip = shutil.which("unzip")
    assert unzip is None or subprocess.run([unzip, "-tqq", bundle]).returncode == 0


@given(st.lists(st.tuples(st.text("abc-./", min_size=1, max_size=9), st.binary(max_size=60)), max_size=5))
def test_zips_of_any_members_are_read_by_others(contents: list[tuple[str, bytes]]) -> None:
    import io

    data, members = bytearray(), list[Member]()
    for name, content in contents:
        members.append(Member(name, len(data), len(content), zlib.crc32(content)))
        data += local_header(members[-1]) + content
    with zipfile.ZipFile(io.BytesIO(bytes(data) + directory(members, len(data)))) as opened:
        assert [(one.filename, opened.read(one)) for one in opened.infolist()] == contents


def test_zip64_stands_where_numbers_need_it_and_is_read_by_others(tmp_path: Path) -> None:
    """A file with a hole of 4 GiB as its first member, so that sizes and offsets are large."""
    path, size = tmp_path / "large.zip", (4 << 30) + 7
    crc = 0
    for _ in range(size >> 24):
        crc = zlib.crc32(bytes(1 << 24), crc)
    crc = zlib.crc32(bytes(size & 0xFFFFFF), crc)
    with path.open("wb") as file:
        large = Member("b/large", 0, size, crc)
        file.write(local_header(large))
        file.seek(size, os.SEEK_CUR)
        small = Member("b/small", file.tell(), 3, zlib.crc32(b"abc"))
        file.write(local_header(small) + b"abc")
        file.write(directory([large, small], file.tell()))
    with zipfile.ZipFile(path) as opened:
        assert [(m.filename, m.file_size, m.header_offset) for m in opened.infolist()] == [
            ("b/large", size, 0),
            ("b/small", 3, small.offset),
        ]
        assert opened.read("b/small") == b"abc"
    with path.open("rb") as file:
        walked = list(verify.walk(file, path.stat().st_size, verify.Report()))
        assert [(name, length) for name, length, *_ in walked] == [(b"b/large", size), (b"b/small", 3)]
        ours = b"".join(verify.directory_entry(*one[:4]) for one in walked)
        assert file.read() == ours + verify.directory_end(2, len(ours), walked[-1][4] + 3)


def test_many_members_need_zip64_too() -> None:
    members = [Member(f"b/{n:06}", n, 0, 0) for n in range(70_000)]
    entries = b"".join(verify.directory_entry(m.name.encode(), 0, 0, m.offset) for m in members)
    assert directory(members, 99) == entries + verify.directory_end(len(members), len(entries), 99)


def test_bag_is_valid_for_bagit(bundle: Path, tmp_path: Path) -> None:
    folder = unpacked(bundle, tmp_path)
    check = [sys.executable, BIN / "bagit.py", "--validate", folder]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (folder / "data" / "settings.json").write_bytes(b"{}")
    assert subprocess.run(check, capture_output=True).returncode != 0


def test_statement_is_signed_for_another_implementation_of_dsse(bundle: Path) -> None:
    files = members_of(bundle)
    written = json.loads(files["statement.dsse.json"])
    key = SSlibKey.from_crypto(SIGNER._key.public_key(), keyid=written["signatures"][0]["keyid"])
    other = SSlibKey.from_crypto(OTHER_SIGNER._key.public_key(), keyid=key.keyid)
    envelope = Envelope.from_dict(written)
    assert envelope.verify([key], 1) == {key.keyid: key}
    with pytest.raises(VerificationError):
        envelope.verify([other], 1)
    statement = json.loads(envelope.payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert {one["name"] for one in statement["subject"]} == {
        *(name for name in files if name.startswith("data/")), "README.txt", "bag-info.txt", "bagit.txt", "verify.py",
    }  # fmt: skip
    envelope.payload += b" "
    with pytest.raises(VerificationError):
        envelope.verify([key], 1)


def test_commands_of_the_readme_do_as_they_say(bundle: Path, tmp_path: Path) -> None:
    folder = unpacked(bundle, tmp_path)
    text = (folder / "README.txt").read_text()
    commands = re.findall(r"^     ((?:python3|sha256sum|openssl pkeyutl) .*)$", text, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stderr)
    assert "Verified" in done.stdout
    signed = tmp_path / "signed"
    signed.write_bytes(signed.read_bytes().replace(b"cja", b"cjb", 1) + b" ")
    assert subprocess.run(["sh", "-c", commands[-1]], cwd=folder, capture_output=True).returncode != 0


def test_what_belongs_to_every_bundle_is_in_it(bundle: Path) -> None:
    files = members_of(bundle)
    assert files["README.txt"] == README
    assert files["verify.py"] == verifier_source() == Path(verify.__file__).read_bytes()
    size = sum(len(content) for name, content in files.items() if name.startswith("data/"))
    assert f"Payload-Oxum: {size}.19\n".encode() in files["bag-info.txt"]
    assert b"Bagging-Date: 2026-09-06\n" in files["bag-info.txt"]


def test_same_contents_give_the_same_bytes_twice(tmp_path: Path) -> None:
    first, second = (made().write(tmp_path / name) for name in ("first.zip", "second.zip"))
    assert first.read_bytes() == second.read_bytes()


def test_what_was_written_is_told(tmp_path: Path) -> None:
    from hashlib import sha256

    contents = _contents(tiny(), tmp_path)
    written = write_bundle(tmp_path / "bundle.zip", contents, signer=SIGNER)
    data = (tmp_path / "bundle.zip").read_bytes()
    assert (written.size, written.sha256) == (len(data), sha256(data).hexdigest())
    assert (written.signed_by, written.timestamped, written.files) == ("backup-ops", False, 24)
    assert not write_bundle(tmp_path / "unsigned.zip", contents, signer=None).signed_by


def _contents(it: Made, folder: Path) -> Path:
    contents = folder / "contents"
    contents.mkdir(parents=True)
    for name, content in it.files().items():
        (contents / name).write_bytes(content)
    return contents


@pytest.mark.parametrize("kind", ["file", "folder", "link to nothing"])
def test_nothing_is_overwritten(kind: str, tmp_path: Path) -> None:
    contents, target = _contents(tiny(), tmp_path), tmp_path / "bundle.zip"
    {
        "file": lambda: target.write_bytes(b"mine"),
        "folder": target.mkdir,
        "link to nothing": lambda: target.symlink_to(tmp_path / "nothing"),
    }[kind]()
    with pytest.raises(UsageError, match="nothing is overwritten"):
        write_bundle(target, contents, signer=None)
    assert kind != "file" or target.read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle.zip", "contents"]


def test_what_came_there_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    contents, target = _contents(tiny(), tmp_path), tmp_path / "bundle.zip"

    class Late:
        name, key_id = "late", b"1234"

        def sign(self, data: bytes) -> bytes:
            target.write_bytes(b"mine")
            return bytes(64)

    with pytest.raises(UsageError, match="nothing is overwritten"):
        write_bundle(target, contents, signer=Late())
    assert target.read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle.zip", "contents"]


def test_a_folder_that_is_not_there_or_contents_that_change_leave_nothing(tmp_path: Path) -> None:
    contents = _contents(tiny(), tmp_path / "made")
    with pytest.raises(UsageError, match="cannot be written"):
        write_bundle(tmp_path / "nowhere" / "bundle.zip", contents, signer=None)

    class Changing:
        name, key_id = "changing", b"1234"

        def sign(self, data: bytes) -> bytes:
            (contents / "settings.json").write_bytes(b"{}")
            return bytes(64)

    with pytest.raises(ChangedError, match=r"settings\.json"):
        write_bundle(tmp_path / "bundle.zip", contents, signer=Changing())
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_disk_without_room_leaves_nothing(tmp_path: Path) -> None:
    import resource
    import signal

    contents = _contents(tiny(), tmp_path / "made")
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(UsageError, match="cannot be written"):
            write_bundle(tmp_path / "bundle.zip", contents, signer=None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


@pytest.mark.parametrize("name", ["Upper.json", "sub.json", "a.exe", "ü.json", ".hidden", "a b.txt"])
def test_contents_that_are_none_are_refused(name: str, tmp_path: Path) -> None:
    contents = _contents(tiny(), tmp_path)
    if name == "sub.json":
        (contents / name).mkdir()
    else:
        (contents / name).write_bytes(b"x")
    with pytest.raises(ValueError, match="expected files such as"):
        write_bundle(tmp_path / "bundle.zip", contents, signer=None)


def test_signature_is_over_the_encoding_of_dsse(bundle: Path) -> None:
    written = json.loads(members_of(bundle)["statement.dsse.json"])
    payload, kind = base64.b64decode(written["payload"]), written["payloadType"].encode()
    signed = b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload])
    SIGNER._key.public_key().verify(base64.b64decode(written["signatures"][0]["sig"]), signed)
