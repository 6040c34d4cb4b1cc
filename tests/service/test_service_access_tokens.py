"""Tokens in their file, sessions and failures in memory: what is kept, what is found, what is not believed."""

from __future__ import annotations

import json
import multiprocessing
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.service.access import sessions as sessions_module
from catalog.service.access.sessions import Sessions
from catalog.service.access.throttle import MOST_ADDRESSES, Pace, Throttle
from catalog.service.access.tokens import FILE, TokenFile, create_token, read_tokens, revoke_token
from catalog.service.values import Role
from verifier.errors import SettingsError, UsageError

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
WHO = ("anna@host", NOW)


def make(folder: Path, name: str = "ci", role: Role = Role.VIEWER, hours: float | None = None) -> str:
    return create_token(folder, name, role, None if hours is None else NOW + timedelta(hours=hours), WHO)


def test_a_token_is_found_by_its_text_and_kept_as_a_digest(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    text = make(folder, "Nightly dashboard", Role.AUDITOR, hours=1)
    found = TokenFile(folder).find(text)
    assert found is not None
    assert (found.name, found.role, found.created_by) == ("Nightly dashboard", Role.AUDITOR, "anna@host")
    assert text.rpartition("_")[2] not in (folder / FILE).read_text()
    assert (folder.stat().st_mode & 0o777, (folder / FILE).stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_token_expires_to_the_moment_and_is_revoked_for_good(tmp_path: Path) -> None:
    text = make(tmp_path, hours=1)
    tokens = TokenFile(tmp_path)
    token = tokens.find(text)
    assert token is not None
    assert token.state(NOW + timedelta(minutes=59, seconds=59)) == "active"
    assert token.state(NOW + timedelta(hours=1)) == "expired"
    revoke_token(tmp_path, "ci", NOW)
    revoked = tokens.find(text)
    assert revoked is not None
    assert revoked.state(NOW) == "revoked"
    with pytest.raises(UsageError):
        revoke_token(tmp_path, "ci", NOW)


def test_a_name_belongs_to_one_active_token(tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(UsageError, match="there is an active token named 'ci'"):
        make(tmp_path)
    revoke_token(tmp_path, "ci", NOW)
    make(tmp_path)
    assert [one.state(NOW) for one in read_tokens(tmp_path) or ()] == ["revoked", "active"]


def test_a_token_that_somebody_found_is_revoked_by_itself(tmp_path: Path) -> None:
    text = make(tmp_path)
    assert revoke_token(tmp_path, text, NOW).name == "ci"


@pytest.mark.parametrize("name", ["", " ", " ci", "ci ", "a\nb", "a\x1b[31m", "x" * 81])
def test_a_name_that_would_steer_a_terminal_or_a_log_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        make(tmp_path, name)
    assert read_tokens(tmp_path) is None


@given(st.text(string.printable, max_size=80))
def test_what_is_no_token_is_not_found(text: str) -> None:
    assert TokenFile(Path("nowhere")).find(text) is None


@given(place=st.integers(0, 200), sign=st.sampled_from(string.ascii_letters + string.digits + "-_ ="))
def test_a_token_with_one_sign_changed_is_none(place: int, sign: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("tokens")
    text = make(folder)
    place %= len(text)
    changed = text[:place] + sign + text[place + 1 :]
    assert (TokenFile(folder).find(changed) is not None) == (changed == text)
    assert TokenFile(folder).find(f"{text} ") is None


def _broken(folder: Path, how: str) -> None:
    path = folder / FILE
    document = json.loads(path.read_text())
    token = document["tokens"][0]
    if how == "empty":
        path.write_bytes(b"")
    elif how == "half":
        path.write_bytes(path.read_bytes()[:-40])
    elif how == "other schema":
        path.write_text(json.dumps({**document, "schema": "landproof/token-file/2"}))
    elif how == "misspelt limit":
        token["expire_at"] = token.pop("expires_at")
        path.write_text(json.dumps(document))
    elif how == "unknown role":
        path.write_text(json.dumps({**document, "tokens": [{**token, "role": "root"}]}))
    elif how == "moment without offset":
        path.write_text(json.dumps({**document, "tokens": [{**token, "expires_at": "2027-01-01T00:00:00"}]}))
    elif how == "no digest":
        path.write_text(json.dumps({**document, "tokens": [{**token, "sha256": ""}]}))
    elif how == "same id twice":
        path.write_text(json.dumps({**document, "tokens": [token, token]}))
    elif how == "writable for others":
        path.chmod(0o666)
    elif how == "folder writable for others":
        folder.chmod(0o777)


@pytest.mark.parametrize(
    "how",
    [
        "empty", "half", "other schema", "misspelt limit", "unknown role", "moment without offset", "no digest",
        "same id twice", "writable for others", "folder writable for others",
    ],
)  # fmt: skip
def test_a_file_that_is_not_as_it_was_written_lets_nobody_in(tmp_path: Path, how: str) -> None:
    text = make(tmp_path)
    tokens = TokenFile(tmp_path)
    assert tokens.find(text)
    _broken(tmp_path, how)
    for _ in range(2):
        with pytest.raises(SettingsError, match="tokens"):
            tokens.find(text)
    with pytest.raises(SettingsError):
        make(tmp_path, "another")
    with pytest.raises(SettingsError):
        revoke_token(tmp_path, "ci", NOW)


def test_a_file_that_cannot_be_read_lets_nobody_in(tmp_path: Path) -> None:
    text = make(tmp_path)
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).mkdir(mode=0o700)
    with pytest.raises(SettingsError, match="cannot be read"):
        TokenFile(tmp_path).find(text)


def test_a_change_by_hand_counts_at_once(tmp_path: Path) -> None:
    text = make(tmp_path)
    tokens = TokenFile(tmp_path)
    assert tokens.find(text)
    path = tmp_path / FILE
    path.write_text(path.read_text().replace('"viewer"', '"auditor"'))
    changed = tokens.find(text)
    assert changed is not None
    assert changed.role is Role.AUDITOR


def _make_some(folder: Path, first: int) -> None:
    for number in range(first, first + 10):
        make(folder, f"t{number}")


def test_tokens_made_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    makers = [context.Process(target=_make_some, args=(tmp_path, first)) for first in (0, 10, 20)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(60)
    assert {one.name for one in read_tokens(tmp_path) or ()} == {f"t{number}" for number in range(30)}


def test_a_session_lasts_its_time_and_no_longer() -> None:
    sessions = Sessions(timedelta(hours=12))
    secret = sessions.begin("a", None, NOW)
    assert sessions.find(secret, NOW + timedelta(hours=11, minutes=59)) is not None
    assert sessions.find(secret, NOW + timedelta(hours=12)) is None
    assert sessions.find("", NOW) is None
    sessions.end(secret)
    assert sessions.find(secret, NOW) is None
    assert len(sessions) == 0


def test_who_logs_in_without_end_ends_their_own_sessions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "MOST_OF_ONE", 5)
    monkeypatch.setattr(sessions_module, "MOST", 8)
    sessions = Sessions(timedelta(hours=12))
    other = sessions.begin("other", None, NOW)
    mine = [sessions.begin("me", None, NOW) for _ in range(50)]
    assert len(sessions) == 6
    assert sessions.find(other, NOW) is not None
    assert [sessions.find(one, NOW) is not None for one in mine] == [False] * 45 + [True] * 5
    for number in range(20):
        sessions.begin(f"token {number}", None, NOW)
    assert len(sessions) == 8
    sessions.begin("later", None, NOW + timedelta(hours=13))
    assert len(sessions) == 1


class Ticks:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def test_failures_of_one_address_are_slowed_and_others_are_not() -> None:
    clock = Ticks()
    throttle = Throttle(clock, one=Pace(3, 10), every=Pace(100, 1))
    assert [throttle.fail("192.0.2.1") for _ in range(5)] == [0, 0, 0, 10, 10]
    assert (throttle.wait("192.0.2.1"), throttle.wait("192.0.2.2")) == (10, 0)
    clock.at += 10
    assert throttle.wait("192.0.2.1") == 0
    assert [throttle.fail("192.0.2.1") for _ in range(2)] == [0, 10]
    clock.at += 10_000
    assert [throttle.fail("192.0.2.1") for _ in range(4)] == [0, 0, 0, 10]


def test_failures_from_everywhere_are_slowed_in_total() -> None:
    clock = Ticks()
    throttle = Throttle(clock, one=Pace(3, 10), every=Pace(20, 1))
    answers = [throttle.fail(f"192.0.2.{number}") for number in range(50)]
    assert answers == [0.0] * 20 + [1.0] * 30
    assert throttle.wait("192.0.2.200") == 0


def test_a_machine_with_a_network_of_ipv6_is_one_address() -> None:
    throttle = Throttle(Ticks(), one=Pace(3, 10))
    assert [throttle.fail(f"2001:db8::{number:x}") > 0 for number in range(5)] == [False, False, False, True, True]
    assert throttle.wait("2001:db8:0:1::1") == 0
    assert throttle.wait("fe80::1%eth0") == 0


def test_memory_of_addresses_is_bounded() -> None:
    throttle = Throttle(Ticks(), every=Pace(10**9, 1e-9))
    for number in range(MOST_ADDRESSES + 500):
        throttle.fail(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(throttle) == MOST_ADDRESSES
