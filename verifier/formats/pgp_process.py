"""Talk to the process that decrypts: hand it keys and a message, take what is inside; judges nothing."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from verifier.errors import WorkerError
from verifier.formats import pgp_child
from verifier.formats.pgp_keys import PgpKeys

_PIECE = 1 << 18
_MOST_SAID = 1 << 20


class TooMuchError(Exception):
    """The content is more than is wanted of it."""


@dataclass(frozen=True, slots=True)
class KeyState:
    """One part of a private key that is meant for encryption: its id and whether it can be used, in a word or two."""

    id: str
    state: str

    @property
    def is_usable(self) -> bool:
        """Whether files can be decrypted with it."""
        return self.state == "usable"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a message: done, damaged, refused, no-session-key, crashed or described; and the keys there were."""

    name: str
    keys: tuple[KeyState, ...] = ()


def describe_keys(keys: PgpKeys) -> tuple[KeyState, ...]:
    """Return every part of the keys that is meant for encryption, in their order; raises `WorkerError`."""
    with Decryption(keys, None, lambda piece: None) as process:
        return process.finish().keys


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a message begins, by which the key that fits is found: bytes, whom they name, the encrypted packet's tag."""

    probe: bytes
    recipients: tuple[str, ...]
    tag: int


class Decryption:
    """One message on its way through a process of its own; a context manager, which leaves no process behind.

    Without a beginning the keys are described and nothing else. `take` is called with the content, in order, on a
    thread of its own; an OSError or `TooMuchError` from it ends the process and is raised by `finish`.
    """

    def __init__(self, keys: PgpKeys, beginning: Beginning | None, take: Callable[[bytes], None]) -> None:
        asked: dict[str, object] = {**keys.reveal(), "path": sys.path, "probe": None}
        if beginning is not None:
            probe = base64.b64encode(beginning.probe).decode()
            asked |= {"probe": probe, "recipients": beginning.recipients, "tag": beginning.tag}
        request = json.dumps(asked).encode()
        self._request = len(request).to_bytes(8, "big") + request
        self._take = take
        self._failure: Exception | None = None
        self._said = b""

    def __enter__(self) -> Decryption:
        command = [sys.executable, "-I", str(Path(pgp_child.__file__))]
        quiet = {**os.environ, "RUST_BACKTRACE": "0", "RUST_LIB_BACKTRACE": "0"}
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=quiet, bufsize=0)
        except OSError as error:
            raise WorkerError(f"the process that decrypts cannot be started: {error.strerror}") from error
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._pass_on, self._listen)]
        for thread in self._threads:
            thread.start()
        self.feed(self._request)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._process.kill()
        with suppress(OSError):
            self._stdin.close()
        for thread in self._threads:
            thread.join()
        for stream in (self._process.stdout, self._process.stderr):
            if stream:
                stream.close()
        self._process.wait()

    def feed(self, piece: bytes) -> bool:
        """Hand over the next bytes of the message; False once the process wants no more."""
        view = memoryview(piece)
        try:
            while view:
                view = view[self._stdin.write(view) :]
        except OSError:
            return False
        return True

    def finish(self) -> Outcome:
        """Say that the message is over and wait for what came of it.

        Raises what `take` raised, and `WorkerError` where the process died or could not work.
        """
        with suppress(OSError):
            self._stdin.close()
        for thread in self._threads:
            thread.join()
        status = self._process.wait()
        if self._failure is not None:
            raise self._failure
        line = self._said.rpartition(b"\n")[2]
        if status or not line:
            raise WorkerError("the process that decrypts died")
        said = json.loads(line)
        if said["outcome"] == "absent":
            raise WorkerError("pysequoia, which decrypts, cannot be loaded")
        return Outcome(said["outcome"], tuple(KeyState(key["id"], key["state"]) for key in said["keys"]))

    @property
    def _stdin(self) -> IO[bytes]:
        if self._process.stdin is None:
            raise WorkerError("the process that decrypts takes no bytes")
        return self._process.stdin

    def _pass_on(self) -> None:
        """Take the content as it comes; on a failure end the process, since nobody would read on."""
        try:
            while self._process.stdout and (piece := os.read(self._process.stdout.fileno(), _PIECE)):
                self._take(piece)
        except (OSError, TooMuchError) as failure:
            self._failure = failure
            self._process.kill()

    def _listen(self) -> None:
        while self._process.stderr and (piece := os.read(self._process.stderr.fileno(), _PIECE)):
            self._said = (self._said + piece)[-_MOST_SAID:]
