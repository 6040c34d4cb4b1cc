"""An SFTP server of asyncssh that can misbehave, run as a program; prints `listening on PORT`.

    sftp_asyncssh.py HOST_KEYS AUTHORIZED_KEYS [--denied NAME] [--fail NAME] [--stall NAME] [--vanish NAME]
        [--ghost NAME] [--most-bytes N] [--ends-at N] [--interactive] [--no-sftp]

HOST_KEYS are separated by commas. A folder or file of that name is denied, or fails, or is never answered for, or
removed when it is asked for, or never there although it is listed. One READ gives at most so many bytes, and files seem
to end at some offset.
`--interactive` asks for the password by keyboard-interactive alone; `--no-sftp` offers no SFTP. The password comes from
LANDPROOF_TEST_PASSWORD.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from typing import Any

import asyncssh


class Files(asyncssh.SFTPServer):
    """The folders of this machine, but for what is denied or stalls."""

    told: argparse.Namespace

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """List a folder."""
        await self._hinder(path)
        async for name in super().scandir(path):
            yield name

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a file."""
        await self._hinder(path)
        return super().open(path, pflags, attrs)

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Read a piece of a file."""
        if self.told.ends_at is not None and offset >= self.told.ends_at:
            return b""
        return bytes(super().read(file_obj, offset, min(size, self.told.most_bytes or size)))

    async def _hinder(self, path: bytes) -> None:
        name = os.fsdecode(path.rstrip(b"/").rpartition(b"/")[2])
        if name == self.told.fail:
            raise asyncssh.SFTPFailure("failed")
        if name == self.told.denied:
            raise asyncssh.SFTPPermissionDenied("denied")
        if name == self.told.stall:
            await asyncio.sleep(3600)
        if name == self.told.vanish:
            shutil.rmtree(path, ignore_errors=True)
        if name in (self.told.ghost, self.told.vanish):
            raise asyncssh.SFTPNoSuchFile("not there")


class Login(asyncssh.SSHServer):
    """Takes the key, and the password as it is asked for."""

    interactive = False
    password = os.environ.get("LANDPROOF_TEST_PASSWORD", "")

    def password_auth_supported(self) -> bool:
        """Tell whether passwords are taken as such."""
        return not self.interactive

    def validate_password(self, username: str, password: str) -> bool:
        """Compare a password."""
        return password == self.password

    def kbdint_auth_supported(self) -> bool:
        """Tell whether the password is asked for."""
        return self.interactive

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Any:
        """Ask for the password."""
        return "", "", "", [("Password:", False)]

    def validate_kbdint_response(self, username: str, responses: Any) -> bool:
        """Compare the answer."""
        return list(responses) == [self.password]


async def serve(options: argparse.Namespace) -> None:
    """Listen until the process is ended."""
    Files.told = options
    Login.interactive = options.interactive
    server = await asyncssh.create_server(
        Login,
        "127.0.0.1",
        0,
        server_host_keys=options.host_keys.split(","),
        authorized_client_keys=options.authorized_keys,
        process_factory=lambda process: process.exit(0),
        sftp_factory=None if options.no_sftp else Files,
        line_editor=False,
    )
    print(f"listening on {server.get_port()}", flush=True)  # noqa: T201 - how a program tells its port
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("host_keys")
    parser.add_argument("authorized_keys")
    for name in ("--denied", "--fail", "--stall", "--vanish", "--ghost"):
        parser.add_argument(name)
    for name in ("--most-bytes", "--ends-at"):
        parser.add_argument(name, type=int)
    parser.add_argument("--interactive", action="store_true")
    parser.add_argument("--no-sftp", action="store_true")
    asyncio.run(serve(parser.parse_args()))
