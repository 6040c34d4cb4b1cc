"""The service as a process: what it is made of, uvicorn with bounds, its end; what it answers is the app's.

Told to end, it takes no new connections, ends event streams and gives the answers that were begun, within a time.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.exit_status import ExitStatus
from catalog.service.access.callers import Access
from catalog.service.access.tokens import read_tokens
from catalog.service.app import create_app
from catalog.service.current.copy import Current
from catalog.service.jobs.runner import Jobs
from catalog.service.service import Service
from catalog.service.serving.binding import Listening, bind, refuse_unguarded
from catalog.service.serving.connections import Connection
from catalog.service.serving.streams import Streams
from catalog.settings.loading import Settings
from catalog.store.database import Catalog
from catalog.workflow import utc_now
from verifier.errors import LandproofError, UsageError

STOP_SECONDS = 10
LAST_SECONDS = 5.0
_IDLE_SECONDS = 30
_MOST_FILES, _MOST_CONNECTIONS = 8192, 2000
_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Say = Callable[[str], None]


def make_service(settings: Settings, config: Path | None, catalog: Catalog, say: Say) -> Service:
    """Return a service that does not run yet. Raises SettingsError where its tokens cannot be read."""
    state = settings.service_state(catalog.path)
    read_tokens(state)
    current = Current(settings, catalog, utc_now)
    jobs = Jobs(settings, config, catalog, current)
    return Service(settings, config, catalog, current, Access(settings, state, utc_now, say), jobs, utc_now)


def run(service: Service, listening: Listening, ready: Say, say: Say) -> signal.Signals:
    """Serve until told to end; return the signal that told. `ready` is given the URL once it is answered there.

    Raises UsageError where it may not or cannot listen, and whatever keeps the service from beginning.
    """
    refuse_unguarded(listening, service.access)
    return run_app(create_app(service), service.access, listening, ready, say)


def run_app(app: ASGIApp, access: Access, listening: Listening, ready: Say, say: Say) -> signal.Signals:
    """Serve an app as `run` does, whoever may reach it."""
    beginning = _Beginning(app)
    streams = Streams(beginning, access)
    config = _config(streams, listening, _room_for_connections())
    sockets = bind(listening)
    url = listening.url(sockets[0].getsockname()[1])
    server = _Server(config, streams, lambda: ready(url), say)
    try:
        with _log_in_our_words(say):
            server.run(sockets)
    except SystemExit:
        raise beginning.error or LandproofError("the service could not begin") from beginning.error
    finally:
        for one in sockets:
            one.close()
    return server.told or signal.SIGTERM


def _config(app: ASGIApp, listening: Listening, connections: int) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # `proxies` believes fewer
        server_header=False,
        limit_concurrency=connections,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        ssl_certfile=listening.certificate,
        ssl_keyfile=listening.key,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        reason = (error.strerror or str(error)).lower()
        hint = "expected PEM files: the certificate with those between it and the root, and its private key"
        raise UsageError(f"--tls-cert {listening.certificate}: cannot be used: {reason}", hint=hint) from error
    return config


class _Server(uvicorn.Server):
    """uvicorn's server, that notes which signal told it to end in place of raising it again."""

    def __init__(self, config: uvicorn.Config, streams: Streams, ready: Callable[[], None], say: Say) -> None:
        super().__init__(config)
        self._streams, self._ready, self._say = streams, ready, say
        self.told: signal.Signals | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._say("stopping: answers that were begun are given")
        self._streams.stop()
        await super().shutdown(sockets)
        _end_for_certain(ExitStatus.INTERRUPTED if self.told == signal.SIGINT else ExitStatus.OK)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals that end it, and those only; afterwards they mean what they meant."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._told) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _told(self, number: int, frame: FrameType | None) -> None:
        self.told = self.told or signal.Signals(number)
        self.handle_exit(number, frame)


class _Beginning:
    """ASGI middleware that keeps why an app could not begin, which uvicorn would print."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.error: BaseException | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            await send({**message, "message": ""} if "message" in message else message)

        try:
            await self._app(scope, receive, sent)
        except BaseException as error:
            self.error = error
            raise


class _InOurWords(logging.Handler):
    """Tells what the server has to say that anybody needs, once a minute each; never what a request held."""

    def __init__(self, say: Say) -> None:
        super().__init__(logging.WARNING)
        self._say = say
        self._told: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        text = self._text(record)
        if text is not None and record.created - self._told.get(text, 0.0) > 60:
            self._told[text] = record.created
            self._say(text)

    def _text(self, record: logging.LogRecord) -> str | None:
        if record.exc_info and isinstance(error := record.exc_info[1], Exception):
            if os.environ.get("LANDPROOF_TRACEBACK"):
                sys.stderr.write(f"{logging.Formatter().formatException(record.exc_info)}\n")
            return f"{type(error).__name__} in landproof itself, at {_place(error.__traceback__)}"
        if record.getMessage().startswith("Exceeded concurrency limit"):
            return "more connections at once than can be answered: some were refused with 503"
        return None


@contextmanager
def _log_in_our_words(say: Say) -> Iterator[None]:
    logger, handler = logging.getLogger("uvicorn.error"), _InOurWords(say)
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before


def _place(traceback: TracebackType | None) -> str:
    """Return file and line where it happened; with LANDPROOF_TRACEBACK=1 there is the way to it, too."""
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return "a place that is not known"
    path = Path(traceback.tb_frame.f_code.co_filename)
    return f"{path.parent.name}/{path.name}:{traceback.tb_lineno}"


def _end_for_certain(status: int) -> None:
    """End the process soon though a thread still works on an answer, which nobody waits for any more.

    By now jobs have ended in their own time, and what they finished is recorded.
    """
    timer = threading.Timer(LAST_SECONDS, os._exit, (int(status),))
    timer.daemon = True
    timer.start()


def _room_for_connections() -> int:
    """Let the process have as many files open as it may, within reason; return for how many connections that does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(_MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    return _MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else max(16, min(_MOST_CONNECTIONS, soft // 2))
