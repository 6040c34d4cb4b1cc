"""Gather raw settings: the file, overrides from the environment, secrets from where they are kept; judges no table."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from catalog.settings.exports import hold_back
from catalog.settings.values import Secret
from verifier.backends.references import VARIABLE, Reference, is_file

Keys = tuple[str | int, ...]
Raw = dict[str, object]

PREFIX = "LANDPROOF_"
_SECRET_NAMES = frozenset(
    {
        "access_token",
        "account_key",
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "client_secret",
        "connection_string",
        "copysourcessecustomerkey",
        "credential",
        "id_token",
        "passphrase",
        "password",
        "private_key",
        "refresh_token",
        "sas_token",
        "sas_uri",
        "secret",
        "secret_access_key",
        "secret_key",
        "session_token",
        "signing_key",
        "ssecustomerkey",
        "token",
    }
)
_PATH_NAMES = frozenset({"key_filename", "known_hosts"})
_SECRET_INSIDE = re.compile(
    r"://[^/@\s]*:[^/@\s]+@|\b(?:AccountKey|SharedAccessSignature)=|[?&](?:sig|signature|x-amz-signature|token|secret|password)=",
    re.IGNORECASE,
)
_WORDS_FOR_TOKENS = frozenset({"anon", "browser", "cache", "cloud", "google_default"})
_OPEN_CHANNELS = ("json://", "jsons://", "xml://", "xmls://", "form://", "forms://")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong with the settings and where it stands."""

    keys: Keys
    text: str


def spell(keys: Keys) -> str:
    """Return where something stands, as in `datasets[0].every`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")


def read_file(path: Path) -> Raw:
    """Return what a TOML file holds. Raises ValueError with what is wrong with it, and OSError."""
    try:
        return tomllib.loads(path.read_bytes().decode())
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not TOML: {error}") from None


@dataclass(slots=True)
class Source:
    """Raw settings on their way to being checked, with the mistakes and warnings met so far.

    `folder` is where relative paths of the file start; `origins` are the variables that set a value.
    """

    raw: Raw
    environment: Mapping[str, str]
    folder: Path
    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    origins: dict[Keys, str] = field(default_factory=dict)

    def override(self) -> None:
        """Lay `LANDPROOF_TABLE__KEY` variables over the file."""
        for name, value in sorted(self.environment.items()):
            if name.upper().startswith(PREFIX) and "__" in name:
                self._override_one(name, name[len(PREFIX) :].split("__"), value)

    def _override_one(self, name: str, parts: list[str], text: str) -> None:
        table: object = self.raw
        keys: list[str | int] = []
        for part in parts[:-1]:
            if not isinstance(table, dict):
                break
            keys.append(_spelled(part, table))
            table = table.setdefault(keys[-1], {})
        if not isinstance(table, dict):
            self.mistakes.append(Mistake(tuple(keys), f"{name} cannot reach into it: expected a table"))
            return
        last = _spelled(parts[-1], table)
        table[last] = text if last in _SECRET_NAMES else _scalar(text)
        self.origins[(*keys, last)] = name

    def resolve(self) -> None:
        """Put environment variables and files in where settings refer to them, and mask secrets."""
        for name, zone in _tables(self.raw.get("zones")):
            url = zone.get("url")
            if isinstance(url, str):
                zone["url"] = self._place(self._without_signature(url, zone, ("zones", name, "url")))
            options = zone.get("options")
            if isinstance(options, dict):
                zone["options"] = self._options(options, ("zones", name, "options"))
        for name, table in list(_tables(self.raw)):
            if name == "levels":
                self.raw[name] = _codes(table)
            elif name == "catalog":
                table.update(self._texts(table, name, ("segments", "checkpoints")))
            elif name == "notify":
                self._resolve_notify(table)
            elif name == "nightly" and isinstance(url := table.get("ping_url"), str):
                table["ping_url"] = self._secret(url, ("nightly", "ping_url"))
            elif name == "pgp":
                self._resolve_pgp(table)
            elif name == "adobe":
                self._resolve_adobe(table)

    def _texts(self, table: Raw, name: str, keys: Iterable[str]) -> Raw:
        texts = {key: table[key] for key in keys if key in table}
        return {k: self._substituted(v, (name, k)) if isinstance(v, str) else v for k, v in texts.items()}

    def _resolve_notify(self, notify: Raw) -> None:
        listed = notify.get("channels")
        channels = [(c, ("notify", "channels", at)) for at, c in enumerate(listed if isinstance(listed, list) else ())]
        for table, keys in ((notify, ("notify",)), *channels):
            if isinstance(table, dict) and isinstance(urls := table.get("urls"), list):
                named = [(url, (*keys, "urls", at)) for at, url in enumerate(urls)]
                table["urls"] = [
                    self._secret(url, place, is_open=_is_open(url)) if isinstance(url, str) else url
                    for url, place in named
                ]

    def _resolve_pgp(self, pgp: Raw) -> None:
        keys, passphrase = pgp.get("keys"), pgp.get("passphrase")
        if isinstance(keys, list):
            named = [(key, ("pgp", "keys", at)) for at, key in enumerate(keys)]
            pgp["keys"] = [self._secret(key, place) if isinstance(key, str) else key for key, place in named]
        if isinstance(passphrase, str):
            pgp["passphrase"] = self._secret(passphrase, ("pgp", "passphrase"))

    def _resolve_adobe(self, adobe: Raw) -> None:
        hold_back(adobe, self._reference, self._warn_of_literal)
        for key, value in adobe.items():
            if isinstance(value, str):
                keys: Keys = ("adobe", key)
                adobe[key] = self._secret(value, keys) if key in _SECRET_NAMES else self._fetched(value, keys)

    def _options(self, options: Raw, keys: Keys) -> Raw:
        return {name: self._option(value, (*keys, name), options) for name, value in options.items()}

    def _option(self, value: object, keys: Keys, beside: Mapping[str, object]) -> object:
        name = next(key for key in reversed(keys) if isinstance(key, str)).lower()
        if isinstance(value, dict):
            return self._options(value, keys)
        if isinstance(value, list):
            return [self._option(inner, (*keys, at), {}) for at, inner in enumerate(value)]
        is_secret = name in _SECRET_NAMES or (name == "key" and "secret" in beside)
        if is_secret and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            return value
        text = self._fetched(value, keys)
        is_no_token = name == "token" and _is_no_token(text)
        if (is_secret and not is_no_token) or _SECRET_INSIDE.search(value):
            self._warn_of_literal(value, keys)
            return Secret(text, self._reference(value, keys))
        is_literal = text == value
        if name in _PATH_NAMES or (is_no_token and text not in _WORDS_FOR_TOKENS):
            text = self._path(text)
        return text if is_literal else Secret(text, self._reference(value, keys))

    def _without_signature(self, url: str, zone: Raw, keys: Keys) -> str:
        """Return the text that a zone's url stands for; a SAS in it moves into the options."""
        before = len(self.mistakes)
        text = self._fetched(url, keys)
        if len(self.mistakes) > before:
            return url
        place, mark, signature = text.partition("?")
        if not mark or not place.lower().startswith(("https://", "http://")):
            return text
        self._warn_of_literal(url, keys)
        options = zone.setdefault("options", {})
        if isinstance(options, dict):
            options.setdefault("sas_token", Secret(signature))
        return place

    def _secret(self, value: str, keys: Keys, *, is_open: bool = False) -> Secret:
        if not is_open:
            self._warn_of_literal(value, keys)
        return Secret(self._fetched(value, keys), self._reference(value, keys))

    def _reference(self, value: str, keys: Keys) -> Reference | None:
        """Return what stands for a value wherever its variable or file is."""
        if is_file(value):
            return Reference(f"file:{self.folder.absolute() / value.removeprefix('file:')}")
        if not refers(value) and keys in self.origins:
            return Reference(f"${{{self.origins[keys]}}}")
        return Reference(value) if refers(value) else None

    def _warn_of_literal(self, value: str, keys: Keys) -> None:
        if not refers(value) and keys not in self.origins:
            better = '"${NAME}" takes it from the environment, "file:PATH" from a file'
            self.warnings.append(f"{spell(keys)}: a literal secret; {better}")

    def _fetched(self, value: str, keys: Keys) -> str:
        """Return the text a value stands for: of a file, or with environment variables put in."""
        if not is_file(value):
            return self._substituted(value, keys)
        path = self.folder / value.removeprefix("file:")
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            self.mistakes.append(Mistake(keys, f"file {path} is not UTF-8 text"))
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or "not a path").lower()
            self.mistakes.append(Mistake(keys, f"file {path} cannot be read: {reason}"))
        return ""

    def _substituted(self, value: str, keys: Keys) -> str:
        for name in VARIABLE.findall(value):
            if name not in self.environment:
                self.mistakes.append(Mistake(keys, f"environment variable {name} is not set"))
        return VARIABLE.sub(lambda match: self.environment.get(match[1], match[0]), value)

    def _place(self, url: str) -> str:
        """Start a zone's relative path at the folder of the settings."""
        return url if "://" in url or is_file(url) else self._path(url)

    def _path(self, path: str) -> str:
        """Start a relative path at the folder of the settings, unless it begins at somebody's home."""
        with suppress(ValueError):
            path = os.path.expanduser(path)  # noqa: PTH111  # it leaves alone what is nobody's home
        return str(self.folder / path) if path else path


def _tables(value: object) -> Iterable[tuple[str, Raw]]:
    """Yield the named tables in a table; what is something else is left to the checks."""
    if isinstance(value, dict):
        yield from ((name, inner) for name, inner in value.items() if isinstance(inner, dict))


def _codes(levels: Raw) -> Raw:
    """Join codes that were written without quotes, which TOML reads as tables in a table."""
    joined: Raw = {}
    for key, value in levels.items():
        joined |= {f"{key}.{name}": level for name, level in value.items()} if isinstance(value, dict) else {key: value}
    return joined


def _spelled(part: str, table: Mapping[str, object]) -> str:
    """Return the key of `table` that a variable's part means, or the part in lower case."""
    return next((key for key in table if _plain(key) == _plain(part)), part.lower())


def _plain(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "_", key.lower())


def _scalar(text: str) -> object:
    """Read a variable as TOML would read a value; what is none, or a table, is a text."""
    try:
        read = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return text if set(read) != {"value"} or isinstance(read["value"], dict) else read["value"]


def refers(value: str) -> bool:
    """Tell whether a value stands for that of a file or holds that of the environment."""
    return is_file(value) or VARIABLE.search(value) is not None


def _is_no_token(value: str) -> bool:
    """Tell whether a `token` option is a word or a file name, as Google's filesystem takes them."""
    return value in _WORDS_FOR_TOKENS or value.endswith(".json")


def _is_open(url: object) -> bool:
    return isinstance(url, str) and url.startswith(_OPEN_CHANNELS) and "@" not in url
