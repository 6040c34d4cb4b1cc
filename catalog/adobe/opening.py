"""A client of Flow Service as the settings and the environment have it; not what it is asked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

from catalog.adobe.client import FlowClient
from catalog.settings.loading import Settings
from verifier.backends.adobe_login import TABLE, parse_login


@contextmanager
def flow_service(settings: Settings) -> Iterator[FlowClient]:
    """Yield a client, closed in the end. Raises `UsageError` where nothing says who asks; nothing is sent yet."""
    login = parse_login({TABLE: settings.adobe.login()}, os.environ, purpose="asking Adobe's Flow Service")
    with closing(FlowClient(login)) as client:
        yield client
