"""The folder of keys: one in use, private, and never lost by replacing it."""

from __future__ import annotations

import os
import stat

import pytest

from catalog.ledger.key_files import active_signer, create_key, list_keys, prepare_key, replace_key
from verifier.errors import SettingsError, UsageError


def test_a_key_that_was_made_is_the_one_in_use_and_for_its_owner_alone(tmp_path):
    folder = tmp_path / "keys"
    made = create_key(folder, "first")
    assert active_signer(folder) == made
    assert [(one.verifier, one.state) for one in list_keys(folder)] == [(made.verifier, "active")]
    assert stat.S_IMODE((folder / "first.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_where_there_is_no_folder_there_is_no_key(tmp_path):
    assert active_signer(tmp_path / "none") is None
    assert list_keys(tmp_path / "none") == []


def test_a_second_key_and_a_taken_name_are_refused(tmp_path):
    create_key(tmp_path, "first")
    with pytest.raises(UsageError, match="in use already"):
        create_key(tmp_path, "second")
    with pytest.raises(UsageError, match="named first already"):
        prepare_key(tmp_path, "first")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "../a", "a/b", ".a", "a\n"])
def test_a_name_that_no_note_or_file_can_have_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="expected a name"):
        create_key(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_a_replaced_key_stays_known_and_signs_until_the_new_one_is_brought_in(tmp_path):
    first = create_key(tmp_path, "first")
    old, new = prepare_key(tmp_path, "second")
    assert (old, active_signer(tmp_path)) == (first, first)
    replace_key(tmp_path, old, new)
    assert active_signer(tmp_path) == new
    assert {one.verifier.name: one.state for one in list_keys(tmp_path)} == {"first": "retired", "second": "active"}


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_key_that_others_may_read_is_not_used(tmp_path):
    create_key(tmp_path, "first")
    (tmp_path / "first.key").chmod(0o640)
    with pytest.raises(SettingsError, match="others may read it"):
        active_signer(tmp_path)


def test_two_keys_in_use_or_a_damaged_one_are_told(tmp_path):
    create_key(tmp_path, "first")
    text = (tmp_path / "first.key").read_text()
    (tmp_path / "first.key").write_text(text[:-5])
    with pytest.raises(SettingsError, match=r"first\.key") as told:
        active_signer(tmp_path)
    assert text[-20:-5] not in told.value.message
    (tmp_path / "second.key").write_text(text)
    with pytest.raises(SettingsError, match=r"expected one key in use, got first\.key, second\.key"):
        active_signer(tmp_path)
