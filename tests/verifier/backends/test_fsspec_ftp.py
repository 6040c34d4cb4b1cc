"""FTP through fsspec's driver, on a real server: what it hides from others, faults, certificates."""

from __future__ import annotations

import random
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support.destinations import zone_settings
from support.ftp_store import FtpServer, rclone_ftp
from support.landproof import landproof
from support.stores import list_paths
from support.tcp_proxy import How, tcp_proxy

from verifier.backends import fsspec_other
from verifier.backends.base import Location
from verifier.backends.registry import open_backend
from verifier.errors import DeniedError, HostKeyError, NetworkError, SourceError

DATA = random.Random(1).randbytes(3 << 20)
_HALF_BROKEN = """[half]
type = combine
upstreams = sound={root} broken=nowhere:bucket

[nowhere]
type = s3
provider = Other
access_key_id = key
secret_access_key = secret
endpoint = http://127.0.0.1:9
"""
pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.fixture(scope="module")
def ftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FtpServer]:
    """A server with two folders and a large file."""
    with rclone_ftp(tmp_path_factory.mktemp("ftp")) as server:
        (server.root / "one" / "two").mkdir(parents=True)
        (server.root / "one" / "big").write_bytes(DATA)
        (server.root / "one" / "two" / "one").write_bytes(b"x")
        yield server


def test_a_folder_that_cannot_be_listed_is_never_taken_for_an_empty_one(tmp_path: Path) -> None:
    with rclone_ftp(tmp_path, remote="half:", settings=_HALF_BROKEN) as server:
        (server.root / "file").write_bytes(b"x")
        with closing(open_backend(server.place())) as backend, pytest.raises(DeniedError) as caught:
            list(backend.list())
        assert "/broken: listing" in caught.value.message
        assert list_paths(server.place("sound")) == ["file"]
        config = tmp_path / "landproof.toml"
        config.write_text(f"[zones.it]\n{zone_settings(server.place())}", encoding="utf-8")
        answer = landproof("scan", "--config", config, "--settle-minutes", 0, "--workers", 0, "--json")
    assert (answer.status, set(answer.codes)) == (3, {"zone.unreachable"})
    assert answer.document["zones"][0]["error"]["kind"] == "denied"


def test_a_file_in_place_of_the_folder_is_said_to_be_one(ftp: FtpServer) -> None:
    for path in ("one/big", "one/two/one"):
        with closing(open_backend(ftp.place(path))) as backend, pytest.raises(SourceError, match="got a file"):
            list(backend.list())
    assert list_paths(ftp.place("one/two")) == ["one"]


def test_a_server_that_ends_while_it_is_listed_or_read_is_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fsspec_other, "PAGE_FILES", 1)
    monkeypatch.setattr(fsspec_other, "CHUNK_BYTES", 1 << 20)
    with ExitStack() as running:
        server = running.enter_context(rclone_ftp(tmp_path))
        (server.root / "folder").mkdir()
        (server.root / "folder" / "below").write_bytes(b"x")
        (server.root / "file").write_bytes(DATA)
        with closing(open_backend(server.place())) as backend:
            pages = backend.list()
            (file,) = next(pages)
            pieces = backend.open(file).stream()
            assert next(pieces) == DATA[: 1 << 20]
            running.close()
            for what in (pages, pieces):
                with pytest.raises(NetworkError):
                    list(what)


def test_a_connection_that_is_lost_is_dialled_anew(ftp: FtpServer) -> None:
    with tcp_proxy(ftp.port) as proxy:
        place = Location(kind="fsspec", url=f"ftp://127.0.0.1:{proxy.port}/one", options=_login(ftp))
        with closing(open_backend(place)) as backend:
            (file,) = [f for page in backend.list() for f in page if f.path == "big"]
            source = backend.open(file)
            proxy.spoil_now(How.RESET)
            assert source.read_range(7, 70) == DATA[7:70]
            proxy.spoil_now(How.CLOSE)
            assert b"".join(source.stream()) == DATA
            proxy.spoil_now(How.RESET)
            assert len([f for page in backend.list() for f in page]) == 2
        assert proxy.connections == 4


def test_a_password_goes_to_no_server_whose_certificate_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = _certificate(tmp_path)
    with _refusing(certificate, key) as (port, said):
        place = Location(kind="fsspec", url=f"ftp://127.0.0.1:{port}", options={"tls": True, "password": "hidden"})
        with closing(open_backend(place)) as backend, pytest.raises(HostKeyError) as caught:
            list(backend.list())
        assert "SSL_CERT_FILE" in str(caught.value.hint)
        assert said == ["AUTH TLS"]
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with closing(open_backend(place)) as backend, pytest.raises(DeniedError, match="refuses"):
            list(backend.list())
        assert said == ["AUTH TLS", "AUTH TLS", "USER anonymous"]
    other = Location(kind="fsspec", url=place.url, options={"tls": "sslv23"})
    with closing(open_backend(other)) as backend, pytest.raises(SourceError, match="option tls"):
        list(backend.list())


@contextmanager
def _refusing(certificate: Path, key: Path) -> Iterator[tuple[int, list[str]]]:
    """Serve what comes before a login, which is refused; yield the port and what was said, in order."""
    context, said = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), list[str]()
    context.load_cert_chain(certificate, key)

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                with plain, suppress(OSError):
                    plain.sendall(b"220 ready\r\n")
                    said.append(plain.recv(100).decode().strip())
                    plain.sendall(b"234 go on\r\n")
                    with context.wrap_socket(plain, server_side=True) as line:
                        said.append(line.recv(100).decode().strip())
                        line.sendall(b"530 no\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], said
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def _login(server: FtpServer) -> dict[str, object]:
    return {"username": server.user, "password": server.password, "timeout": 5}


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Return a new certificate that vouches for itself as 127.0.0.1, and its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "certificate").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key").write_bytes(text)
    return folder / "certificate", folder / "key"
