"""Tokens: made, told once, kept as digests in one file, found again; what a role may do is not their business.

A file that is broken, or that others could write to, lets nobody in: it raises, and is never taken for an empty one.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Annotated

import msgspec

from catalog.answers import Document, moment
from catalog.service.values import Role
from catalog.whole_file import write_whole
from verifier.errors import SettingsError, UnknownError, UsageError

FILE = "tokens.json"
_LOCK = "tokens.lock"
_SCHEMA = "landproof/token-file/1"
_TEXT = re.compile(r"lp_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_LONGEST_NAME = 80
_NOBODYS = "0" * 64
"""What a secret is compared with where its id is not known, so that both take as long."""

_Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Id = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{12}$")]
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept: whose it is, what it may do and until when, and the SHA-256 of its secret."""

    id: _Id
    name: str
    role: Role
    sha256: _Digest
    created_at: _Moment
    created_by: str
    expires_at: _Moment | None
    revoked_at: _Moment | None

    def state(self, now: datetime) -> str:
        """Return `active`, `revoked` or `expired`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and now >= self.expires_at else "active"


_FIELDS = frozenset(Token.__dataclass_fields__)


def read_tokens(folder: Path) -> tuple[Token, ...] | None:
    """Return all tokens of a folder, the newest last; None where there never were any.

    Raises SettingsError where the file cannot be read, is none of ours, or others than its owner may write to it.
    """
    path = folder / FILE
    try:
        _refuse_what_others_write(folder, path)
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"tokens {path} cannot be read: {(error.strerror or '').lower()}") from error
    try:
        return _parsed(content)
    except (ValueError, msgspec.MsgspecError) as error:
        text = str(error)
        hint = "nobody is let in by it; put it back as it was, or take it away and make new tokens"
        raise SettingsError(f"tokens {path}: {text[:1].lower()}{text[1:]}", hint=hint) from None


def create_token(folder: Path, name: str, role: Role, expires_at: datetime | None, who: tuple[str, datetime]) -> str:
    """Make a token and return it as it is told once; `who` is who makes it, and when.

    Raises UsageError where the name will not do, an active token has it, or the file cannot be written.
    """
    by, at = who
    if not name.strip() or name != name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise UsageError(f"expected a name of at most {_LONGEST_NAME} printable characters, got {name!r}")
    with _only_writer(folder):
        known = read_tokens(folder) or ()
        if any(one.name == name and one.state(at) == "active" for one in known):
            hint = f"choose another name, or first: landproof tokens revoke {name}"
            raise UsageError(f"there is an active token named {name!r}", hint=hint)
        made, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        token = Token(made, name, role, _digest(secret), at, by, expires_at, None)
        _write(folder, (*known, token))
    return f"lp_{made}_{secret}"


def revoke_token(folder: Path, which: str, at: datetime) -> Token:
    """Revoke a token by its id or name, or by itself; return it. What is revoked stays in the file, for the record.

    Raises UsageError where no active token is meant, or several.
    """
    match = _TEXT.fullmatch(which)
    wanted = match[1] if match else which
    with _only_writer(folder):
        known = read_tokens(folder) or ()
        meant = [one for one in known if wanted in (one.id, one.name) and one.state(at) == "active"]
        if len(meant) != 1:
            hint = "list them with: landproof tokens list"
            shown = "that token" if match else repr(which)
            if not meant:
                raise UnknownError(f"no active token has the id or name {shown}", hint=hint)
            raise UsageError(f"{len(meant)} active tokens have the id or name {shown}", hint=hint)
        revoked = replace(meant[0], revoked_at=at)
        _write(folder, [revoked if one is meant[0] else one for one in known])
    return revoked


def tokens_document(tokens: Sequence[Token], now: datetime, done: str, told: str | None = None) -> Document:
    """Return `landproof/tokens/1`: what was done, the tokens it is about, and of a new one how it reads, once."""
    listed = [
        {
            "id": one.id,
            "name": one.name,
            "role": one.role.value,
            "state": one.state(now),
            "created_at": moment(one.created_at),
            "created_by": one.created_by,
            "expires_at": moment(one.expires_at),
            "revoked_at": moment(one.revoked_at),
        }
        for one in tokens
    ]
    return {"schema": "landproof/tokens/1", "done": done, "token": told, "tokens": listed}


class TokenFile:
    """The tokens of a folder as they are at this moment: the file is looked at each time, and read where it changed."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._seen: tuple[object, ...] | None = None
        self._tokens: dict[str, Token] | None = None

    def current(self) -> dict[str, Token] | None:
        """Return all tokens by id, None where there is no file. Raises SettingsError as `read_tokens` does."""
        seen = self._look()
        if seen is None:
            self._seen = self._tokens = None
        elif seen != self._seen:
            self._seen = self._tokens = None  # whatever comes of reading it
            known = read_tokens(self.path.parent)
            self._tokens = None if known is None else {one.id: one for one in known}
            self._seen = seen
        return self._tokens

    def find(self, text: str) -> Token | None:
        """Return the token that a text is, whatever its state; takes as long whether or not its id is known."""
        known = self.current() or {}
        match = _TEXT.fullmatch(text)
        wanted, secret = match.groups() if match else ("", "")
        token = known.get(wanted)
        is_right = compare_digest(_digest(secret), token.sha256 if token else _NOBODYS)
        return token if is_right else None

    def _look(self) -> tuple[object, ...] | None:
        try:
            found, folder = self.path.stat(), self.path.parent.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SettingsError(f"tokens {self.path} cannot be read: {(error.strerror or '').lower()}") from error
        return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode, folder.st_mode


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _parsed(content: bytes) -> tuple[Token, ...]:
    """Read the file strictly: a word that is not known may be a limit that somebody believes to have set."""
    document = msgspec.json.decode(content)
    if not isinstance(document, dict) or document.get("schema") != _SCHEMA or set(document) != {"schema", "tokens"}:
        raise ValueError(f"expected a file of tokens, {_SCHEMA}, got something else")
    listed = document["tokens"] if isinstance(document["tokens"], list) else [None]
    for at, one in enumerate(listed):
        if not isinstance(one, dict) or set(one) != _FIELDS:
            raise ValueError(f"tokens[{at}]: expected the fields {', '.join(sorted(_FIELDS))}, got others")
    tokens = msgspec.convert(listed, tuple[Token, ...])
    if len({one.id for one in tokens}) != len(tokens):
        raise ValueError("expected each id once, got one several times")
    return tokens


def _refuse_what_others_write(folder: Path, path: Path) -> None:
    for place, mask in ((folder, 0o002), (path, 0o022)):
        if place.stat().st_mode & mask:
            hint = f"chmod go-w {place}; tokens that nobody here made are to be revoked"
            raise SettingsError(f"tokens {place}: others may write to it, so that it proves nothing", hint=hint)


def _write(folder: Path, tokens: Sequence[Token]) -> None:
    document = {"schema": _SCHEMA, "tokens": [asdict(one) for one in tokens]}
    write_whole(folder / FILE, msgspec.json.format(msgspec.json.encode(document)) + b"\n", mode=0o600)


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Keep two commands from making tokens of which one is lost. Raises UsageError where there can be no folder."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"tokens {folder}: cannot be written: {(error.strerror or '').lower()}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
