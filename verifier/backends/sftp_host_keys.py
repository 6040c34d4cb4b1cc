"""Which host keys a user trusts, and whether a server's is one; always asked before anything else is sent.

known_hosts is read as OpenSSH does: lists of names, patterns, `!`, `[host]:port`, hashed names, `@revoked`. paramiko's
own reader knows one key of a kind only, no patterns, and takes `@` lines for hosts. Host certificates are not taken.
"""

from __future__ import annotations

import binascii
import fnmatch
import hashlib
import hmac
import re
import shlex
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from verifier.errors import HostKeyError, UsageError

DEFAULT_PORT = 22
_OF_USER = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
_OF_SYSTEM = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
_PINNED = re.compile(r"(?:\S+\s+)?(?P<kind>(?:ssh|ecdsa|sk)-\S+)\s+(?P<key>AAAA[A-Za-z0-9+/=]+)(?:\s.*)?")
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?")
_RSA = ("rsa-sha2-512", "rsa-sha2-256")
"""How keys of kind ssh-rsa are proved today."""


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public host key: its kind, as in `ssh-ed25519`, and its bytes."""

    kind: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """The fingerprint as OpenSSH shows it."""
        return "SHA256:" + b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known of one server's keys. `fingerprint` is a pinned one; `place` is where trusted keys are kept."""

    keys: tuple[HostKey, ...] = ()
    revoked: tuple[HostKey, ...] = ()
    fingerprint: str | None = None
    has_authority: bool = False
    place: str = _OF_USER[0]

    def order(self, algorithms: Sequence[str]) -> list[str]:
        """Return the algorithms, those of known keys first, so that the server shows one that we know."""
        known = {name for key in self.keys for name in (_RSA if key.kind == "ssh-rsa" else (key.kind,))}
        return sorted(algorithms, key=lambda name: name not in known)


def trust_of(host: str, port: int, known_hosts: str | None, pinned: str | None) -> Trust:
    """Return what is known of the keys of a server, by the options `known_hosts` and `host_key`.

    Raises `UsageError` for a pinned key that is none, `HostKeyError` for a file that is there but cannot be read.
    """
    if pinned is not None:
        return _pinned(pinned)
    found, revoked, has_authority = list[HostKey](), list[HostKey](), False
    for marker, key in _known(_name(host, port), known_hosts):
        if marker == "@cert-authority":
            has_authority = True
        elif key is not None:
            (revoked if marker == "@revoked" else found).append(key)
    return Trust(tuple(found), tuple(revoked), None, has_authority, known_hosts or _OF_USER[0])


def check(key: HostKey, trust: Trust, host: str, port: int) -> None:
    """Raise `HostKeyError` unless the key that a server proved to have is trusted."""
    server = _name(host, port)
    shown = f"{key.kind} {key.fingerprint}"
    if key in trust.revoked:
        raise HostKeyError(f"{server}: its host key {shown} is revoked in known_hosts", hint="ask the server's owner")
    if trust.fingerprint is not None or trust.keys:
        expected = [trust.fingerprint] if trust.fingerprint else [k.fingerprint for k in trust.keys]
        if key in trust.keys or key.fingerprint == trust.fingerprint:
            return
        raise HostKeyError(
            f"{server}: the host key changed: expected {' or '.join(expected)}, got {shown}",
            hint="another server may be posing as this one: ask its owner before you trust the new key",
        )
    if trust.has_authority:
        raise HostKeyError(
            f"{server}: known_hosts trusts a certificate authority for it, and host certificates are not supported",
            hint=f"trust its own key: {_how(host, port, trust.place)}",
        )
    raise HostKeyError(
        f"{server}: the host key is not known: {shown}",
        hint=f"compare the fingerprint with the one its owner names, then: {_how(host, port, trust.place)}"
        "; or set host_key in the zone's options to the fingerprint",
    )


def _how(host: str, port: int, place: str) -> str:
    of_port = "" if port == DEFAULT_PORT else f"-p {port} "
    return f"ssh-keyscan {of_port}{host} >> {place if place.startswith('~/') else shlex.quote(place)}"


def _name(host: str, port: int) -> str:
    """Return the name under which known_hosts keeps a server."""
    return host if port == DEFAULT_PORT else f"[{host}]:{port}"


def _pinned(text: str) -> Trust:
    if _FINGERPRINT.fullmatch(text.strip()):
        return Trust(fingerprint=text.strip().rstrip("="))
    match = _PINNED.fullmatch(text.strip())
    key = _key(match["kind"], match["key"]) if match else None
    if key is None:
        hint = 'write host_key = "SHA256:…", or the whole key: host_key = "ssh-ed25519 AAAA…"'
        raise UsageError("option host_key of an SFTP zone: expected a fingerprint or a public key", hint=hint)
    return Trust(keys=(key,))


def _known(name: str, known_hosts: str | None) -> Iterator[tuple[str, HostKey | None]]:
    """Yield marker and key of every line for a server; no key where it cannot be read."""
    for place in (known_hosts,) if known_hosts else (*_OF_USER, *_OF_SYSTEM):
        for line in _lines(place, is_needed=known_hosts is not None):
            marker, fields = (line[0], line[1:]) if line[0].startswith("@") else ("", line)
            if len(fields) >= 3 and _matches(name, fields[0]):
                yield marker, _key(fields[1], fields[2])


def _lines(place: str, *, is_needed: bool) -> Iterator[list[str]]:
    try:
        text = Path(place).expanduser().read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError as error:
        if is_needed:
            raise HostKeyError(f"{place}: there is no such file of known hosts", hint="check known_hosts") from error
        return
    except (OSError, RuntimeError) as error:
        if is_needed or isinstance(error, PermissionError):
            raise HostKeyError(f"{place}: the file of known hosts cannot be read", hint=f"ls -l {place}") from error
        return
    yield from (fields for line in text.splitlines() if (fields := line.split()) and not fields[0].startswith("#"))


def _matches(name: str, patterns: str) -> bool:
    if patterns.startswith("|"):
        return _matches_hash(name, patterns)
    found = False
    for pattern in patterns.lower().split(","):
        if fnmatch.fnmatchcase(name, _as_glob(pattern.removeprefix("!"))):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def _as_glob(pattern: str) -> str:
    """Return a pattern in which brackets are themselves, as they are in known_hosts."""
    return pattern.replace("[", "[[]")


def _matches_hash(name: str, hashed: str) -> bool:
    try:
        _, version, salt, digest = hashed.split("|")
        expected = hmac.new(b64decode(salt, validate=True), name.encode(), hashlib.sha1).digest()
        return version == "1" and hmac.compare_digest(expected, b64decode(digest, validate=True))
    except (ValueError, binascii.Error):
        return False


def _key(kind: str, text: str) -> HostKey | None:
    try:
        blob = b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    name = kind.encode()
    return HostKey(kind, blob) if blob.startswith(len(name).to_bytes(4) + name) else None
