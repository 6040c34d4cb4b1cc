"""What a command says on stderr while it runs, line by line, into values; reads no pipe."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from catalog.service.jobs.values import Progress

_MOST_NOTES, _MOST_CHARACTERS = 50, 500


@dataclass(slots=True)
class Heard:
    """All that was said so far: how far it is, what went wrong, and the rest as it is."""

    progress: Progress = field(default_factory=Progress)
    message: str | None = None
    hint: str | None = None
    notes: list[str] = field(default_factory=list)

    def take(self, line: str) -> None:
        """Take in a line, without its end."""
        told = _object(line)
        match told.get("schema"):
            case "landproof/progress/1":
                self.progress = _progress(told)
            case "landproof/error/1" if isinstance(told.get("error"), dict):
                error = told["error"]
                self.message, self.hint = _text(error.get("message")), _text(error.get("hint"))
            case _ if line.strip() and len(self.notes) < _MOST_NOTES:
                self.notes.append(line.strip().removeprefix("landproof: ")[:_MOST_CHARACTERS])
            case _:
                pass


def _object(line: str) -> dict[str, Any]:
    if not line.startswith("{"):
        return {}
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _progress(told: dict[str, Any]) -> Progress:
    zone = told.get("zone")
    counts = ("listed_files", "planned_files", "planned_bytes", "read_files", "read_bytes")
    numbers = {name: told[name] for name in counts if isinstance(told.get(name), int)}
    return Progress(zone=zone if isinstance(zone, str) else None, **numbers)


def _text(value: object) -> str | None:
    return value[:4000] if isinstance(value, str) and value else None
