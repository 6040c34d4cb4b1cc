"""Renders the pages that are made from the program: docs/commands.md, docs/findings.md and the README's command list.

`python -m tests.support.reference` (`make docs`) writes them; tests/house compares them with what is there.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from catalog.cli.app import build_app
from verifier.findings import REGISTER, Code, Effect, Level

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"(?<=<!-- commands -->\n).*?(?=<!-- /commands -->)", re.DOTALL)
_OF_EVERY_APP = ("help", "install_completion", "show_completion")
_WRITTEN = "<!-- Written by: make docs -->\n"
_FAMILIES = {
    "layout": "where things lie",
    "file": "one file, whatever its format",
    "gzip": "compression",
    "json": "newline-delimited JSON, strict RFC 8259",
    "parquet": "Parquet",
    "schema": "columns, within a snapshot and against the last good one",
    "manifest": "what Adobe's manifest promises",
    "snapshot": "one export as a whole, and against its own past",
    "schedule": "what was due",
    "zone": "the landing zone as a whole",
}
_EFFECTS = {
    Effect.CORRUPT: "corrupt",
    Effect.INCOMPLETE: "incomplete",
    Effect.UNKNOWN: "unknown",
    Effect.UNVERIFIABLE: "unverifiable",
    Effect.NONE: "-",
}
_LEVELS = {Level.ERROR: "error", Level.WARN: "warning", Level.INFO: "info"}


def commands() -> Mapping[str, Any]:
    """Return the commands of the program by name, in the order of its help."""
    found: Mapping[str, Any] = typer.main.get_command(build_app()).commands  # type: ignore[attr-defined]
    return found


def parameters(command: Any) -> list[Any]:
    """Return the arguments and options of a command, in order, without those that every command has."""
    return [p for p in command.params if p.name not in _OF_EVERY_APP]


def commands_page() -> str:
    """Render docs/commands.md."""
    head = f"""{_WRITTEN}# Commands

Data goes to stdout, talk and progress to stderr. `--json` prints the document of a command, the same facts for a program.
Times are written `2026-09-20` (as an end: the whole day), `2026-09-20T01:00:00Z`, or in an export time's digits,
`202609200100`; without an offset they are UTC. Statuses are explained in the [README](../README.md#exit-status).
"""
    return "\n".join([head, *(section for name, command in commands().items() for section in _command(name, command))])


def findings_page() -> str:
    """Render docs/findings.md."""
    head = f"""{_WRITTEN}# Findings

A finding is one thing seen and judged. Its code is never renamed, and never used for anything else. `[levels]` in
[the settings](settings.md) gives a code another level. A code with a verdict beside it gives its snapshot that verdict
when it is an error, or hides the content from us; the [README](../README.md#words) says which verdict wins. An error
without one still keeps a snapshot from being good in the exit status, though not in its verdict where it is about a
schedule or a zone.
"""
    return "\n".join([head, *(line for family in _FAMILIES for line in _family(family))])


def readme(text: str) -> str:
    """Return the README with its list of commands as it must be now. Raises ValueError where it has no place for it."""
    if not _BLOCK.search(text):
        raise ValueError("the README has no <!-- commands --> block")
    rows = "".join(f"| `{_usage(name, c)}` | {_first_sentence(c)} |\n" for name, c in commands().items())
    return _BLOCK.sub(lambda _: f"| command | does |\n|---|---|\n{rows}", text)


def pages() -> dict[Path, str]:
    """Return what must stand in each page."""
    main = ROOT / "README.md"
    return {
        ROOT / "docs" / "commands.md": commands_page(),
        ROOT / "docs" / "findings.md": findings_page(),
        main: readme(main.read_text(encoding="utf-8")),
    }


def _command(name: str, command: Any) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"`{_usage(name, command)}`\n"
    yield f"{inspect.cleandoc(command.help)}\n"
    yield "| | |\n|---|---|"
    for parameter in parameters(command):
        yield f"| `{_spelled(parameter)}` | {parameter.help}{_default(parameter)} |"
    yield ""


def _usage(name: str, command: Any) -> str:
    arguments = [p.metavar or p.name.upper() for p in parameters(command) if p.param_type_name == "argument"]
    return " ".join([f"landproof {name}", *arguments])


def _first_sentence(command: Any) -> str:
    paragraph = " ".join(inspect.cleandoc(command.help).split("\n\n")[0].split())
    return paragraph.split(". ")[0].rstrip(".")


def _spelled(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    if parameter.is_flag:
        return str(parameter.opts[0])
    choices = getattr(parameter.type, "choices", None)
    what = "/".join(str(getattr(c, "value", c)) for c in choices) if choices else parameter.metavar
    return f"{parameter.opts[0]} {what or parameter.type.name.split()[0].upper()}"


def _default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required or value is None or isinstance(value, bool) or value == ():
        return ""
    return f" Default: `{getattr(value, 'value', value)}`."


def _family(family: str) -> Iterator[str]:
    yield f"## {family}: {_FAMILIES[family]}\n"
    yield "| code | level | verdict | meaning | what to do |\n|---|---|---|---|---|"
    yield from (_row(code) for code in REGISTER.values() if code.family == family)
    yield ""


def _row(code: Code) -> str:
    level, effect = _LEVELS[code.level], _EFFECTS[code.effect]
    return f'| <a id="{code.name}"></a>`{code.name}` | {level} | {effect} | {code.meaning} | {code.advice} |'


if __name__ == "__main__":
    for page, wanted in pages().items():
        page.write_text(wanted, encoding="utf-8")
        sys.stdout.write(f"written: {page.relative_to(ROOT)}\n")
