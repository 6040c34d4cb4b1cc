"""A service account of our own, and the server that gives its holder access tokens; not what a token opens."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUDIENCE = "https://oauth2.googleapis.com/token"  # whatever the key file names as the token's server


class ServiceAccount:
    """An account with a fresh key."""

    def __init__(self, email: str) -> None:
        self.email = email
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    @property
    def secrets(self) -> Sequence[str]:
        """The lines of the private key."""
        return self.pem.splitlines()[1:-1]

    def info(self, token_uri: str) -> dict[str, str]:
        """Return what Google's key file says."""
        return {
            "type": "service_account",
            "project_id": "testing",
            "private_key_id": "0" * 40,
            "private_key": self.pem,
            "client_email": self.email,
            "client_id": "1",
            "token_uri": token_uri,
        }

    def write_key_file(self, path: Path, token_uri: str) -> Path:
        """Write the key file."""
        path.write_text(json.dumps(self.info(token_uri)))
        return path

    def scope_of(self, form: Mapping[str, Sequence[str]]) -> str | None:
        """Return the scope that a signed grant asks for; None where it is not one of this account."""
        if form.get("grant_type") != [_GRANT] or "assertion" not in form:
            return None
        head, claims, signature = form["assertion"][0].split(".")
        try:
            self._key.public_key().verify(
                _decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return None
        says = json.loads(_decoded(claims))
        is_ours = says["iss"] == self.email and says["aud"] == _AUDIENCE and says["exp"] > time.time()
        return str(says["scope"]) if is_ours else None


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
