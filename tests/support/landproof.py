"""Run the landproof command, in this process or in one of its own, and take its answer apart; asserts nothing."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.cli.main import main

Document = dict[str, Any]
COMMAND = str(Path(sys.executable).parent / "landproof")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command gave back."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Document:
        """The document on stdout."""
        document: Document = json.loads(self.out)
        return document

    @property
    def error(self) -> Document:
        """The error of the document on stderr."""
        error: Document = json.loads(self.err)["error"]
        return error

    @property
    def counts(self) -> Document:
        """The counts of a scan."""
        counts: Document = self.document["counts"]
        return counts

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdicts of a scan by export time, or by dataset and export time where there are several datasets."""
        several = len({s["dataset_id"] for s in self.document["snapshots"]}) > 1
        parts = 2 if several else 1
        return {"/".join(s["id"].rsplit("/", parts)[1:]): s["verdict"] for s in self.document["snapshots"]}

    @property
    def codes(self) -> Counter[str]:
        """All codes of a document with how often they are there."""
        return Counter(f["code"] for f in findings_of(self.document))

    def only(self, code: str) -> Document:
        """Return the one finding of a code."""
        found = [f for f in findings_of(self.document) if f["code"] == code]
        if len(found) != 1:
            raise AssertionError(f"expected one {code}, got {len(found)} among {dict(self.codes)}")
        return found[0]


def findings_of(value: object) -> Iterable[Document]:
    """Yield every finding anywhere in a document."""
    if isinstance(value, Mapping):
        if "code" in value and "level" in value:
            yield dict(value)
        for inner in value.values():
            yield from findings_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from findings_of(inner)


def landproof(*words: object) -> Answer:
    """Run a command in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        status = main([str(word) for word in words])
    return Answer(status, _text(out), _text(err))


def _text(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8")


def started(*words: object, cwd: Path | None = None, **environment: str) -> subprocess.Popen[bytes]:
    """Start the installed command in a session of its own, its outputs in pipes."""
    return subprocess.Popen(
        [COMMAND, *(os.fspath(w) if isinstance(w, Path) else str(w) for w in words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env={**os.environ, **environment},
        start_new_session=True,
    )


def finished(process: subprocess.Popen[bytes], seconds: float = 60) -> Answer:
    """Wait for a started command."""
    out, err = process.communicate(timeout=seconds)
    return Answer(process.returncode, (out or b"").decode(), (err or b"").decode())
