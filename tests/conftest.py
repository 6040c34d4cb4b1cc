"""What every test starts from: nobody's settings, credentials or proxies, and no address but loopback.

Test servers are started when the first test asks for one; the end of a run says which destinations were proved.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from support.destinations import Destination, Servers
from support.proved import PROPERTY, told_by

# How long an example takes says what else the machine does.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

_LONG_BYTES = 32
_SETTINGS = ("LANDPROOF_", "ADOBE_", "AWS_", "AZURE_", "GCSFS_", "GOOGLE_", "SSH_AUTH_SOCK", "STORAGE_EMULATOR_HOST")
for _name in set(os.environ) - {"LANDPROOF_AZURITE", "LANDPROOF_SCREENSHOTS"}:  # a test server, pictures
    if _name.upper().startswith(_SETTINGS) or _name.lower().endswith("_proxy"):
        del os.environ[_name]
# A run in the background of a script ignores Ctrl-C, and so would the commands that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Every test server, started on first use."""
    with Servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name tests alike in every process: bytes may be made anew in each."""
    return argname if isinstance(val, bytes) and len(val) > _LONG_BYTES else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note in each test's report which destination it is about."""
    for item in items:
        call = getattr(item, "callspec", None)
        about = call.params.get(PROPERTY) if call else None
        if isinstance(about, Destination):
            item.user_properties.append((PROPERTY, about.name))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which destinations were proved."""
    reports = [r for of in terminalreporter.stats.values() for r in of if isinstance(r, pytest.TestReport)]
    if lines := told_by(reports):
        terminalreporter.section("destinations")
        for line in lines:
            terminalreporter.line(line)
