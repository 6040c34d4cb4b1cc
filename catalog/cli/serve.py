"""`landproof serve`: the HTTP API and the pages, until told to end; what they answer is the service's."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.session import Session, open_session, print_document
from catalog.settings.loading import Settings
from verifier.errors import UsageError

_HOST = typer.Option("--host", metavar="ADDRESS", help="Listen here (default: the settings', or 127.0.0.1).")
_PORT = typer.Option("--port", metavar="N", min=0, max=65_535, help="And at this port; 0 for any (default: 8437).")
_CERTIFICATE = typer.Option("--tls-cert", metavar="FILE", help="Speak TLS with this certificate (PEM, with its chain).")
_KEY = typer.Option("--tls-key", metavar="FILE", help="The private key of the certificate (PEM).")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    *,
    host: Annotated[str | None, _HOST] = None,
    port: Annotated[int | None, _PORT] = None,
    tls_cert: Annotated[Path | None, _CERTIFICATE] = None,
    tls_key: Annotated[Path | None, _KEY] = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Serve the HTTP API and the pages.

    On this machine only, where nobody needs a token, unless told otherwise. SIGTERM ends it with 0 once the answers
    that were begun are given, Ctrl-C with 130. With --json, where it is to be found is printed when it is ready.
    """
    if (tls_cert is None) != (tls_key is None):
        raise UsageError("--tls-cert and --tls-key belong together", hint="name both files, or neither")
    session = open_session(config, catalog, wants_json=wants_json)
    session = replace(session, settings=_placed(session.settings, host, port))
    from catalog.service.serving.binding import Listening  # with all that a web server needs
    from catalog.service.serving.running import make_service, run

    chosen = session.settings.service
    listening = Listening(chosen.host, chosen.port, tls_cert, tls_key)
    service = make_service(session.settings, session.settings.path, session.catalog, _say)
    is_open = service.access.is_open
    if not (is_open or tls_cert or chosen.trusted_proxies or _is_here(chosen.host)):
        _say(
            "tokens cross the network unencrypted: use --tls-cert, or a proxy that speaks TLS, named in trusted_proxies"
        )
    told = run(service, listening, lambda url: _tell_where(session, url, is_open=is_open), _say)
    if told == signal.SIGINT:
        raise KeyboardInterrupt
    _say("stopped")
    return 0


def _placed(settings: Settings, host: str | None, port: int | None) -> Settings:
    """Return the settings with what was asked for in place of what they say."""
    asked = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    if host is not None and not host.strip():
        raise UsageError("--host: expected an address, got ''")
    service = settings.service.model_copy(update=asked)
    return replace(settings, document=settings.document.model_copy(update={"service": service}))


def _is_here(host: str) -> bool:
    from catalog.service.middleware.headers import is_loopback

    return is_loopback(host)


def _tell_where(session: Session, url: str, *, is_open: bool) -> None:
    who = "whoever is on this machine may read, nobody change" if is_open else "by token or proxy"
    _say(f"serving {session.catalog.path} at {url} ({who})")
    if session.wants_json:
        print_document({"schema": "landproof/serve/1", "url": url, "access": "open" if is_open else "closed"})
        sys.stdout.flush()


def _say(text: str) -> None:
    """Say something on stderr, on one line: names of people and addresses come from outside."""
    line = "".join(one if one.isprintable() else "?" for one in text)
    sys.stderr.write(f"landproof: {line}\n")
    sys.stderr.flush()
