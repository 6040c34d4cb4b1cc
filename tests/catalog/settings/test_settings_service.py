"""The table of the service: what it says, what it refuses."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from support.settings_files import load, mistakes

from catalog.settings.loading import Settings


def test_unset_it_is_this_machine_alone(tmp_path: Path) -> None:
    service = load(tmp_path, "").service
    assert (service.host, service.port, service.session_hours) == ("127.0.0.1", 8437, 12)
    assert (service.trusted_proxies, service.roles, service.default_role, service.hosts) == ((), {}, None, ())


def test_its_values_are_read(tmp_path: Path) -> None:
    text = """
    [service]
    host = "::"
    port = 0
    hosts = ["Landproof.Example.", "[::1]"]
    trusted_proxies = ["10.1.0.0/16", "fd00::1"]
    identity_header = "Remote-User"
    default_role = "viewer"
    [service.roles]
    "anna@acme.example" = "operator"
    """
    service = load(tmp_path, text, LANDPROOF_SERVICE__PORT="8080").service
    assert (service.host, service.port) == ("::", 8080)
    assert service.hosts == ("landproof.example", "[::1]")
    assert service.trusted_proxies == (ip_network("10.1.0.0/16"), ip_network("fd00::1/128"))
    assert service.roles == {"anna@acme.example": "operator"}


def test_a_container_can_be_told_by_its_environment_alone(tmp_path: Path) -> None:
    service = load(
        tmp_path,
        "",
        LANDPROOF_SERVICE__HOST="0.0.0.0",
        LANDPROOF_SERVICE__TRUSTED_PROXIES='["172.16.0.0/12"]',
        LANDPROOF_SERVICE__HOSTS='["landproof.example"]',
    ).service
    assert (service.host, service.hosts) == ("0.0.0.0", ("landproof.example",))
    assert service.trusted_proxies == (ip_network("172.16.0.0/12"),)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("port = 70000", "service.port: expected 65535 or less, got 70000"),
        ('host = ""', "service.host: expected a text that is not empty, got ''"),
        ('hosts = ["http://a.example"]', "service.hosts[0]: expected the name of a host without scheme and port"),
        ('hosts = ["a.example:80"]', "service.hosts[0]: expected the name of a host without scheme and port"),
        ('trusted_proxies = ["0.0.0.0/0"]', "service.trusted_proxies[0]: expected an address or a network"),
        ('trusted_proxies = ["proxy.local"]', "service.trusted_proxies[0]: expected an address or a network"),
        ('trusted_proxies = ["10.1.2.3/8"]', "service.trusted_proxies[0]: expected an address or a network"),
        ('identity_header = "X User"', "service.identity_header: expected the name of a header"),
        ('default_role = "admin"', "service.default_role: expected 'viewer', 'auditor' or 'operator', got 'admin'"),
        ('default_role = "viewer"', "service.default_role: expected trusted_proxies beside it"),
        ('roles = {anna = "viewer"}', "service.roles: expected trusted_proxies beside it"),
        ("session_hours = 0", "service.session_hours: expected 1 or more, got 0"),
        (
            "sesion_hours = 1",
            "service.sesion_hours: unknown key in table [service]; the nearest known is 'session_hours'",
        ),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, line: str, message: str) -> None:
    (told,) = mistakes(tmp_path, f"[service]\n{line}\n")
    assert told.startswith(message)


def test_what_it_keeps_is_beside_the_catalog_in_use_unless_set(tmp_path: Path) -> None:
    assert Settings().service_state(Path("a/cja.duckdb")) == Path("a/cja.service")
    assert load(tmp_path, '[service]\nstate = "who"\n').service_state(Path("b.duckdb")) == tmp_path / "who"


def test_it_is_no_matter_of_judgement(tmp_path: Path) -> None:
    assert load(tmp_path, "[service]\nport = 1\n").digest() == Settings().digest()
