"""Proving to an SSH server who we are: keys, the agent, a password; not who the server is.

No message holds a key, password or passphrase.
"""

from __future__ import annotations

import binascii
import os
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)
from paramiko import Agent, ECDSAKey, Ed25519Key, PKey, RSAKey, SSHException

from verifier.backends.sftp_errors import FOREIGN, fault_of
from verifier.backends.sftp_options import SftpOptions
from verifier.backends.sftp_transport import LoginTransport
from verifier.errors import DeniedError

_DEFAULT_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
_CLASSES = ((Ed25519PrivateKey, Ed25519Key), (EllipticCurvePrivateKey, ECDSAKey), (RSAPrivateKey, RSAKey))


class Proofs:
    """What a zone's options give to log in with; a key is opened once, since a passphrase takes its time."""

    def __init__(self, options: SftpOptions, where: str) -> None:
        self.options = options
        self.where = where
        self._key: PKey | None = None

    def given_key(self) -> PKey | None:
        """Return the key that the options give, None where they give none. Raises `DeniedError` for an unusable one."""
        given, path, passphrase = self.options.private_key, self.options.key_filename, self.options.passphrase
        if self._key is None and given is not None:
            self._key = key_of(_decoded(given, self.where), passphrase, self.where)
        if self._key is None and path is not None:
            self._key = _key_in(Path(path), passphrase, self.where)
        return self._key


class Login:
    """One attempt to log in on a connection whose server has been checked."""

    def __init__(self, transport: LoginTransport, username: str, proofs: Proofs) -> None:
        self._transport = transport
        self._username = username
        self._proofs = proofs
        self._options = proofs.options
        self._where = proofs.where
        self._tried: list[str] = []

    def prove(self) -> None:
        """Offer the given key, the agent's keys, those in ~/.ssh and the password until the server is content.

        Raises `DeniedError` where it is not and `NetworkError` where the connection breaks before.
        """
        for name, key in self._keys():
            wanted = self._offer(name, lambda key=key: self._transport.auth_publickey(self._username, key))  # type: ignore[misc]
            if wanted == []:
                return
            if wanted:
                self._prove_more(wanted)
                return
        if self._options.password is None or self._offer_password() != []:
            raise self._refused()

    def _prove_more(self, wanted: list[str]) -> None:
        if self._options.password is None or not {"password", "keyboard-interactive"} & set(wanted):
            message = f"{self._where}: the server takes the key and wants another proof besides"
            raise DeniedError(message, hint="set password in the zone's options too")
        if self._offer_password() != []:
            raise self._refused()

    def _offer_password(self) -> list[str] | None:
        password = self._options.password
        return self._offer("password", lambda: self._transport.auth_password(self._username, password))

    def _offer(self, name: str, action: Callable[[], list[str]]) -> list[str] | None:
        """Offer one proof; return what the server wants besides, nothing when it is content, None when it refuses."""
        began_at = time.monotonic()
        try:
            return action()
        except FOREIGN as error:
            if self._transport.is_active() and time.monotonic() - began_at < self._transport.auth_timeout:
                if name not in self._tried:
                    self._tried.append(name)
                return None
            if name == "password":  # it may have been refused: sent again and again it could lock the account
                message = f"{self._where}: the connection ended before the server answered the password"
                raise DeniedError(message, hint="check username and password") from error
            if self._tried:  # the server's patience ended
                raise self._refused() from error
            raise fault_of(error, self._where) from error

    def _keys(self) -> Iterator[tuple[str, PKey]]:
        options = self._options
        if (given := self._proofs.given_key()) is not None:
            yield "key_filename" if options.key_filename else "private_key", given
        # paramiko leaves a socket open where nobody listens
        if options.allow_agent and Path(os.environ.get("SSH_AUTH_SOCK", os.devnull)).is_socket():
            agent = Agent()
            try:
                yield from (("agent", key) for key in agent.get_keys())
            finally:
                agent.close()
        if options.look_for_keys:
            for place in _DEFAULT_KEYS:
                with suppress(DeniedError):  # none there, or one under a passphrase that we were not given
                    yield place, _key_in(Path(place), options.passphrase, self._where)

    def _refused(self) -> DeniedError:
        if not self._tried:
            hint = "set key_filename, private_key or password in the zone's options, or start an agent"
            return DeniedError(
                f"{self._where}: there is nothing to log in with: no key, no agent, no password", hint=hint
            )
        hint = "check username, password and that the public key is among the server's authorized keys of this user"
        return DeniedError(
            f"{self._where}: the server refuses the login of {self._username!a} by {', '.join(self._tried)}",
            hint=hint,
        )


def key_of(data: bytes, passphrase: str | None, where: str) -> PKey:
    """Read a private key, OpenSSH's or PEM. Raises `DeniedError` that says what is wrong with it and nothing of it."""
    secret = passphrase.encode() if passphrase else None
    load = load_ssh_private_key if b"BEGIN OPENSSH" in data else load_pem_private_key
    try:
        loaded = load(data, secret)
    except TypeError as error:
        if secret is not None:  # a passphrase for a key that has none
            return key_of(data, None, where)
        raise DeniedError(f"{where}: the private key needs a passphrase", hint="set passphrase") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        if secret is None and b"BEGIN OPENSSH" in data and b"bcrypt" in _body(data):
            raise DeniedError(f"{where}: the private key needs a passphrase", hint="set passphrase") from error
        words = "the passphrase does not open the private key" if secret else "the private key cannot be read"
        raise DeniedError(f"{where}: {words}", hint="check private_key, key_filename and passphrase") from error
    for kind, made in _CLASSES:
        if isinstance(loaded, kind):
            plain = loaded.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
            return made.from_private_key(StringIO(plain.decode()))
    raise DeniedError(f"{where}: private keys of this kind are not supported", hint="use ed25519, ECDSA or RSA")


def _key_in(path: Path, passphrase: str | None, where: str) -> PKey:
    try:
        at = path.expanduser()
        key = key_of(at.read_bytes(), passphrase, where)
        certificate = at.with_name(f"{at.name}-cert.pub")
        if certificate.is_file():
            key.load_certificate(str(certificate))
    except (OSError, RuntimeError, SSHException, ValueError) as error:
        raise DeniedError(f"{where}: the key file {path} cannot be read", hint="check key_filename") from error
    return key


def _decoded(text: str, where: str) -> bytes:
    """Return a key given as text, or as Base64 of it, which is how Adobe's connections hold one."""
    data = text.strip().encode()
    if b"-----BEGIN" not in data:
        try:
            data = b64decode(b"".join(data.split()), validate=True)
        except binascii.Error as error:
            message = f"{where}: private_key is neither the text of a private key nor Base64 of it"
            raise DeniedError(message, hint="give the key from its BEGIN line to its END line") from error
    return data.strip() + b"\n"


def _body(data: bytes) -> bytes:
    lines = [line for line in data.splitlines() if not line.startswith(b"-----")]
    try:
        return b64decode(b"".join(lines))
    except binascii.Error:
        return b""
