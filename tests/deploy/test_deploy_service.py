"""The service as it is deployed: an image for nobody, a proxy that says who asks, and what neither lets through."""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.processes import until
from support.service import new_token, serving
from support.zones import Zone

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE, COMPOSE = DEPLOY / "container" / "Dockerfile", DEPLOY / "compose" / "service.yaml"
NAME = "landproof.example"
_INSTRUCTION = re.compile(
    r"(FROM|ARG|ENV|WORKDIR|COPY|RUN|LABEL|USER|VOLUME|EXPOSE|STOPSIGNAL|HEALTHCHECK|ENTRYPOINT|CMD)\s+(.+)"
)


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n", " ", text).splitlines()
    found = [_INSTRUCTION.fullmatch(line) for line in lines if line.strip()]
    assert None not in found, "every line is an instruction"
    return [(one[1], one[2]) for one in found if one]


def test_the_image_is_of_two_stages_of_which_the_last_builds_nothing() -> None:
    steps = instructions()
    stages = [index for index, (word, _) in enumerate(steps) if word == "FROM"]
    assert len(stages) == 2
    last = [text for word, text in steps[stages[1] :] if word == "RUN"]
    assert all("pip install" not in text and "apt-get" not in text for text in last)
    assert any("pip uninstall" in text for text in last)
    copied = [text for word, text in steps[stages[1] :] if word == "COPY"]
    assert copied
    assert all("--from=build" in text for text in copied)


def test_the_image_installs_by_hash_and_copies_what_is_there() -> None:
    installs = [text for word, text in instructions() if word == "RUN" and "install" in text]
    for text in installs:
        for part in re.findall(r"pip[^&]* install [^&]*", text):
            assert "--require-hashes" in part or "--no-index" in part, part
    allowed = (DEPLOY / "container" / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for word, text in instructions():
        if word == "COPY" and "--from" not in text:
            for name in shlex.split(text)[:-1]:
                assert (ROOT / name).exists(), name
                assert f"!{name}" in allowed, name


def test_the_image_runs_as_nobody_and_is_asked_whether_it_lives() -> None:
    steps = dict(instructions())
    assert steps["USER"] == "10001:10001"
    assert steps["ENTRYPOINT"] == '["landproof"]'
    assert "/healthz" in steps["HEALTHCHECK"]
    assert steps["VOLUME"] == '["/var/lib/landproof"]'


def test_only_the_proxy_of_compose_is_reached_from_outside_and_only_it_is_believed() -> None:
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    assert [name for name, one in services.items() if one.get("ports")] == ["proxy"]
    for one in services.values():
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
    assert services["service"]["user"] == "10001:10001"
    address = services["proxy"]["networks"]["inside"]["ipv4_address"]
    assert f'trusted_proxies = ["{address}"]' in COMPOSE.read_text(encoding="utf-8")
    caddy = (COMPOSE.parent / "Caddyfile").read_text(encoding="utf-8")
    assert "request_header -X-Forwarded-User" in caddy


class _Login(BaseHTTPRequestHandler):
    """Answers as oauth2-proxy does: who has its cookie is known by a mail address."""

    def do_GET(self) -> None:
        who = re.search(r"login=(\S+)", self.headers.get("Cookie", ""))
        is_asked = self.path == "/oauth2/auth"
        self.send_response(202 if who else 401 if is_asked else 403)
        if who and is_asked:
            self.send_header("X-Auth-Request-Email", who[1])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _certificate(folder: Path) -> tuple[Path, Path]:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ip_address("127.0.0.1"))])
    signed = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    certificate, private = folder / "fullchain.pem", folder / "privkey.pem"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    return certificate, private


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _configured(folder: Path, url: str, login: int) -> int:
    """Write the configuration of the deployment with ports and files of this test; return the port of TLS."""
    port, plain, (certificate, private) = _free_port(), _free_port(), _certificate(folder)
    text = (DEPLOY / "proxy" / "nginx.conf").read_text(encoding="utf-8")
    shutil.copy(DEPLOY / "proxy" / "landproof-headers.conf", folder)
    for before, after in (
        ("127.0.0.1:8437", url.removeprefix("http://")), ("127.0.0.1:4180", f"127.0.0.1:{login}"),
        ("    listen [::]:443 ssl;\n", ""), ("    listen [::]:80;\n", ""),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("listen 80", f"listen 127.0.0.1:{plain}"), ("/etc/ssl/landproof/fullchain.pem", str(certificate)),
        ("/etc/ssl/landproof/privkey.pem", str(private)), ("/etc/nginx/", f"{folder}/"),
    ):  # fmt: skip
        assert before in text, before
        text = text.replace(before, after)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{text}\n}}\n",
        encoding="utf-8",
    )
    return port


@contextmanager
def _nginx(folder: Path, port: int) -> Iterator[httpx.Client]:
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=said)
    trusting = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
    try:
        base, options = f"https://127.0.0.1:{port}", {"verify": trusting, "trust_env": False}
        with httpx.Client(base_url=base, headers={"Host": NAME}, timeout=30, **options) as client:
            assert until(lambda: _listens(port) or process.poll() is not None), (folder / "said").read_text()
            assert process.poll() is None, (folder / "said").read_text()
            yield client
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[tuple[httpx.Client, Path]]:
    """A client of nginx as it is deployed, in front of the service, and the settings."""
    if not shutil.which("nginx"):
        pytest.skip("nginx is not installed")
    zone = Zone(tmp_path)
    zone.export()
    config = zone.settings(
        f'[service]\nhosts = ["{NAME}"]\ntrusted_proxies = ["127.0.0.1"]\n'
        '[service.roles]\n"anna@acme.example" = "operator"\n"vera@acme.example" = "viewer"\n'
    )
    assert zone.scan().status == 0
    with ExitStack() as stack:
        login = ThreadingHTTPServer(("127.0.0.1", 0), _Login)
        stack.callback(login.server_close)
        threading.Thread(target=login.serve_forever, daemon=True).start()
        stack.callback(login.shutdown)
        served = stack.enter_context(serving(config))
        served.expect("landproof: refused: ")
        folder = tmp_path / "nginx"
        folder.mkdir()
        port = _configured(folder, served.url, login.server_address[1])
        yield stack.enter_context(_nginx(folder, port)), config


def test_whom_the_login_knows_is_known_behind_the_proxy_and_nobody_else(
    behind: tuple[httpx.Client, Path],
) -> None:
    client, _ = behind
    anna = {"Cookie": "login=anna@acme.example"}
    page = client.get("/", headers=anna)
    assert (page.status_code, "anna@acme.example" in page.text, "operator" in page.text) == (200, True, True)
    assert "max-age" in page.headers["strict-transport-security"], "it knows that TLS is spoken in front of it"
    assert client.get("/api/v1/datasets", headers=anna).status_code == 200
    assert client.get("/").status_code in (302, 401, 403)
    assert client.get("/api/v1/datasets").status_code == 401
    assert client.get("/api/v1/datasets", headers={"Cookie": "login=eve@elsewhere.example"}).status_code in (401, 403)
    forged = {"X-Forwarded-User": "anna@acme.example"}
    assert client.get("/api/v1/datasets", headers=forged).status_code == 401
    both = client.get("/", headers={"Cookie": "login=vera@acme.example"} | forged)
    assert ("vera@acme.example" in both.text, "anna@acme.example" in both.text) == (True, False)


def test_a_program_comes_through_the_proxy_by_its_token_alone(behind: tuple[httpx.Client, Path]) -> None:
    client, config = behind
    token = {"Authorization": f"Bearer {new_token(config, 'viewer', 'grafana')}"}
    assert until(lambda: client.get("/api/v1/datasets", headers=token).status_code == 200, 5)
    forged = token | {"X-Forwarded-User": "anna@acme.example"}
    changed = client.post("/api/v1/jobs", headers=forged, json={"command": "scan"})
    assert changed.status_code == 403, "a viewer's token stays a viewer's"
    wrong = client.get("/api/v1/datasets", headers={"Authorization": "Bearer lp_no_one"})
    assert wrong.status_code == 401
    assert client.get("/healthz").status_code == 200
