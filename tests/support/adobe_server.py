"""A small server on loopback that speaks as Adobe's login and its credentials call do, and keeps all it was asked."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from support.proxy import Request
from support.servers import S3Server

CLIENT_ID = "an-api-key-of-a-project"
CLIENT_SECRET = "p8e-a-client-secret-that-is-shown-nowhere"
ORG_ID = "0123456789ABCDEF@AdobeOrg"
TOKEN = "/ims/token/v3"
CREDENTIALS = "/data/foundation/connectors/landingzone/credentials"

Body = Mapping[str, Any]
Reply = tuple[int, Body | bytes]


class DropLineError(Exception):
    """Raised in place of an answer: the line goes dead."""


@dataclass(slots=True)
class Adobe:
    """A running server; what it answers may be changed between requests.

    `grant` makes the credentials of a sandbox, by how many were given before; `token_reply` and `grant_reply` are given
    in place of what is right, where they are set.
    """

    url: str
    grant: Callable[[int], Body]
    requests: list[Request] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    sandboxes: tuple[str, ...] = ("prod", "dev")
    token_seconds: int = 86_399
    token_reply: Reply | None = None
    grant_reply: Reply | None = None
    grants: int = 0
    takes_tokens: bool = True
    more_headers: Mapping[str, str] = field(default_factory=dict)

    def options(self, **more: object) -> dict[str, object]:
        """Return the options of a zone that is to be asked about here."""
        login = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "org_id": ORG_ID}
        return {**login, "ims_url": self.url, "platform_url": self.url, **more}

    def asked(self, path: str) -> list[Request]:
        """Return the requests for a path, in order."""
        return [r for r in self.requests if urlsplit(r.target).path == path]

    def reply(self, request: Request, body: bytes) -> Reply:
        """Answer one request as Adobe would."""
        match request.method, urlsplit(request.target).path:
            case "POST", "/ims/token/v3":
                return self.token_reply or self._token(parse_qs(body.decode()))
            case "GET", "/data/foundation/connectors/landingzone/credentials":
                return self._refusal(request) or self.grant_reply or self._grant()
            case _:
                return 404, {"error_code": "404003", "message": "nothing is here"}

    def _token(self, form: Mapping[str, list[str]]) -> Reply:
        if form.get("client_id") != [CLIENT_ID] or form.get("client_secret") != [CLIENT_SECRET]:
            return 400, {"error": "invalid_client", "error_description": f"no such client: {form}"}
        if form.get("grant_type") != ["client_credentials"] or "openid" not in form.get("scope", [""])[0].split(","):
            return 400, {"error": "invalid_scope"}
        self.tokens.append(f"eyJ-token-{len(self.tokens)}-that-is-shown-nowhere")
        return 200, {"access_token": self.tokens[-1], "token_type": "bearer", "expires_in": self.token_seconds}

    def _refusal(self, request: Request) -> Reply | None:
        headers, query = request.headers, parse_qs(urlsplit(request.target).query)
        if not self.takes_tokens or headers.get("Authorization") != f"Bearer {self.tokens[-1]}":
            return 401, {"error_code": "401013", "message": f"Oauth token is not valid: {headers['Authorization']}"}
        if headers.get("X-Api-Key") != CLIENT_ID or headers.get("X-Gw-Ims-Org-Id") != ORG_ID:
            return 403, {"error_code": "403025", "message": "Profile is not valid"}
        if headers.get("X-Sandbox-Name") not in self.sandboxes:
            return 404, {"type": "https://ns.adobe.com/aep/errors/FLOW-2100-404", "title": "Sandbox not found"}
        return None if query == {"type": ["dlz_destination"]} else (400, {"error_code": "400003"})

    def _grant(self) -> Reply:
        self.grants += 1
        return 200, self.grant(self.grants - 1)


Running = TypeVar("Running", bound=Adobe)


@contextmanager
def adobe(grant: Callable[[int], Body]) -> Iterator[Adobe]:
    """Run the server until the block ends."""
    with serving(lambda url: Adobe(url, grant)) as server:
        yield server


@contextmanager
def serving(made: Callable[[str], Running]) -> Iterator[Running]:
    """Run a server, made for its URL, until the block ends; one request is answered at a time."""
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(self.command, self.path, {k.title(): v for k, v in self.headers.items()})
            try:
                with turn:
                    state.requests.append(request)
                    state.more_headers = {}
                    status, answer = state.reply(request, body)
                    more = dict(state.more_headers)
            except DropLineError:
                self.close_connection = True
                return
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            self.do_GET()

        def do_PATCH(self) -> None:
            self.do_GET()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = made(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def on_aws(server: S3Server, bucket: str, *, folder: str = "dlz-destination", expires_at: float | None = None) -> Body:
    """Return what Adobe answers for a folder in S3; `expires_at` in epoch seconds."""
    names = ("awsAccessKeyId", "awsSecretAccessKey", "awsSessionToken")
    number = next(_numbers)
    values = (f"ASIA{number}-{server.key}", f"{server.secret}-{number}", f"session-{number}-that-is-shown-nowhere")
    return {
        "credentials": dict(zip(names, values, strict=True)),
        "dlzPath": {"bucketName": bucket, "dlzFolder": folder},
        "dlzProvider": "Amazon S3",
        "expiryTime": expires_at,
    }


def on_azure(blob_url: str, sas: str, *, container: str = "dlz-destination") -> Body:
    """Return what Adobe answers for a container; `blob_url` is the account's, as in http://127.0.0.1:1/account."""
    account = urlsplit(blob_url).path.strip("/") or (urlsplit(blob_url).hostname or "").partition(".")[0]
    return {
        "containerName": container,
        "SASToken": sas,
        "storageAccountName": account,
        "SASUri": f"{blob_url}/{container}?{sas}",
    }


_numbers = itertools.count()
