"""A timestamp authority on loopback that lets `openssl ts` answer, or misbehaves as told; its certificates are new."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CONFIG = """\
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/ca.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@dataclass(slots=True)
class Authority:
    """A running authority: where it is asked, the certificate to be trusted, and what it does to its answers."""

    url: str
    certificate: Path
    digests: str = "sha256"
    status: int = 200
    changed: Callable[[bytes], bytes] = lambda answer: answer
    slow: threading.Event | None = None
    asked: int = 0


@contextmanager
def timestamp_authority(folder: Path) -> Iterator[Authority]:
    """Run an authority with certificates of its own until the block ends; folder is a new one."""
    _make_certificates(folder)
    authority = Authority("", folder / "ca.pem")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["content-length"]))
            authority.asked += 1
            assert self.headers["content-type"] == "application/timestamp-query"
            if authority.slow:
                authority.slow.wait(30)
            answer = authority.changed(_answered(folder, query, authority.digests))
            with suppress(OSError):
                self.send_response(authority.status)
                self.send_header("content-type", "application/timestamp-reply")
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    authority.url = f"http://user:a-secret@127.0.0.1:{server.server_port}/tsa"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield authority
    finally:
        if authority.slow:
            authority.slow.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _answered(folder: Path, query: bytes, digests: str) -> bytes:
    (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder, digests=digests))
    (folder / "query.tsq").write_bytes(query)
    words = ["openssl", "ts", "-reply", "-config", folder / "tsa.cnf", "-queryfile", folder / "query.tsq"]
    subprocess.run([*words, "-out", folder / "answer.tsr"], check=True, capture_output=True)
    return (folder / "answer.tsr").read_bytes()


def _make_certificates(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "serial").write_text("01\n")
    keys = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("A root", "A time keeper")]
    own = _certificate(names[0], names[0], keys[0].public_key(), x509.BasicConstraints(ca=True, path_length=None))
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    tsa = _certificate(names[1], names[0], keys[1].public_key(), usage)
    for name, builder in (("ca.pem", own), ("tsa.pem", tsa)):
        (folder / name).write_bytes(builder.sign(keys[0], hashes.SHA256()).public_bytes(Encoding.PEM))
    secret = keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "tsa.key").write_bytes(secret)


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType
) -> x509.CertificateBuilder:
    begin = datetime.now(UTC) - timedelta(days=1)
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=30))
        .add_extension(extension, critical=True)
    )
