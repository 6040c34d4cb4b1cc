"""Services that notices are sent to, on loopback: a webhook and a mail server that keep what they get."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Document = dict[str, Any]


@dataclass(slots=True)
class Hook:
    """A webhook: what each path took; it answers with `status` after `slow` seconds, 503 where a path is `down`."""

    port: int
    status: int = 200
    down: set[str] = field(default_factory=set)
    slow: float = 0.0
    taken: list[tuple[str, Document]] = field(default_factory=list)
    asked: int = 0

    def url(self, path: str = "hook") -> str:
        """Return the Apprise URL of a path, with a token in it that nobody should ever see."""
        return f"json://user:t0k3n-s3cr3t@127.0.0.1:{self.port}/{path}"

    def titles(self, path: str = "hook") -> list[str]:
        """Return the titles that a path got, oldest first."""
        return [document["title"] for where, document in self.taken if where == f"/{path}"]

    def bodies(self, path: str = "hook") -> list[str]:
        """Return the bodies that a path got, oldest first."""
        return [document["message"] for where, document in self.taken if where == f"/{path}"]


@contextmanager
def webhook() -> Iterator[Hook]:
    """Run a webhook that takes Apprise's `json://` posts until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # the name that the library asks for
            body = self.rfile.read(int(self.headers["content-length"]))
            hook.asked += 1
            time.sleep(hook.slow)
            status = 503 if self.path.strip("/") in hook.down else hook.status
            if status == 200:
                hook.taken.append((self.path, json.loads(body)))
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            """Answer well whoever follows a redirect: that tells nobody anything."""
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        hook = Hook(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield hook
        finally:
            server.shutdown()
            thread.join()


@dataclass(slots=True)
class Mailbox:
    """A mail server; each mail it took, as title and text, and how many were refused for `refused` receivers."""

    port: int
    mails: list[tuple[str, str, str]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    def url(self, *receivers: str) -> str:
        """Return the Apprise URL that mails to receivers."""
        return f"mailto://127.0.0.1:{self.port}?from=watch@example.org&to={','.join(receivers)}&mode=insecure"


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Run a server that speaks as much SMTP as sending a mail takes, until the block ends."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 ready")
            receiver = ""
            while line := self.rfile.readline():
                command = line.strip().decode()
                verb = command[:4].upper()
                if verb == "RCPT":
                    receiver = command.partition("<")[2].partition(">")[0]
                    self._say("550 no such user" if receiver in mailbox.refused else "250 ok")
                elif verb == "DATA":
                    self._say("354 go on")
                    self._take(receiver)
                    self._say("250 taken")
                elif verb == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _take(self, receiver: str) -> None:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line[1:] if line.startswith(b"..") else line)
            mail = message_from_bytes(b"".join(lines), policy=policy.default)
            part = mail.get_body(("plain",)) or mail.get_body()
            mailbox.mails.append((receiver, str(mail["subject"]), "" if part is None else str(part.get_content())))

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        mailbox = Mailbox(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield mailbox
        finally:
            server.shutdown()
            thread.join()
