"""The folder of the keys that sign: one in use, others retired, private ones for their owner alone; signs nothing.

`NAME.key` is the key in use, `NAME.key.retired` one that was, `NAME.pub` the public half, which others are given.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from catalog.ledger.notes import Signer, Verifier, new_signer, parse_signer, parse_verifier
from verifier.errors import SettingsError, UsageError

_KEY, _NEW, _RETIRED, _PUBLIC = ".key", ".key.new", ".key.retired", ".pub"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key by its public half: `state` is active, retired (its private half is still there) or public."""

    verifier: Verifier
    state: str
    path: Path


def list_keys(folder: Path) -> list[KeyFile]:
    """Return all keys of a folder by name; none where there is no folder. Raises SettingsError for a damaged file."""
    found = []
    for path in sorted(folder.glob(f"*{_PUBLIC}")):
        stem = path.name.removesuffix(_PUBLIC)
        is_active, is_retired = ((folder / f"{stem}{ending}").exists() for ending in (_KEY, _RETIRED))
        state = "active" if is_active else "retired" if is_retired else "public"
        found.append(KeyFile(_public(path), state, path))
    return found


def active_signer(folder: Path) -> Signer | None:
    """Return the key in use, None where there is none.

    Raises SettingsError where there are several, others may read it, or it is damaged.
    """
    found = sorted(folder.glob(f"*{_KEY}"))
    if not found:
        return None
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        hint = f"rename those that are no longer used to end with {_RETIRED}"
        raise SettingsError(f"keys {folder}: expected one key in use, got {names}", hint=hint)
    path = found[0]
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            hint = f"chmod 600 {path}; if others may have read it, replace it with: landproof keys rotate"
            raise SettingsError(f"key {path}: others may read it, so that it proves nothing", hint=hint)
        return parse_signer(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"key {path} cannot be read: {(error.strerror or '').lower()}") from error
    except ValueError as error:
        raise SettingsError(f"key {path}: {error}") from None


def create_key(folder: Path, name: str) -> Signer:
    """Make the first key of a folder. Raises UsageError where one is in use, or there is one of that name."""
    if any(folder.glob(f"*{_KEY}")):
        hint = "to replace it: landproof keys rotate"
        raise UsageError(f"keys {folder}: there is a key in use already", hint=hint)
    return _write(folder, name, _KEY)


def prepare_key(folder: Path, name: str) -> tuple[Signer, Signer]:
    """Make the key that is to follow the one in use; return that one, and the new one, which `replace_key` brings in.

    Raises UsageError where none is in use, or there is one of that name.
    """
    old = active_signer(folder)
    if old is None:
        raise UsageError(f"keys {folder}: there is no key to replace", hint="make one with: landproof keys new")
    return old, _write(folder, name, _NEW)


def replace_key(folder: Path, old: Signer, new: Signer) -> None:
    """Retire the key in use, and use the one that was prepared."""
    (folder / f"{old.name}{_KEY}").rename(folder / f"{old.name}{_RETIRED}")
    (folder / f"{new.name}{_NEW}").rename(folder / f"{new.name}{_KEY}")


def _write(folder: Path, name: str, ending: str) -> Signer:
    try:
        signer = new_signer(name)
    except ValueError as error:
        raise UsageError(f"key {name!r}: {error}") from None
    if "/" in name or name.startswith("."):
        raise UsageError(f"key {name!r}: expected a name that a file can have")
    if any((folder / f"{name}{one}").exists() for one in (_KEY, _NEW, _RETIRED, _PUBLIC)):
        raise UsageError(f"keys {folder}: there is a key named {name} already", hint="choose another with --name")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for suffix, mode, text in ((ending, 0o600, signer.secret_text), (_PUBLIC, 0o644, signer.verifier.text)):
            handle = os.open(folder / f"{name}{suffix}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"{text}\n")
                file.flush()
                os.fsync(handle)
    except OSError as error:
        raise UsageError(f"keys {folder}: cannot be written: {(error.strerror or '').lower()}") from error
    return signer


def _public(path: Path) -> Verifier:
    try:
        return parse_verifier(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"key {path}: {error}") from None
