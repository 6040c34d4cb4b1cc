"""Signed notes: as other implementations of C2SP's formats have them, and checked by OpenSSL."""

from __future__ import annotations

import base64
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ledger.merkle import leaf_hash
from catalog.ledger.notes import (
    Checkpoint,
    new_signer,
    parse_checkpoint,
    parse_note,
    parse_signer,
    parse_verifier,
    signed_note,
)

# From the package golang.org/x/mod/sumdb/note, whose format this is.
_GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
_GO_SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
_GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
_AT = datetime(2026, 11, 1, 2, 3, 4, 5, tzinfo=UTC)


def _checkpoint(size=7):
    return Checkpoint("landproof/ledger/1234", size, leaf_hash(b"root"), _AT)


def test_a_note_of_another_implementation_is_accepted_and_made_alike():
    note, verifier = parse_note(_GO_NOTE), parse_verifier(_GO_VERIFIER)
    assert note.signed_by([verifier]) == verifier
    signer = parse_signer(_GO_SIGNER)
    assert signer.verifier == verifier
    assert signer.sign(note.text.encode()) == note.signatures[0][2]


def test_a_note_that_was_changed_is_signed_by_nobody():
    changed = parse_note(_GO_NOTE.replace("answer", "antwer"))
    assert changed.signed_by([parse_verifier(_GO_VERIFIER)]) is None


def test_a_checkpoint_comes_back_as_it_was_and_is_signed_by_its_key_only():
    signer, other = new_signer("a"), new_signer("a")
    note = parse_note(signed_note(_checkpoint(), signer))
    assert parse_checkpoint(note.text) == _checkpoint()
    assert note.signed_by([other.verifier, signer.verifier]) == signer.verifier
    assert note.signed_by([other.verifier]) is None


def test_without_a_key_a_note_has_no_signature():
    note = parse_note(signed_note(_checkpoint(), None))
    assert note.signatures == ()
    assert parse_checkpoint(note.text) == _checkpoint()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_openssl_verifies_a_checkpoint(tmp_path):
    signer = new_signer("host-1")
    text = signed_note(_checkpoint(), signer)
    signed, signature = text[: text.index("\n\n") + 1], base64.b64decode(text.split()[-1])[4:]
    key = base64.b64decode(signer.verifier.text.split("+", 2)[2])[1:]
    (tmp_path / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + key)
    (tmp_path / "text").write_bytes(signed.encode())
    (tmp_path / "signature").write_bytes(signature)
    command = "openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key.der -in text -sigfile signature"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "text").write_bytes(signed.replace("\n7\n", "\n8\n").encode())
    assert subprocess.run(command.split(), cwd=tmp_path, capture_output=True).returncode != 0


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_one_kind_of_error(text):
    for parse in (parse_note, parse_checkpoint, parse_verifier, parse_signer):
        try:
            parse(text)
        except ValueError:
            continue


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+12345678+AAAA",
        _GO_VERIFIER.replace("c74f20a3", "c74f20a4"),
        _GO_VERIFIER.replace("+AR", "+BR"),
        _GO_VERIFIER + "AAAA",
        _GO_SIGNER,
    ],
)
def test_what_is_no_public_key_is_refused(text):
    with pytest.raises(ValueError, match=r"expected|another id"):
        parse_verifier(text)


def test_a_private_key_shows_itself_nowhere():
    signer = new_signer("quiet")
    assert signer.seed.hex() not in repr(signer)
    assert repr(signer.seed) not in repr(signer)
    with pytest.raises(ValueError, match="expected") as refused:
        parse_signer(signer.secret_text[:-3])
    assert signer.secret_text[-20:-3] not in str(refused.value)
