"""The real `landproof serve` as a process on loopback, for as long as a test wants; not what it answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from support.landproof import COMMAND, landproof
from support.processes import until

Document = dict[str, Any]
_READY_SECONDS, _STOP_SECONDS = 60, 20
_SAID = ("serving ", "stopping: ", "stopped", "login: ", "logout: ")
"""What a service that nothing is wrong with says."""


@dataclass(slots=True)
class Served:
    """A running service: where it is, by which settings it runs, and who is let in; `guests` leave before it ends."""

    url: str
    config: Path
    process: subprocess.Popen[bytes]
    said: Path
    expected: tuple[str, ...] = ()
    guests: ExitStack = field(default_factory=ExitStack)
    _tokens: dict[str, str] = field(default_factory=dict)

    def token(self, role: str, name: str | None = None) -> str:
        """Return a token for a role, made by the command; the same for the same name."""
        name = name or role
        if name not in self._tokens:
            self._tokens[name] = new_token(self.config, role, name)
        return self._tokens[name]

    def client(self, role: str | None = None) -> httpx.Client:
        """Return a client that asks with a token of a role, or with none; the caller closes it."""
        headers = {"Authorization": f"Bearer {self.token(role)}"} if role else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    def get(self, path: str, role: str | None = None, **headers: str) -> httpx.Response:
        """Ask once."""
        with self.client(role) as client:
            return client.get(path, headers=headers)

    def document(self, path: str, role: str | None = None) -> Document:
        """Return the document at an address. Raises where it is not answered with 200."""
        answer = self.get(path, role, Accept="application/json")
        answer.raise_for_status()
        document: Document = answer.json()
        return document

    def ready(self) -> None:
        """Wait until it answers from a copy of the catalog, which on a busy machine is a while after its start."""
        assert until(lambda: self.get("/readyz").status_code == 200, _READY_SECONDS)

    def expect(self, text: str) -> None:
        """Let it say on stderr what a test makes it say."""
        self.expected = (*self.expected, text)


def new_token(config: Path, role: str, name: str) -> str:
    """Make a token by the command."""
    answer = landproof("tokens", "new", name, "--role", role, "--config", config)
    assert answer.status == 0, answer.err
    return answer.out.strip()


@contextmanager
def serving(
    config: Path, *words: str, roles: tuple[str, ...] = (), environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Serve by these settings, with tokens for these roles; open to this machine where there are none.

    At the end it must stop by itself, with 0, and have said nothing but that.
    """
    tokens = {role: new_token(config, role, role) for role in roles}
    with tempfile.TemporaryDirectory(prefix="landproof-served-") as folder:
        out, said = Path(folder, "out"), Path(folder, "said")
        command = [COMMAND, "serve", "--config", str(config), "--port", "0", "--json", *words]
        with out.open("wb") as stdout, said.open("wb") as stderr:
            process = subprocess.Popen(command, stdout=stdout, stderr=stderr, env=_environment(environment))
        served = Served("", config, process, said, _tokens=tokens)
        try:
            served.url = _ready(process, out, said)
            with served.guests:
                yield served
        finally:
            _stop(process)
        _assert_quiet(served)


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, **(more or {})}


def _ready(process: subprocess.Popen[bytes], out: Path, said: Path) -> str:
    assert until(lambda: process.poll() is not None or _url(out), _READY_SECONDS), said.read_text()
    url = _url(out)
    assert url, f"serve ended with {process.poll()}: {said.read_text()}"
    with httpx.Client(base_url=url, trust_env=False) as client:
        answers = (200, 503)  # without a catalog it is never ready, and says so
        assert until(lambda: client.get("/readyz").status_code in answers, _READY_SECONDS), said.read_text()
    return url


def _url(out: Path) -> str:
    try:
        return str(json.loads(out.read_text())["url"])
    except ValueError:
        return ""


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _assert_quiet(served: Served) -> None:
    lines = served.said.read_text(encoding="utf-8").splitlines()
    expected = tuple(f"landproof: {said}" for said in _SAID)
    odd = [line for line in lines if not line.startswith(expected) and not any(one in line for one in served.expected)]
    assert not odd, odd
    assert served.process.returncode == 0
