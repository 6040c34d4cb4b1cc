"""Whose host key is trusted: as OpenSSH would, and never one that nobody told us of."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from paramiko import HostKeys
from support.sftp_servers import Keys, SftpServer, asyncssh_server, make_keys
from support.sftp_store import KeyStore
from support.stores import list_paths

from verifier.backends.base import Location
from verifier.backends.registry import open_backend
from verifier.backends.sftp_host_keys import HostKey, check, trust_of
from verifier.backends.urls import parse_location
from verifier.errors import DeniedError, UsageError


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """The keys of the server."""
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """The keys of another server."""
    return make_keys(tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="module")
def rsa(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """A second host key of the server, of another kind."""
    return make_keys(tmp_path_factory.mktemp("rsa"), algorithm="ssh-rsa")


@pytest.fixture(scope="module")
def server(keys: Keys, rsa: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    """A server with two host keys."""
    with asyncssh_server(tmp_path_factory.mktemp("server"), keys, more_keys=[rsa.host]) as running:
        KeyStore(running, "zone").put("file", b"x")
        yield running


def zone(server: SftpServer, **options: object) -> Location:
    url = f"sftp://{server.user}@127.0.0.1:{server.port}{server.prefix}/zone"
    return parse_location(url, {"key_filename": str(server.key), **options})


def fingerprint(keys: Keys) -> str:
    return _key(keys).fingerprint


def _key(keys: Keys) -> HostKey:
    return trust_of("host", 22, None, keys.host_line).keys[0]


def knowing(tmp_path: Path, *lines: str) -> str:
    """Return a file of known hosts."""
    at = tmp_path / "known hosts"
    at.write_text("\n".join(["# a comment", "", "broken", "host ssh-ed25519 not-base64", *lines, ""]))
    return str(at)


def denied(location: Location) -> DeniedError:
    with closing(open_backend(location)) as backend, pytest.raises(DeniedError) as caught:
        list(backend.list())
    assert caught.value.hint
    return caught.value


def test_an_unknown_host_is_denied_with_its_fingerprint_and_what_to_do(
    server: SftpServer, keys: Keys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    error = denied(zone(server))
    assert f"[127.0.0.1]:{server.port}: the host key is not known: ssh-ed25519 {fingerprint(keys)}" in error.message
    assert f"ssh-keyscan -p {server.port} 127.0.0.1 >> ~/.ssh/known_hosts" in str(error.hint)
    told = subprocess.run(
        ["ssh-keygen", "-lf", str(keys.host.with_suffix(".pub"))], capture_output=True, check=True, text=True
    )
    assert fingerprint(keys) in told.stdout


def test_what_the_hint_says_makes_the_host_known(
    server: SftpServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    command = str(denied(zone(server)).hint).partition("then: ")[2].partition(";")[0]
    subprocess.run(command, shell=True, check=True, capture_output=True)
    assert list_paths(zone(server)) == ["file"]


def test_a_changed_key_is_denied_with_both_fingerprints(
    server: SftpServer, keys: Keys, other: Keys, tmp_path: Path
) -> None:
    error = denied(zone(server, known_hosts=knowing(tmp_path, f"[127.0.0.1]:{server.port} {other.host_line}")))
    assert f"expected {fingerprint(other)}, got ssh-ed25519 {fingerprint(keys)}" in error.message
    assert "posing" in str(error.hint)


def test_a_known_key_of_the_less_liked_kind_is_the_one_asked_for(server: SftpServer, rsa: Keys, tmp_path: Path) -> None:
    known = knowing(tmp_path, f"[127.0.0.1]:{server.port} {rsa.host_line}")
    location = zone(server, known_hosts=known)
    with closing(open_backend(location)) as backend:
        assert backend.access().host_key == fingerprint(rsa)


def test_a_hashed_name_is_known(server: SftpServer, keys: Keys, tmp_path: Path) -> None:
    hashed = HostKeys.hash_host(f"[127.0.0.1]:{server.port}")
    assert list_paths(zone(server, known_hosts=knowing(tmp_path, f"{hashed} {keys.host_line}"))) == ["file"]


@pytest.mark.parametrize("form", ["fingerprint", "line", "line of known_hosts"])
def test_a_pinned_key_is_trusted_and_no_other(server: SftpServer, keys: Keys, other: Keys, form: str) -> None:
    def pin(chosen: Keys) -> str:
        line = chosen.host_line
        return {"fingerprint": fingerprint(chosen), "line": line, "line of known_hosts": f"host {line} comment"}[form]

    assert list_paths(zone(server, host_key=pin(keys))) == ["file"]
    assert fingerprint(other) in denied(zone(server, host_key=pin(other))).message


def test_a_file_of_known_hosts_that_is_not_there_is_denied(server: SftpServer, tmp_path: Path) -> None:
    assert "no such file" in denied(zone(server, known_hosts=str(tmp_path / "none"))).message


def test_nothing_is_sent_to_a_server_that_is_not_trusted(server: SftpServer, other: Keys, tmp_path: Path) -> None:
    # a password would be in the wrong hands: it is not even looked at before the key is
    error = denied(zone(server, host_key=other.host_line, key_filename=str(tmp_path / "none")))
    assert "host key changed" in error.message


PATTERNS = {
    "its name": ("backup.example.com", True),
    "one of several names": ("other,backup.example.com", True),
    "a pattern": ("*.example.com", True),
    "a pattern of one character": ("backu?.example.com", True),
    "a pattern but not this": ("*.example.com,!backup.example.com", False),
    "upper case": ("Backup.Example.COM", True),
    "another name": ("example.com", False),
    "its name with a port": ("[backup.example.com]:22", False),
}


@pytest.mark.parametrize(("names", "is_known"), PATTERNS.values(), ids=PATTERNS.keys())
def test_names_of_known_hosts(tmp_path: Path, keys: Keys, names: str, is_known: bool) -> None:
    trust = trust_of("backup.example.com", 22, knowing(tmp_path, f"{names} {keys.host_line}"), None)
    assert (trust.keys == (_key(keys),)) == is_known


def test_brackets_in_names_are_no_pattern(tmp_path: Path, keys: Keys) -> None:
    known = knowing(tmp_path, f"[backup]:2222 {keys.host_line}")
    assert trust_of("backup", 2222, known, None).keys
    assert not trust_of("backup", 2223, known, None).keys
    assert not trust_of("b", 22, known, None).keys


def test_one_of_several_keys_of_a_kind_is_enough(tmp_path: Path, keys: Keys, other: Keys) -> None:
    known = knowing(tmp_path, f"host {other.host_line}", f"host {keys.host_line}")
    check(_key(keys), trust_of("host", 22, known, None), "host", 22)


def test_a_revoked_key_is_denied_though_it_is_known(tmp_path: Path, keys: Keys) -> None:
    known = knowing(tmp_path, f"host {keys.host_line}", f"@revoked * {keys.host_line}")
    with pytest.raises(DeniedError, match="revoked"):
        check(_key(keys), trust_of("host", 22, known, None), "host", 22)


def test_a_certificate_authority_alone_is_refused_clearly(tmp_path: Path, keys: Keys) -> None:
    trust = trust_of("host", 22, knowing(tmp_path, f"@cert-authority * {keys.host_line}"), None)
    with pytest.raises(DeniedError, match="certificate authority"):
        check(_key(keys), trust, "host", 22)


@pytest.mark.parametrize("pin", ["", "SHA256:short", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa AAAAC3NzaC1lZDI1NTE5"])
def test_what_is_no_key_cannot_be_pinned(pin: str) -> None:
    with pytest.raises(UsageError):
        trust_of("host", 22, None, pin)
