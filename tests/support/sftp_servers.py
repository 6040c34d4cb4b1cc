"""SFTP servers on loopback: OpenSSH's, asyncssh's where it is not installed, rclone's; an agent; no backend.

Each serves a folder of this machine, so that files are put there directly.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
from support.servers import RCLONE_FRESH, rclone_binary, running

PASSWORD = "landproof-test-password"
PASSPHRASE = "landproof-test-passphrase"
USER = "landproof"
_ASYNCSSH = Path(__file__).parent / "sftp_asyncssh.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpServer:
    """A running server: where it listens, its public host key, and what it serves.

    `prefix` is the path under which clients see the folder `root`. `key` opens the login of `user` and so does
    `locked_key`, with its passphrase, or `password`, where the server takes one.
    """

    software: str
    port: int
    host_key: str
    root: Path
    prefix: str
    user: str
    key: Path | None = None
    locked_key: Path | None = None
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of a server and of its one user, made for one run."""

    folder: Path

    @property
    def host(self) -> Path:
        """The server's private key."""
        return self.folder / "host"

    @property
    def host_line(self) -> str:
        """The server's public key, as a line."""
        return self.host.with_suffix(".pub").read_text().strip()

    @property
    def user(self) -> Path:
        """The user's private key."""
        return self.folder / "user"

    @property
    def locked(self) -> Path:
        """The same key under a passphrase."""
        return self.folder / "locked"

    @property
    def authorized(self) -> Path:
        """What the server takes as the user's."""
        return self.folder / "user.pub"


def make_keys(folder: Path, *, algorithm: str = "ssh-ed25519") -> Keys:
    """Make the keys of a server and its user."""
    keys = Keys(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for path in (keys.host, keys.user):
        made = asyncssh.generate_private_key(algorithm)
        made.write_private_key(path)
        made.write_public_key(path.with_suffix(".pub"))
        path.chmod(0o600)
    # one round: what makes guessing slow would make every login of the tests slow
    made.write_private_key(keys.locked, passphrase=PASSPHRASE, rounds=1, ignore_few_rounds=True)
    keys.locked.chmod(0o600)
    return keys


@contextmanager
def openssh(folder: Path) -> Iterator[SftpServer]:
    """Run OpenSSH's server for the user who runs the tests; asyncssh's where it is not installed or does not start."""
    keys, root = make_keys(folder / "keys"), folder / "files"
    root.mkdir()
    binary = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if binary is None or not _has_separation_folder():
        with asyncssh_server(folder, keys) as server:
            yield server
        return
    port = _free_port()
    settings = {
        "ListenAddress": "127.0.0.1",
        "Port": port,
        "HostKey": keys.host,
        "AuthorizedKeysFile": keys.authorized,
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "PermitRootLogin": "yes",
        "PidFile": "none",
        "MaxStartups": "100",
        "Subsystem": "sftp internal-sftp",
    }
    config = folder / "sshd_config"
    config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    command = [binary, "-D", "-e", "-f", str(config)]
    with running(command, folder / "sshd.log", r"listening on 127\.0\.0\.1 port (\d+)"):
        yield SftpServer(
            software="OpenSSH",
            port=port,
            host_key=keys.host_line,
            root=root,
            prefix=str(root),
            user=getpass.getuser(),
            key=keys.user,
            locked_key=keys.locked,
        )


@contextmanager
def asyncssh_server(folder: Path, keys: Keys, *flags: str, more_keys: Sequence[Path] = ()) -> Iterator[SftpServer]:
    """Run asyncssh's server, which takes the key and the password; `flags` are those of `sftp_asyncssh`.

    `more_keys` are host keys besides its own.
    """
    root = folder / "files"
    root.mkdir(exist_ok=True)
    command = [sys.executable, str(_ASYNCSSH), ",".join(map(str, (keys.host, *more_keys))), str(keys.authorized)]
    command += flags
    secret = {"LANDPROOF_TEST_PASSWORD": PASSWORD}
    with running(command, folder / "asyncssh.log", r"listening on (\d+)", secret) as port:
        yield SftpServer(
            software="asyncssh",
            port=int(port),
            host_key=keys.host_line,
            root=root,
            prefix=str(root),
            user=USER,
            key=keys.user,
            locked_key=keys.locked,
            password=PASSWORD,
        )


@contextmanager
def rclone_sftp(folder: Path) -> Iterator[SftpServer]:
    """Run rclone's server, which takes a password and shows the folder as its root."""
    keys, root = make_keys(folder / "keys"), folder / "files"
    root.mkdir()
    command = [rclone_binary(), "serve", "sftp", str(root), "--addr", "127.0.0.1:0", "--config", os.devnull]
    command += ["--user", USER, "--pass", PASSWORD, "--key", str(keys.host), *RCLONE_FRESH]
    with running(command, folder / "rclone.log", r"listening on 127\.0\.0\.1:(\d+)") as port:
        yield SftpServer(
            software="rclone",
            port=int(port),
            host_key=keys.host_line,
            root=root,
            prefix="",
            user=USER,
            password=PASSWORD,
        )


@contextmanager
def ssh_agent(keys: Sequence[Path]) -> Iterator[Path]:
    """Run an agent that holds some keys; yield its socket."""
    if shutil.which("ssh-agent") is None:
        raise FileNotFoundError("ssh-agent is not installed")
    with tempfile.TemporaryDirectory(prefix="agent") as folder:  # a socket's path has to be short
        at = Path(folder) / "socket"
        with running(["ssh-agent", "-D", "-a", str(at)], Path(folder) / "log", r"SSH_AUTH_SOCK=(\S+);"):
            for key in keys:
                environment = {**os.environ, "SSH_AUTH_SOCK": str(at)}
                subprocess.run(["ssh-add", "-q", str(key)], env=environment, check=True, stdin=subprocess.DEVNULL)
            yield at


def _has_separation_folder() -> bool:
    """Make the folder without which sshd does not start as root; others do not need it."""
    if os.geteuid():
        return True
    try:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
