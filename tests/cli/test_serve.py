"""`landproof serve` as a process: where it listens, whom it lets in, how it ends."""

from __future__ import annotations

import datetime
import ipaddress
import json
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.landproof import finished, landproof, started

from catalog.exit_status import ExitStatus

PAGE = {"Accept": "text/html"}


@contextmanager
def serving(folder: Path, *words: object, **environment: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start the command on a port of its own; yield its URL."""
    catalog = folder / "landproof.duckdb"
    process = started("serve", "--port", 0, "--catalog", catalog, *words, cwd=folder, **environment)
    alarm = threading.Timer(60, process.kill)
    alarm.start()
    try:
        assert process.stderr
        lines = []
        for line in process.stderr:
            lines.append(line.decode())
            if told := re.search(r"serving .* at (https?://\S+) ", lines[-1]):
                yield told[1], process
                break
        else:
            pytest.fail("".join(lines))
    finally:
        alarm.cancel()
        process.kill()
        process.communicate()


def refused(folder: Path, *words: object) -> str:
    """Start the command, which must not serve; return what it says."""
    answer = finished(started("serve", "--catalog", folder / "landproof.duckdb", *words, cwd=folder))
    assert (answer.status, answer.out) == (ExitStatus.USAGE, "")
    assert "Traceback" not in answer.err
    return answer.err


def get(url: str, **named: object) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=20, **named)


def test_it_serves_this_machine_until_sigterm(tmp_path: Path) -> None:
    with serving(tmp_path) as (url, process):
        assert url.startswith("http://127.0.0.1:")
        health = get(f"{url}/healthz")
        assert (health.status_code, health.text) == (200, "ok\n")
        assert "server" not in health.headers
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, b"")
    assert err.decode().splitlines()[-1] == "landproof: stopped"


def test_ctrl_c_is_an_interruption(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, process):
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == ExitStatus.INTERRUPTED
    assert "interrupted" in err.decode()


def test_a_document_says_where_it_is(tmp_path: Path) -> None:
    with serving(tmp_path, "--json") as (url, process):
        assert process.stdout
        lines = []
        while not lines or lines[-1] != b"}\n":
            lines.append(process.stdout.readline())
        document = json.loads(b"".join(lines))
    assert document == {"schema": "landproof/serve/1", "url": url, "access": "open"}


def test_wider_than_this_machine_takes_access_control(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", socket.gethostname()):
        told = refused(tmp_path, "--host", host, "--port", 0)
        assert f"host {host} is reached from other machines, and there is no access control" in told
        assert "hint: make a token first: landproof tokens new" in told
    token = landproof("tokens", "new", "ci", "--role", "viewer", "--catalog", tmp_path / "landproof.duckdb").out.strip()
    with serving(tmp_path, "--host", "0.0.0.0") as (url, _):
        port = url.rpartition(":")[2]
        assert get(f"http://127.0.0.1:{port}/api/v1/datasets").status_code == 401
        headers = {"Authorization": f"Bearer {token}"}
        assert get(f"http://127.0.0.1:{port}/", headers=headers).status_code not in (401, 403)


def test_a_port_that_is_taken_is_said_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = refused(tmp_path, "--port", port)
    assert f"127.0.0.1:{port} cannot be listened at: address already in use" in told
    assert "choose another port with --port" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--host", "192.0.2.1"), "host 192.0.2.1 is reached from other machines"),
        (("--host", ""), "--host: expected an address"),
        (("--port", "65536"), "less than or equal to 65535"),
        (("--tls-cert", "a.pem"), "--tls-cert and --tls-key belong together"),
        (
            ("--tls-cert", "a.pem", "--tls-key", "b.pem", "--port", "0"),
            "--tls-cert a.pem: cannot be used: no such file",
        ),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    assert message in refused(tmp_path, *words)


def test_an_address_of_another_machine_cannot_be_had(tmp_path: Path) -> None:
    landproof("tokens", "new", "ci", "--role", "viewer", "--catalog", tmp_path / "landproof.duckdb")
    told = refused(tmp_path, "--host", "192.0.2.1", "--port", 0)
    assert "192.0.2.1:0 cannot be listened at: cannot assign requested address" in told
    assert "--host: nowhere.invalid is not known here" in refused(tmp_path, "--host", "nowhere.invalid", "--port", 0)


def test_tokens_that_are_broken_keep_it_from_starting(tmp_path: Path) -> None:
    (tmp_path / "landproof.service").mkdir(mode=0o700)
    (tmp_path / "landproof.service" / "tokens.json").write_text("{}")
    assert "expected a file of tokens" in refused(tmp_path, "--port", 0)


def test_a_token_made_and_revoked_counts_within_a_second(tmp_path: Path) -> None:
    catalog = tmp_path / "landproof.duckdb"
    with serving(tmp_path) as (url, _):
        assert get(f"{url}/metrics").status_code != 401
        token = landproof("tokens", "new", "anna", "--role", "viewer", "--catalog", catalog).out.strip()
        assert get(f"{url}/metrics").status_code == 401
        with httpx.Client(base_url=url, trust_env=False, timeout=20) as browser:
            login = browser.post("/login", data={"token": token, "next": "/login-was-here"}, headers=PAGE)
            assert (login.status_code, login.headers["location"]) == (303, "/login-was-here")
            assert browser.get("/metrics").status_code != 401
            landproof("tokens", "revoke", "anna", "--catalog", catalog)
            time.sleep(0.9)
            assert browser.get("/metrics", headers={"Accept": "application/json"}).status_code == 401
        assert get(f"{url}/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_no_token_is_in_what_it_says(tmp_path: Path) -> None:
    catalog = tmp_path / "landproof.duckdb"
    token = landproof("tokens", "new", "anna", "--role", "viewer", "--catalog", catalog).out.strip()
    secret = token.rpartition("_")[2]
    with serving(tmp_path) as (url, process):
        httpx.post(f"{url}/login", data={"token": token}, trust_env=False)
        httpx.post(f"{url}/login", data={"token": f"{token}x"}, trust_env=False)
        get(f"{url}/metrics?token={token}", headers={"Authorization": f"Bearer {token[:-1]}"})
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    told = err.decode()
    assert "login: anna (viewer, token" in told
    assert told.count("refused: a token that is not known, from 127.0.0.1") == 2
    assert secret[:20] not in told


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of this machine and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return paths


def test_it_speaks_tls_itself(tmp_path: Path) -> None:
    catalog = tmp_path / "landproof.duckdb"
    token = landproof("tokens", "new", "anna", "--role", "viewer", "--catalog", catalog).out.strip()
    cert, key = certificate(tmp_path)
    trusted = ssl.create_default_context(cafile=str(cert))
    with serving(tmp_path, "--tls-cert", cert, "--tls-key", key) as (url, process):
        assert url.startswith("https://127.0.0.1:")
        login = httpx.post(f"{url}/login", data={"token": token}, verify=trusted, trust_env=False)
        assert login.headers["set-cookie"].startswith("__Host-landproof_session=")
        assert "Secure" in login.headers["set-cookie"]
        assert login.headers["strict-transport-security"] == "max-age=31536000"
        with pytest.raises(httpx.TransportError):
            get(url.replace("https", "http"))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in err.decode()


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    cert, _ = certificate(tmp_path)
    (tmp_path / "other").mkdir()
    _, key = certificate(tmp_path / "other")
    assert f"--tls-cert {cert}: cannot be used" in refused(tmp_path, "--tls-cert", cert, "--tls-key", key, "--port", 0)


def test_settings_and_environment_say_where(tmp_path: Path) -> None:
    (tmp_path / "landproof.toml").write_text('[service]\nhost = "localhost"\nhosts = ["landproof.example"]\n')
    with serving(tmp_path, LANDPROOF_SERVICE__SESSION_HOURS="1") as (url, _):
        assert url.startswith("http://localhost:")
        port = url.rpartition(":")[2]
        for host, status in (("landproof.example", 200), ("other.example", 421)):
            answer = get(f"http://127.0.0.1:{port}/static/landproof.css", headers={"Host": host})
            assert answer.status_code == status
