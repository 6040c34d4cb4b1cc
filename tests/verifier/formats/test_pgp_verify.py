"""Encrypted files whose key is there are judged by what is inside; damage is told from keys that do not fit."""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pysequoia import CipherSuite, Tsk, encrypt
from support.shelves import Shelf
from support.snapshots import MANIFEST, manifest_bytes

from fixtures import pgp_messages as messages
from fixtures.content import gz, lines, parquet
from verifier.backends.base import Location
from verifier.engine_work import Task
from verifier.errors import WorkerError
from verifier.formats.base import Limits, Source
from verifier.formats.pgp_keys import NO_KEYS, PgpKeys
from verifier.formats.pgp_process import describe_keys
from verifier.formats.pgp_verify import Held, verify_pgp
from verifier.model import Content, Depth, FileKind, FileReport, StoredFile
from verifier.verify import read_manifest, verify_file

FIXTURE = PgpKeys([messages.KEY])
NAME = "part.json.gz.pgp"


@cache
def own() -> Tsk:
    return Tsk.generate("landproof test", cipher_suite=CipherSuite.Cv25519)


def own_keys() -> PgpKeys:
    return PgpKeys([str(own())])


def sealed(content: bytes, *, armor: bool = False) -> bytes:
    return encrypt(content, [own().extract_certificate()], armor=armor)


def look(
    name: str,
    data: bytes,
    keys: PgpKeys,
    *,
    depth: Depth = Depth.FULL,
    limits: Limits | None = None,
    piece: int = 1 << 20,
) -> FileReport:
    shelf = Shelf({name: data}, piece=piece)
    report = verify_file(shelf, StoredFile(name, len(data)), depth, limits or Limits(), keys)
    assert shelf.opened == shelf.closed
    return report


def codes(report: FileReport) -> list[str]:
    return [f.code for f in report.content.findings]


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


@pytest.mark.parametrize("suffix", ["", ".pgp", ".gpg", ".GPG", ".asc"])
@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [("x.json.gz", gz(lines()), 40), ("x.json", lines(), 40), ("x.gz.parquet", parquet(), 40)],
)
def test_what_is_inside_is_judged_as_what_its_name_says(name: str, content: bytes, rows: int, suffix: str) -> None:
    data = sealed(content, armor=suffix == ".asc")
    report = look(name + suffix, data, own_keys())
    assert (report.content.rows, report.content.sha256) == (rows, hashlib.sha256(data).hexdigest())
    assert (report.content.bytes_read, report.depth, report.content.facts["unchecked_bytes"]) == (len(data), "full", 0)
    assert report.content.columns
    assert report.content.events
    assert "error" not in {f.level for f in report.content.findings}


@pytest.mark.parametrize("name", ["ROWS", "FOR_BOTH", "HIDDEN"])
@pytest.mark.parametrize("piece", [1, 64, 1 << 20])
def test_what_gpg_encrypts_is_opened_however_its_bytes_arrive(name: str, piece: int) -> None:
    report = look(NAME, getattr(messages, name), FIXTURE, piece=piece)
    assert (report.content.rows, codes(report)) == (messages.COUNT, [])


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("x.json.gz.pgp", gz(lines())[:-4], ["gzip.truncated"]),
        ("x.json.gz.pgp", flipped(gz(lines()), 200), ["gzip.corrupt"]),
        ("x.json.gz.pgp", lines(), ["file.kind-mismatch"]),
        ("x.json.gz.pgp", b"", ["file.empty"]),
        ("x.json.pgp", b'{"a":1}\n{"a":\n', ["json.uncompressed", "json.invalid-line"]),
        ("x.parquet.pgp", parquet()[:-9], ["parquet.truncated"]),
        ("x.json.gz.pgp", sealed(gz(lines())), ["file.encrypted"]),
    ],
)
def test_what_is_wrong_inside_is_found(name: str, content: bytes, expected: list[str]) -> None:
    report = look(name, sealed(content), own_keys())
    assert set(expected) <= set(codes(report))
    assert "pgp.corrupt" not in codes(report)


def test_no_single_flipped_bit_passes_or_is_blamed_on_the_key() -> None:
    """The key id, which nothing protects, may differ: then the message is opened all the same."""
    session_key_ends = 3 + int.from_bytes(messages.ROWS[1:3], "big")
    for at in [*range(0, session_key_ends, 29), *range(session_key_ends, len(messages.ROWS), 13)]:
        found = look(NAME, flipped(messages.ROWS, at, at % 8), FIXTURE)
        if found.content.rows == messages.COUNT:
            assert 3 < at < 12, at
        elif at >= session_key_ends:
            assert set(codes(found)) <= {"pgp.corrupt", "pgp.truncated", "pgp.unsupported"}, at
        else:
            assert set(codes(found)) <= {"pgp.corrupt", "pgp.truncated", "pgp.no-session-key", "file.kind-mismatch"}, at


def test_a_flipped_bit_in_a_message_of_the_newest_standard_is_corrupt() -> None:
    data = sealed(gz(lines()))
    for at in (*range(200, len(data), 301), len(data) - 1):
        assert codes(look(NAME, flipped(data, at), own_keys())) == ["pgp.corrupt"], at


@pytest.mark.parametrize("armor", [False, True])
def test_a_message_that_was_cut_is_truncated_wherever_it_was(armor: bool) -> None:
    data = sealed(gz(lines()), armor=armor)
    for end in (200, len(data) // 2, len(data) - 30, len(data) - 3):
        assert codes(look(NAME, data[:end], own_keys())) == ["pgp.truncated"], end
    for end in (450, len(messages.ROWS) - 22, len(messages.ROWS) - 1):
        assert codes(look(NAME, messages.ROWS[:end], FIXTURE)) == ["pgp.truncated"], end


@pytest.mark.parametrize("more", [b"\0", b"garbage", messages.ROWS])
def test_bytes_behind_a_message_make_it_corrupt(more: bytes) -> None:
    assert codes(look(NAME, messages.ROWS + more, FIXTURE)) == ["pgp.corrupt"]


@pytest.mark.parametrize(
    ("message", "keys", "needed", "had"),
    [
        (messages.FOR_LOCKED, FIXTURE, messages.LOCKED_ID, f"{messages.KEY_ID} (usable)"),
        (messages.FOR_LOCKED, PgpKeys([messages.LOCKED_KEY]), messages.LOCKED_ID, f"{messages.LOCKED_ID} (locked)"),
        (messages.FOR_LOCKED, PgpKeys([messages.LOCKED_KEY], ["wrong"]), messages.LOCKED_ID, "locked"),
        (messages.FOR_EXPIRED, PgpKeys([messages.EXPIRED_KEY]), messages.EXPIRED_ID, "expired"),
        (messages.HIDDEN, PgpKeys([messages.LOCKED_KEY], [messages.PASSPHRASE]), "hidden", "usable"),
        (messages.ROWS, PgpKeys(["nothing of the kind"]), messages.KEY_ID, ""),
        (encrypt(b"x", passwords=["secret"], armor=False), FIXTURE, "a passphrase", "usable"),
    ],
)
def test_a_key_that_does_not_fit_leaves_a_file_encrypted_and_names_who_could_open_it(
    message: bytes, keys: PgpKeys, needed: str, had: str
) -> None:
    report = look(NAME, message, keys)
    (found,) = report.content.findings
    assert (found.code, found.effect) == ("file.encrypted", "unverifiable")
    assert needed in (found.expected or "")
    assert had in (found.actual or "")
    assert report.content.sha256 == hashlib.sha256(message).hexdigest()


def test_a_locked_key_opens_with_its_passphrase_among_others() -> None:
    keys = PgpKeys([messages.KEY, messages.LOCKED_KEY], ["wrong", messages.PASSPHRASE])
    assert look(NAME, messages.FOR_LOCKED, keys).content.rows == messages.COUNT
    assert [key.state for key in describe_keys(keys)] == ["usable", "usable"]


@pytest.mark.parametrize("message", [messages.CAST5, messages.UNPROTECTED])
def test_what_is_outdated_is_told_and_not_called_corrupt(message: bytes) -> None:
    assert codes(look(NAME, message, FIXTURE)) == ["pgp.unsupported"]
    assert codes(look("x.json.pgp", messages.BZIP2, FIXTURE)) == ["pgp.unsupported"]


@pytest.mark.parametrize(
    ("limits", "told"), [(Limits(expanded_bytes=3109), "pgp.bomb"), (Limits(expanded_bytes=3110), None)]
)
def test_content_larger_than_the_limit_is_a_bomb(limits: Limits, told: str | None) -> None:
    assert (told in codes(look("x.json.pgp", messages.PLAIN, FIXTURE, limits=limits))) == bool(told)


def test_decryption_and_inflation_share_one_limit_of_expansion() -> None:
    content = gz(b'{"a":1}\n' * 300_000)
    data = sealed(content)
    ratio = 8 * 300_000 // len(data)
    assert codes(look(NAME, data, own_keys(), limits=Limits(expansion_ratio=ratio - 20))) == ["gzip.bomb"]
    assert codes(look(NAME, data, own_keys(), limits=Limits(expansion_ratio=ratio + 20))) == []


@pytest.mark.parametrize(("depth", "keys"), [(Depth.STRUCTURE, FIXTURE), (Depth.FULL, NO_KEYS)])
def test_without_keys_or_at_less_than_full_depth_a_file_stays_encrypted(depth: Depth, keys: PgpKeys) -> None:
    assert codes(look(NAME, messages.ROWS, keys, depth=depth)) == ["file.encrypted"]


def test_a_file_of_unknown_kind_is_not_opened() -> None:
    assert codes(look("x.csv.pgp", messages.ROWS, FIXTURE)) == ["file.encrypted"]


@pytest.mark.parametrize("suffix", ["", ".pgp"])
def test_an_encrypted_manifest_is_read(suffix: str) -> None:
    path = MANIFEST + suffix
    data = sealed(manifest_bytes([{"sinkPath": "/x", "name": "a", "size": 1}]))
    shelf = Shelf({path: data})
    report, manifest = read_manifest(shelf, StoredFile(path, len(data)), Limits(), own_keys())
    assert (codes(report), report.kind, report.content.sha256) == (
        [],
        FileKind.MANIFEST,
        hashlib.sha256(data).hexdigest(),
    )
    assert manifest is not None
    report, manifest = read_manifest(shelf, StoredFile(path, len(data)), Limits(manifest_bytes=len(data)), own_keys())
    assert manifest is not None
    report, manifest = read_manifest(shelf, StoredFile(path, len(data)), Limits(), NO_KEYS)
    assert (codes(report), manifest) == (["file.encrypted"], None)


def test_content_stands_in_a_file_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[str] = []

    def judge(source: Source, limits: Limits) -> Content:
        seen.extend(path.name for path in tmp_path.iterdir())
        return Content(rows=source.size)

    verify_pgp(Held(NAME, messages.ROWS), FIXTURE, Limits(), judge)
    assert seen == []


def test_keys_show_themselves_nowhere() -> None:
    keys = PgpKeys([messages.KEY], [messages.PASSPHRASE])
    task = Task(Location(kind="local", url="/x"), StoredFile("x", 1), Depth.FULL, Limits(), keys)
    for text in (repr(keys), str(keys), f"{task}", repr([task])):
        assert "PRIVATE" not in text
        assert messages.PASSPHRASE not in text
    assert pickle.loads(pickle.dumps(task)) == task


class Murderous:
    """A source that kills the process which decrypts it while its bytes go by, a number of times."""

    is_local = False
    path = NAME

    def __init__(self, data: bytes, times: int) -> None:
        self.data, self.times = data, times
        self.size = len(data)

    def read_range(self, start: int, end: int) -> bytes:
        return self.data[start:end]

    def stream(self) -> Iterator[bytes]:
        step = 1 << 20
        for at in range(0, self.size, step):
            if at > self.size - 2 * step and self.times:
                self.times -= 1
                for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                    if b"pgp_child" in Path(f"/proc/{child}/cmdline").read_bytes():
                        os.kill(int(child), signal.SIGKILL)
            yield self.data[at : at + step]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc")
def test_a_process_that_dies_while_decrypting_is_tried_once_more_and_says_nothing_about_the_bytes() -> None:
    content = os.urandom(12 << 20)
    data = sealed(content)

    def judge(source: Source, limits: Limits) -> Content:
        return Content(rows=source.size)

    assert verify_pgp(Murderous(data, 1), own_keys(), Limits(), judge).rows == len(content)
    with pytest.raises(WorkerError):
        verify_pgp(Murderous(data, 5), own_keys(), Limits(), judge)
