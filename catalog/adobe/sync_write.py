"""Put a settings file in another's place: whole or not at all, and only if nobody changed it; not what stands in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

from catalog.adobe.sync_edit import NEW_FILE, edited
from catalog.adobe.sync_values import SyncPlan
from catalog.settings.loading import load_settings
from verifier.errors import SettingsError

_NEW_MODE = 0o666


@dataclass(frozen=True, slots=True)
class Draft:
    """A settings file as it was when it was read; `before` is None where there was none."""

    path: Path
    before: bytes | None

    @classmethod
    def of(cls, path: Path) -> Draft:
        """Read a settings file, or note that there is none. Raises `SettingsError`."""
        try:
            return cls(path, path.read_bytes())
        except FileNotFoundError:
            return cls(path, None)
        except OSError as error:
            raise SettingsError(f"settings {path} cannot be read: {(error.strerror or '').lower()}") from error

    def write(self, plan: SyncPlan, environment: Mapping[str, str]) -> None:
        """Put the changes of a plan into the file, which keeps its mode; a link to it stays one.

        Raises `SettingsError` where the file has changed since, would not load, or cannot be written; then it is as it
        was.
        """
        text = NEW_FILE if self.before is None else self.before.decode("utf-8")
        new = edited(text, plan).encode("utf-8")
        target = Path(os.path.realpath(self.path))  # a link to the file is kept, and its target replaced
        try:
            self._replace(target, new, environment)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise SettingsError(f"settings {self.path} cannot be written: {reason}") from error

    def _replace(self, target: Path, new: bytes, environment: Mapping[str, str]) -> None:
        # Beside its target, so that relative paths mean the same when it is tried, and renaming cannot be torn.
        handle, name = mkstemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent)
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(new)
                file.flush()
                self._take_after(target, file.fileno())
                os.fsync(file.fileno())
            _try(draft, environment)
            self._refuse_changes()
            if self.before is None:
                _place(draft, target)
            else:
                draft.replace(target)
            _sync_folder(target.parent)
        finally:
            draft.unlink(missing_ok=True)

    def _take_after(self, target: Path, handle: int) -> None:
        """Give the draft the mode of the file it replaces, and its owner where that is allowed."""
        if self.before is None:
            os.fchmod(handle, _NEW_MODE & ~_umask())
            return
        was = target.stat()
        with suppress(PermissionError):
            os.fchown(handle, was.st_uid, was.st_gid)
        os.fchmod(handle, stat.S_IMODE(was.st_mode))

    def _refuse_changes(self) -> None:
        now = self.path.read_bytes() if self.path.exists() else None
        if now != self.before:
            message = f"settings {self.path} were changed by somebody else in between; nothing was written"
            raise SettingsError(message, hint="run it again")


def _try(draft: Path, environment: Mapping[str, str]) -> None:
    try:
        load_settings(draft, environment)
    except SettingsError as error:
        raise SettingsError(f"what Adobe says would not make settings that load: {error.message}") from error


def _place(draft: Path, target: Path) -> None:
    """Give a draft its name where no file has come in between; not every filesystem has links to tell by."""
    try:
        os.link(draft, target)
    except FileExistsError:
        raise
    except OSError:
        draft.rename(target)


def _umask() -> int:
    """Return the mask for new files, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Have the new name kept even if the machine stops now."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
