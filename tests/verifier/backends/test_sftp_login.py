"""Logging in to SFTP servers: every kind of proof that is taken, and every one that is refused, without a secret."""

from __future__ import annotations

import base64
import logging
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import asyncssh
import pytest
from support.sftp_servers import PASSPHRASE, PASSWORD, SftpServer, asyncssh_server, make_keys, openssh, ssh_agent
from support.sftp_store import KeyStore, PasswordStore, SftpStore
from support.stores import list_paths

from verifier.backends.base import Location
from verifier.backends.registry import open_backend
from verifier.backends.urls import parse_location
from verifier.errors import DeniedError, SourceError, UsageError

SECRETS = (PASSWORD, PASSPHRASE, "an-entirely-wrong-secret")


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    """OpenSSH's server, which takes the key alone."""
    with openssh(tmp_path_factory.mktemp("sshd")) as server:
        KeyStore(server, "zone").put("file", b"x")
        yield server


@pytest.fixture(scope="module")
def more_keys() -> Mapping[str, asyncssh.SSHKey]:
    """Keys of other kinds that the asking server takes too."""
    return {name: asyncssh.generate_private_key(name) for name in ("ssh-rsa", "ecdsa-sha2-nistp256")}


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory, more_keys: Mapping[str, asyncssh.SSHKey]) -> Iterator[SftpServer]:
    """A server that asks for the password by keyboard-interactive, and hangs up on who asks twice for its service."""
    folder = tmp_path_factory.mktemp("asking")
    keys = make_keys(folder / "keys")
    taken = [keys.authorized.read_text(), *(key.export_public_key().decode() for key in more_keys.values())]
    keys.authorized.write_text("".join(taken))
    with asyncssh_server(folder, keys, "--interactive") as server:
        KeyStore(server, "zone").put("file", b"x")
        yield server


class Bare(SftpStore):
    """A place to which tests give all that is to log in with."""

    def login(self) -> dict[str, object]:
        """Return nothing."""
        return {}


def zone(server: SftpServer, **options: object) -> Location:
    return Bare(server, "zone").location(**options)


def refused(location: Location, caplog: pytest.LogCaptureFixture) -> DeniedError:
    """Look, and return why that is denied; no secret may be told by it."""
    caplog.set_level(logging.DEBUG)
    with closing(open_backend(location)) as backend, pytest.raises(DeniedError) as caught:
        list(backend.list())
    secrets = [*SECRETS, *(str(location.options.get(name)) for name in ("private_key",) if name in location.options)]
    told = f"{caught.value!r} {caught.value.hint} {caught.value.__cause__!r} {location!r} {backend!r} {caplog.text}"
    assert not [secret for secret in secrets if secret in told]
    assert caught.value.hint
    return caught.value


def as_text(path: Path) -> str:
    return path.read_text()


def as_base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def as_wrapped_base64(path: Path) -> str:
    return base64.encodebytes(path.read_bytes()).decode()


@pytest.mark.parametrize("form", [as_text, as_base64, as_wrapped_base64])
def test_a_private_key_is_taken_as_text_and_as_base64_of_it(sshd: SftpServer, form: object) -> None:
    assert sshd.key
    assert callable(form)
    assert list_paths(zone(sshd, private_key=form(sshd.key))) == ["file"]


def test_a_key_under_a_passphrase_is_opened_by_it(sshd: SftpServer, caplog: pytest.LogCaptureFixture) -> None:
    locked = str(sshd.locked_key)
    assert list_paths(zone(sshd, key_filename=locked, passphrase=PASSPHRASE)) == ["file"]
    assert "passphrase" in refused(zone(sshd, key_filename=locked), caplog).message
    wrong = refused(zone(sshd, key_filename=locked, passphrase="an-entirely-wrong-secret"), caplog)
    assert "does not open" in wrong.message


def test_a_passphrase_that_a_key_does_not_need_does_no_harm(sshd: SftpServer) -> None:
    assert list_paths(zone(sshd, key_filename=str(sshd.key), passphrase=PASSPHRASE)) == ["file"]


@pytest.mark.parametrize("algorithm", ["ssh-rsa", "ecdsa-sha2-nistp256"])
@pytest.mark.parametrize("form", ["openssh", "pkcs8-pem", "pkcs1-pem"])
def test_keys_of_other_kinds_and_forms_are_taken(
    asking: SftpServer, more_keys: Mapping[str, asyncssh.SSHKey], tmp_path: Path, algorithm: str, form: str
) -> None:
    more_keys[algorithm].write_private_key(tmp_path / "key", form)
    assert list_paths(zone(asking, key_filename=str(tmp_path / "key"))) == ["file"]


def test_an_agent_is_asked_when_nothing_else_is_given(
    sshd: SftpServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "nothing to log in with" in refused(zone(sshd), caplog).message
    assert sshd.key
    with ssh_agent([sshd.key.with_name("host"), sshd.key]) as at:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(at))
        assert list_paths(zone(sshd)) == ["file"]
        assert "nothing to log in with" in refused(zone(sshd, allow_agent=False), caplog).message
        assert "by password" in refused(zone(sshd, password="an-entirely-wrong-secret"), caplog).message


def test_an_agent_that_is_gone_is_no_agent(
    sshd: SftpServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "no-socket"))
    assert "nothing to log in with" in refused(zone(sshd), caplog).message


def test_the_keys_in_the_home_folder_are_tried_when_nothing_else_is_given(
    sshd: SftpServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    shutil.copy(str(sshd.key), tmp_path / ".ssh" / "id_ed25519")
    assert list_paths(zone(sshd)) == ["file"]
    assert list_paths(zone(sshd, key_filename="~/.ssh/id_ed25519")) == ["file"]
    assert "nothing to log in with" in refused(zone(sshd, look_for_keys=False), caplog).message


def test_the_user_is_the_local_one_where_none_is_named(sshd: SftpServer) -> None:
    options = {"key_filename": str(sshd.key), "host_key": sshd.host_key}
    assert list_paths(parse_location(f"sftp://127.0.0.1:{sshd.port}{sshd.prefix}/zone", options)) == ["file"]


def test_a_password_is_given_where_it_is_asked_for(asking: SftpServer, caplog: pytest.LogCaptureFixture) -> None:
    assert list_paths(PasswordStore(asking, "zone").location()) == ["file"]
    refused(zone(asking, password="an-entirely-wrong-secret"), caplog)


def test_what_is_refused_first_does_not_keep_from_what_is_taken(
    asking: SftpServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert asking.key
    wrong = asking.key.with_name("host")
    assert list_paths(zone(asking, key_filename=str(wrong), password=PASSWORD)) == ["file"]
    monkeypatch.setenv("HOME", str(tmp_path))
    with ssh_agent([wrong, asking.key]) as at:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(at))
        assert list_paths(zone(asking)) == ["file"]


def test_a_key_that_the_server_does_not_know_is_refused(sshd: SftpServer, caplog: pytest.LogCaptureFixture) -> None:
    denied = KeyStore(sshd, "zone").denied()
    assert "refuses the login of" in refused(denied, caplog).message


@pytest.mark.parametrize(
    "key", ["not a key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"]
)
def test_what_is_no_private_key_is_denied_and_not_shown(
    sshd: SftpServer, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    refused(zone(sshd, private_key=key), caplog)


def test_a_key_file_that_is_not_there_is_denied(
    sshd: SftpServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert "cannot be read" in refused(zone(sshd, key_filename=str(tmp_path / "none")), caplog).message


def test_a_server_without_sftp_says_so(tmp_path: Path) -> None:
    with (
        asyncssh_server(tmp_path, make_keys(tmp_path / "keys"), "--no-sftp") as server,
        closing(open_backend(zone(server, password=PASSWORD))) as backend,
        pytest.raises(SourceError) as caught,
    ):
        list(backend.list())
    assert "offers no SFTP" in caught.value.message


MISTAKES: Mapping[str, dict[str, object]] = {
    "did you mean passphrase?": {"pass_phrase": "an-entirely-wrong-secret"},
    "private_key": {"private_key": "x", "key_filename": "y"},
    "allow_agent": {"allow_agent": "yes"},
    "timeout": {"timeout": 0},
    "password": {"password": 5},
    "host_key": {"host_key": "MD5:aa"},
}


@pytest.mark.parametrize(("named", "options"), MISTAKES.items(), ids=MISTAKES.keys())
def test_a_mistake_in_the_options_is_wrong_usage(named: str, options: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        open_backend(parse_location("sftp://me@host/folder", options))
    assert named in f"{caught.value.message} {caught.value.hint}"
    assert "an-entirely-wrong-secret" not in f"{caught.value!r} {caught.value.hint}"


def test_opening_sends_nothing(sshd: SftpServer) -> None:
    with closing(open_backend(parse_location("sftp://nobody@no-such-host.invalid/folder"))) as backend:
        assert backend.requests == 0
