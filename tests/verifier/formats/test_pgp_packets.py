"""Packets of real messages are followed to their end, however their bytes arrive; armour comes off as it went on."""

from __future__ import annotations

import base64
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysequoia import Tsk, encrypt

from fixtures import pgp_messages as messages
from verifier.formats.pgp_packets import HIDDEN, Armour, FrameError, Frames

NAMED = {
    "one": (messages.ROWS, [messages.KEY_ID]),
    "two": (messages.FOR_BOTH, [messages.KEY_ID, messages.LOCKED_ID]),
    "hidden": (messages.HIDDEN, [HIDDEN]),
    "in parts": (messages.CAST5, [messages.KEY_ID]),
    "unprotected": (messages.UNPROTECTED, [messages.KEY_ID]),
}


@cache
def key() -> Tsk:
    return Tsk.generate("landproof test")


def followed(message: bytes, step: int = 1 << 16) -> Frames:
    frames = Frames()
    for start in range(0, len(message), step):
        frames.feed(message[start : start + step])
    return frames


@pytest.mark.parametrize(("message", "recipients"), NAMED.values(), ids=list(NAMED))
@pytest.mark.parametrize("step", [1, 2, 3, 100, 1 << 16])
def test_whom_a_message_is_for_and_that_it_is_whole(message: bytes, recipients: list[str], step: int) -> None:
    frames = followed(message, step)
    assert (frames.recipients, frames.is_whole, frames.extra, frames.by_passphrase) == (recipients, True, 0, False)


def test_a_message_of_the_newest_standard_in_many_parts_is_followed() -> None:
    message = encrypt(bytes(3_000_000), [key().extract_certificate()], armor=False)
    frames = followed(message, 70_001)
    assert frames.is_whole
    assert len(frames.recipients) == 1
    assert len(frames.recipients[0]) == 16


def test_a_message_under_a_passphrase_names_nobody() -> None:
    frames = followed(encrypt(b"x", passwords=["secret"], armor=False))
    assert (frames.recipients, frames.by_passphrase, frames.is_whole) == ([], True, True)


def test_a_message_that_is_cut_anywhere_is_not_whole() -> None:
    for message, _ in NAMED.values():
        assert not any(followed(message[:end]).ends_whole for end in range(len(message)))


def test_what_stands_behind_a_message_is_counted() -> None:
    assert followed(messages.ROWS + b"more", 7).extra == 4


@pytest.mark.parametrize("start", [b"PAR1", b"\x1f\x8b\x08", b"\xcb\x05xabcd", b"\xa3\x01abc", b"{}"])
def test_what_is_no_encrypted_message_cannot_be_followed(start: bytes) -> None:
    with pytest.raises(FrameError):
        followed(start)


@given(st.binary(max_size=200), st.integers(1, 50))
def test_no_bytes_make_it_fail_in_another_way(data: bytes, step: int) -> None:
    try:
        frames = followed(data, step)
    except FrameError:
        return
    assert frames.extra <= len(data)


def armoured(data: bytes, *, line: int = 64, ending: str = "\n", head: str = "", checksum: bool = True) -> bytes:
    text = base64.b64encode(data).decode()
    body = [text[at : at + line] for at in range(0, len(text), line)]
    last = ["=AbCd"] if checksum else []
    lines = [
        "-----BEGIN PGP MESSAGE-----",
        *([head] if head else []),
        "",
        *body,
        *last,
        "-----END PGP MESSAGE-----",
        "",
    ]
    return ending.join(lines).encode()


def bare(text: bytes, step: int) -> tuple[bytes, Armour]:
    armour = Armour()
    pieces = [armour.feed(text[at : at + step]) for at in range(0, len(text), step)]
    return b"".join([*pieces, armour.finish()]), armour


@given(
    st.binary(max_size=300),
    st.integers(1, 90),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "Version: GnuPG v2", "Comment: =none"]),
    st.booleans(),
    st.integers(1, 400),
)
def test_armour_comes_off_however_it_was_put_on(
    data: bytes, line: int, ending: str, head: str, checksum: bool, step: int
) -> None:
    text = armoured(data, line=line, ending=ending, head=head, checksum=checksum)
    got, armour = bare(text, step)
    assert (got, armour.is_whole, armour.extra) == (data, True, 0)


@given(st.binary(max_size=400), st.integers(1, 90))
def test_no_armour_makes_it_fail_in_another_way(body: bytes, step: int) -> None:
    try:
        bare(b"-----BEGIN PGP MESSAGE-----\n\n" + body, step)
    except FrameError:
        return


def test_armour_without_its_last_line_is_not_whole_and_what_is_behind_it_is_counted() -> None:
    text = armoured(messages.ROWS)
    assert not bare(text[:-3], 50)[1].is_whole
    assert bare(text + b"\n\nmore\n", 50)[1].extra == 4


def test_armour_that_is_not_base64_or_never_ends_a_line_cannot_be_followed() -> None:
    with pytest.raises(FrameError):
        bare(armoured(messages.ROWS).replace(b"\n\n", b"\n\n*"), 1 << 16)
    with pytest.raises(FrameError):
        bare(b"-----BEGIN PGP MESSAGE-----\n\n" + b"A" * (2 << 20), 1 << 16)
