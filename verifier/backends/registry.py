"""The kinds of store we know and the module behind each, loaded on use; not what any of them does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from verifier.backends.base import Backend, Location
from verifier.errors import UsageError


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of store: the schemes its URLs begin with, the first being the canonical one, and its module.

    The module offers `open_backend(location) -> Backend`.
    """

    name: str
    schemes: tuple[str, ...]
    module: str


KINDS: tuple[Kind, ...] = (
    Kind("local", ("file",), "verifier.backends.local"),
    Kind("s3", ("s3", "s3a"), "verifier.backends.s3"),
)


def kind_of(scheme: str) -> Kind | None:
    """Return the kind whose URLs begin with `scheme`, or None."""
    return next((kind for kind in KINDS if scheme in kind.schemes), None)


def supported() -> str:
    """Name every kind with its URL, for messages."""
    return ", ".join(f"{kind.name} ({kind.schemes[0]}://)" for kind in KINDS)


def open_backend(location: Location) -> Backend:
    """Open the store at a location; its driver is imported here and nothing is sent yet.

    Raises `UsageError` for a kind that is not known or options that its driver does not take.
    """
    found = next((kind for kind in KINDS if kind.name == location.kind), None)
    if found is None:
        raise UsageError(f"unknown kind of store: {location.kind}; supported are {supported()}")
    opener = cast("Callable[[Location], Backend]", import_module(found.module).open_backend)
    return opener(location)
