"""The kinds of store we know and the module behind each, loaded on use; not what any of them does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import cast

from verifier.backends.base import Backend, Location, Writer
from verifier.errors import UsageError


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of store: the schemes its URLs begin with, the first being the usual one, and its module.

    The module offers `open_backend(location) -> Backend`, and `open_writer(location) -> Writer` where it takes copies.
    `lifetime` is how long after it landed every such store deletes a file by itself, None where it does not. `requests`
    is how many requests of one worker such a store may well have under way at once, each over a connection of its own;
    `logins` how many connections it lets in all together, None where it does not care.
    """

    name: str
    schemes: tuple[str, ...]
    module: str
    lifetime: timedelta | None = None
    requests: int = 1
    logins: int | None = None

    def lanes(self, workers: int) -> int:
        """Return how many files of such a store each of so many workers looks at at once."""
        share = self.requests if self.logins is None else self.logins // max(workers, 1)
        return max(min(self.requests, share), 1)


_AT_A_DISTANCE = 16
_SSHD_STARTS = 8
"""An sshd as it is installed drops logins at random when ten are under way."""

KINDS: tuple[Kind, ...] = (
    Kind("local", ("file",), "verifier.backends.local"),
    Kind("s3", ("s3", "s3a"), "verifier.backends.s3", requests=_AT_A_DISTANCE),
    Kind("azure-blob", ("az", "wasbs", "wasb", "https", "http"), "verifier.backends.azure", requests=_AT_A_DISTANCE),
    Kind("adls-gen2", ("abfss", "abfs"), "verifier.backends.azure", requests=_AT_A_DISTANCE),
    Kind("gcs", ("gs", "gcs"), "verifier.backends.gcs", requests=_AT_A_DISTANCE),
    Kind("sftp", ("sftp",), "verifier.backends.sftp", requests=_SSHD_STARTS, logins=_SSHD_STARTS),
    Kind("data-landing-zone", ("dlz",), "verifier.backends.data_landing_zone", timedelta(days=7), _AT_A_DISTANCE),
    Kind("fsspec", ("ftp",), "verifier.backends.fsspec_other"),  # and every scheme that is no other's
)

_ALSO_AS = {
    "azure-blob": ("azure-blob", "adls-gen2", "data-landing-zone"),
    "adls-gen2": ("azure-blob", "adls-gen2", "data-landing-zone"),
    "s3": ("s3", "data-landing-zone"),
}
"""As which kinds a place may be named whose URL is of this kind."""


def kind_of(scheme: str) -> Kind | None:
    """Return the kind whose URLs begin with `scheme`, or None."""
    return next((kind for kind in KINDS if scheme in kind.schemes), None)


def supported() -> str:
    """Name every kind with its URL, for messages."""
    return ", ".join(f"{kind.name} ({kind.schemes[0]}://)" for kind in KINDS)


def named_kind(name: str) -> Kind:
    """Return the kind of this name. Raises `UsageError` where there is none."""
    found = next((kind for kind in KINDS if kind.name == name), None)
    if found is None:
        raise UsageError(f"unknown kind of store: {name}; supported are {supported()}")
    return found


def lifetime_of(name: str) -> timedelta | None:
    """Return how long after it landed a store of this kind deletes a file by itself, None where it does not."""
    return named_kind(name).lifetime


def may_be(found: Kind, wanted: str) -> bool:
    """Tell whether a place whose URL is of the kind found may be named as one of the kind wanted."""
    return wanted in _ALSO_AS.get(found.name, (found.name,))


def open_backend(location: Location) -> Backend:
    """Open the store at a location; its driver is imported here and nothing is sent yet.

    Raises `UsageError` for a kind that is not known or options that its driver does not take.
    """
    opener = cast("Callable[[Location], Backend]", import_module(named_kind(location.kind).module).open_backend)
    return opener(location)


def open_writer(location: Location) -> Writer:
    """Open the store at a location for new objects; nothing is sent yet.

    Raises `UsageError` as `open_backend` does, and for a kind of store that takes no copies.
    """
    module = import_module(named_kind(location.kind).module)
    if not hasattr(module, "open_writer"):
        raise UsageError(f"{location.url}: nothing can be copied to a store of kind {location.kind}")
    opener = cast("Callable[[Location], Writer]", module.open_writer)
    return opener(location)
