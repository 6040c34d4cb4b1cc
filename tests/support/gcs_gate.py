"""What Google documents and fake-gcs-server leaves out, as a gate before it; everything else goes through unchanged.

Bearer tokens are handed out, by a token server and as a Google machine's metadata server does, and checked, with what
their scope allows. `ifGenerationMatch` holds for downloads, too, and `iam/testPermissions` is answered. A resumable
upload keeps its precondition, says how far it came when asked, ignores bytes that it has, checks the `X-Goog-Hash` of
its last chunk, and repeats its last answer when asked again.
"""

from __future__ import annotations

import http.client
import json
import secrets
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from support.gcs_login import ServiceAccount

_READ_ONLY = "read_only"
_BOUNDARY = "landproof-gate"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Upload:
    """A resumable upload under way."""

    target: str
    name: str
    data: bytearray = field(default_factory=bytearray)
    done: Reply | None = None


@dataclass(slots=True)
class Gate:
    """A running gate: what it handed out and what it allows, which may be changed between requests."""

    account: ServiceAccount
    upstream: str
    url: str = ""
    public: set[str] = field(default_factory=set)
    """Buckets that everybody may read."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Access tokens that are good, and their scopes."""
    permissions: tuple[str, ...] = ()
    """What the account is allowed beyond reading, as in storage.objects.create."""
    uploads: dict[str, Upload] = field(default_factory=dict)
    grants: int = 0
    """Times that a token was asked for."""

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request."""
        place, query = urlsplit(target), parse_qs(urlsplit(target).query)
        if place.path == "/token":
            return self._token(body)
        if headers.get("Metadata-Flavor") == "Google":
            return self._metadata(place.path, query)
        refusal = self._refusal(method, place.path, headers)
        if refusal:
            return refusal
        if place.path.endswith("/iam/testPermissions"):
            held = [name for name in query["permissions"] if name in self.permissions]
            return _json(200, {"kind": "storage#testIamPermissionsResponse", "permissions": held})
        if query.get("uploadType") == ["resumable"]:
            return self._resumable(method, target, query, headers, body)
        reply = self._forward(method, target, headers, body)
        wanted = query.get("ifGenerationMatch")
        if "alt" in query and wanted and reply.status < 300 and reply.headers.get("X-Goog-Generation") != wanted[0]:
            return _refused(412, "conditionNotMet")
        return reply

    def _token(self, body: bytes) -> Reply:
        self.grants += 1
        scope = self.account.scope_of(parse_qs(body.decode()))
        if scope is None:
            return _json(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        return _json(200, self.new_token(scope))

    def new_token(self, scope: str) -> Mapping[str, object]:
        """Make a token that is good for a scope."""
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self.tokens[token] = scope
        return {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}

    def _metadata(self, path: str, query: Mapping[str, list[str]]) -> Reply:
        flavor = {"Metadata-Flavor": "Google", "Content-Type": "application/text"}
        if path in ("", "/"):
            return Reply(200, flavor, b"computeMetadata/")
        if path.endswith("/project/project-id"):
            return Reply(200, flavor, b"testing")
        if path.endswith("/default/"):
            answer = _json(200, {"email": self.account.email, "aliases": ["default"], "scopes": []})
            return Reply(200, {**flavor, **answer.headers}, answer.body)
        if path.endswith("/token"):
            answer = _json(200, self.new_token(query["scopes"][0]))
            return Reply(200, {**flavor, **answer.headers}, answer.body)
        return Reply(404, flavor, b"")

    def _refusal(self, method: str, path: str, headers: Mapping[str, str]) -> Reply | None:
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        if not token:
            bucket = unquote(path.partition("/b/")[2].partition("/")[0])
            return None if method == "GET" and bucket in self.public else _refused(401, "required")
        if token not in self.tokens:
            return _refused(401, "authError")
        if method != "GET" and self.tokens[token].endswith(_READ_ONLY):
            return _refused(403, "insufficientPermissions")
        return None

    def _resumable(
        self, method: str, target: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: bytes
    ) -> Reply:
        if method == "POST":
            upload_id = secrets.token_hex(8)
            kept = {"uploadType": "multipart", "name": query["name"][0]}
            kept |= {"ifGenerationMatch": query["ifGenerationMatch"][0]} if "ifGenerationMatch" in query else {}
            path = urlsplit(target).path
            self.uploads[upload_id] = Upload(f"{path}?{urlencode(kept)}", query["name"][0])
            more = urlencode({"uploadType": "resumable", "name": query["name"][0], "upload_id": upload_id})
            return Reply(200, {"Location": f"{self.url}{path}?{more}"}, b"")
        upload = self.uploads.get(query["upload_id"][0])
        if upload is None:
            return _refused(404, "notFound")
        if method == "DELETE":
            del self.uploads[query["upload_id"][0]]
            return Reply(499, {}, b"")
        return self._chunk(upload, headers, body)

    def _chunk(self, upload: Upload, headers: Mapping[str, str], body: bytes) -> Reply:
        if upload.done:
            return upload.done
        span, _, total = headers["Content-Range"].removeprefix("bytes ").partition("/")
        if span != "*":
            start = int(span.partition("-")[0])
            if start > len(upload.data):
                return _refused(400, "invalid")
            upload.data[len(upload.data) :] = body[len(upload.data) - start :]
        if total == "*" or len(upload.data) < int(total):
            held = {"Range": f"bytes=0-{len(upload.data) - 1}"} if upload.data else {}
            return Reply(308, held, b"")
        wanted = headers.get("X-Goog-Hash", "").removeprefix("md5=")
        if wanted and wanted != b64encode(md5(upload.data).digest()).decode():
            return _refused(400, "invalid")
        parts = [
            f"--{_BOUNDARY}\r\nContent-Type: application/json\r\n\r\n".encode()
            + json.dumps({"name": upload.name}).encode(),
            f"\r\n--{_BOUNDARY}\r\nContent-Type: application/octet-stream\r\n\r\n".encode() + bytes(upload.data),
            f"\r\n--{_BOUNDARY}--".encode(),
        ]
        kind = {"Content-Type": f"multipart/related; boundary={_BOUNDARY}"}
        reply = self._forward("POST", upload.target, kind, b"".join(parts))
        upload.done = reply if reply.status < 300 else None
        return reply

    def _forward(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        kept = {n: v for n, v in headers.items() if n not in ("Host", "Authorization", "Content-Length", "Connection")}
        with closing(http.client.HTTPConnection(urlsplit(self.upstream).netloc)) as connection:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in {**kept, "Content-Length": str(len(body))}.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return Reply(answer.status, {n.title(): v for n, v in answer.getheaders()}, answer.read())


@contextmanager
def gate_before(upstream: str, account: ServiceAccount) -> Iterator[Gate]:
    """Run the gate before the server at `upstream` until the block ends."""
    state = Gate(account, upstream)

    class Handler(_Handler):
        gate = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    gate: Gate
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:  # the name http.server calls
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.title(): value for name, value in self.headers.items()}
        reply = self.gate.answer(self.command, self.path, headers, body)
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
            if name not in ("Transfer-Encoding", "Connection", "Date"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _json(status: int, value: object) -> Reply:
    return Reply(status, {"Content-Type": "application/json"}, json.dumps(value).encode())


def _refused(status: int, reason: str) -> Reply:
    error = {"code": status, "message": "refused", "errors": [{"domain": "global", "reason": reason, "message": "no"}]}
    return _json(status, {"error": error})
