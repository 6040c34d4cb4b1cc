"""Renders what the documents take from the program: docs/commands.md, docs/findings.md and the README's help text.

`python -m tests.support.reference` (`make docs`) writes them; tests/house compares them with what is there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

from catalog.cli.app import build_app
from verifier.findings import REGISTER, Code, Effect, Level

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
_BLOCK = re.compile(r"(?<=<!-- landproof --help -->\n).*?(?=<!-- end -->)", re.DOTALL)
_WRITTEN = "<!-- Written by: make docs -->\n"
_LEVELS = {Level.ERROR: "error", Level.WARN: "warning", Level.INFO: "info"}
_FAMILIES = {
    "layout": "where things lie",
    "file": "one file, whatever its format",
    "pgp": "encryption, where the settings have a key",
    "gzip": "compression",
    "json": "newline-delimited JSON, strict RFC 8259",
    "parquet": "Parquet",
    "schema": "columns, within a snapshot and against the last good one",
    "manifest": "what the manifest promises",
    "snapshot": "one export as a whole, and against its own past",
    "schedule": "what was due",
    "flow": "asking Adobe",
    "dataset": "a dataset over time",
    "zone": "the landing zone as a whole",
    "run": "what Adobe says it exported",
    "copy": "the same backup at several places",
    "ledger": "the record behind the evidence",
}


def commands() -> Mapping[str, Any]:
    """Return the commands of the program by name, those of a group by both words, in the order of its help."""
    group: Any = typer.main.get_command(build_app())
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        inner: Mapping[str, Any] = getattr(command, "commands", {})
        found |= {f"{name} {word}": one for word, one in inner.items()} or {name: command}
    return found


def help_text(*command: str) -> str:
    """Return what the program prints for --help, at the width of a plain terminal."""
    ran = CliRunner().invoke(build_app(), [*command, "--help"], prog_name="landproof", env={"COLUMNS": "100"})
    return ran.output


def commands_page() -> str:
    """Render docs/commands.md."""
    head = f"""{_WRITTEN}# Commands

Data goes to stdout, talk and progress to stderr. `--json` prints the same facts as a document for a program. Times are
written `2026-09-20` (as an end: the whole day), `2026-09-20T01:00:00Z`, or in an export time's digits, `202609200100`;
without an offset they are UTC. The [README](../README.md#exit-status) explains the exit status.
"""
    return "\n".join([head, *(f"## {name}\n\n{_fenced(help_text(*name.split()))}" for name in commands())])


def findings_page() -> str:
    """Render docs/findings.md."""
    head = f"""{_WRITTEN}# Findings

A finding is one thing seen and judged. Its code is never renamed, and never used for anything else. `[levels]` in
[the settings](settings.md#levels) gives a code another level.

The column *verdict* says what the finding makes of its snapshot: `corrupt`, `incomplete` and `unknown` while it is an
error, `unverifiable` at any level. Where several meet, the order in the [README](../README.md#verdicts) decides. Errors
without a verdict are about a stray file, a schedule, a zone or a copy; they raise the exit status all the same.
"""
    return "\n".join([head, *(line for family in _FAMILIES for line in _family(family))])


def readme(text: str) -> str:
    """Return the README with its help text as it must be now. Raises ValueError where it has no place for it."""
    if not _BLOCK.search(text):
        raise ValueError("the README has no block for the help text")
    return _BLOCK.sub(lambda _: _fenced(help_text()), text)


def pages() -> dict[Path, str]:
    """Return what must stand in each page."""
    return {
        ROOT / "docs" / "commands.md": commands_page(),
        ROOT / "docs" / "findings.md": findings_page(),
        README: readme(README.read_text(encoding="utf-8")),
    }


def _fenced(text: str) -> str:
    return f"```\n{text}```\n"


def _family(family: str) -> Iterator[str]:
    yield f"## {family}: {_FAMILIES[family]}\n"
    yield "| code | level | verdict | meaning | what to do |\n|---|---|---|---|---|"
    yield from (_row(code) for code in REGISTER.values() if code.family == family)
    yield ""


def _row(code: Code) -> str:
    verdict = "" if code.effect is Effect.NONE else code.effect.value
    name = f'<a id="{code.name}"></a>`{code.name}`'
    return f"| {name} | {_LEVELS[code.level]} | {verdict} | {code.meaning} | {code.advice} |"


if __name__ == "__main__":
    for page, wanted in pages().items():
        page.write_text(wanted, encoding="utf-8")
        sys.stdout.write(f"written: {page.relative_to(ROOT)}\n")
