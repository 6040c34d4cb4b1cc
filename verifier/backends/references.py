"""Values that stand for one of the environment or of a file until they are needed; not which values may be such.

So may a location travel to another machine without its secrets: they are put in where it is opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from verifier.backends.base import Location
from verifier.errors import DeniedError

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_FILE = "file:"


@dataclass(frozen=True, slots=True)
class Reference:
    """A text that stands for another: `file:PATH` for what a file holds, else `${NAME}` in it for variables."""

    text: str

    def resolve(self, environment: Mapping[str, str]) -> str:
        """Return what it stands for. Raises `DeniedError` that names the variable or file that is not there."""
        if is_file(self.text):
            return _held(Path(self.text.removeprefix(_FILE)))
        for name in VARIABLE.findall(self.text):
            if name not in environment:
                raise DeniedError(f"environment variable {name} is not set where the file was to be read")
        return VARIABLE.sub(lambda match: environment[match[1]], self.text)


def is_file(text: str) -> bool:
    """Tell whether a text stands for what a file holds."""
    return text.startswith(_FILE) and not text.startswith("file://")


def resolved(location: Location) -> Location:
    """Return a location with what its options stand for put in. Raises `DeniedError` where that is not there."""
    return replace(location, options={name: _resolved(value) for name, value in location.options.items()})


def _resolved(value: object) -> object:
    if isinstance(value, Reference):
        return value.resolve(os.environ)
    if isinstance(value, Mapping):
        return {name: _resolved(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner) for inner in value]
    return value


def _held(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise DeniedError(f"file {path} with a secret is not UTF-8 text where the file was to be read") from None
    except OSError as error:
        reason = (error.strerror or "not a path").lower()
        raise DeniedError(f"file {path} with a secret cannot be read where the file was to be read: {reason}") from None
