"""Send one message to one Apprise URL, within a time; neither what it says nor what is recorded of it.

Nothing that Apprise says gets any further, since its words hold hosts and tokens: only a number of three digits that a
service answered. It is imported on use. No configuration, plugin or template is taken from a disk or another URL.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from catalog.notify.message import Message
from catalog.store.notices import NO_ANSWER
from verifier.findings import Level

if TYPE_CHECKING:
    from apprise import AppriseAsset

SECONDS = 45.0
"""How long one URL may take in all, its tries included, whatever it asks for itself."""
RETRIES, PAUSE_SECONDS = 2, 2.0
_FOLLOWED = frozenset({"template", "attach", "config", "include"})
_ANSWERED = re.compile(r"error=([1-5][0-9]{2})\b")

Send = Callable[[str, Message], str | None]
"""Send a message to a URL; returns why that failed, in words without the URL, None where it was taken."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one URL may take, how often it is tried again, and how long after."""

    seconds: float = SECONDS
    retries: int = RETRIES
    pause_seconds: float = PAUSE_SECONDS


def sender(patience: Patience = Patience()) -> Send:
    """Return what sends by Apprise."""
    return lambda url, message: send(url, message, patience)


def send(url: str, message: Message, patience: Patience = Patience()) -> str | None:
    """Send a message to a URL and return why that failed, None where it was taken.

    What is accepted by one of several receivers of a URL is not sent to that one again by the next try.
    """
    troubles: list[str | None] = []
    worker = threading.Thread(target=lambda: troubles.append(_guarded(url, message, patience)), daemon=True)
    worker.start()
    worker.join(patience.seconds)
    return troubles[0] if troubles else f"{NO_ANSWER} within {patience.seconds:g} s"


def _guarded(url: str, message: Message, patience: Patience) -> str | None:
    try:
        return _sent(url, message, patience)
    except Exception as error:  # noqa: BLE001  # code for a hundred services, of which each raises what it likes
        return f"sending broke with {type(error).__name__}"


def _sent(url: str, message: Message, patience: Patience) -> str | None:
    from apprise import Apprise, NotifyFormat, NotifyType

    _quiet()
    keys = {key.lower().lstrip("+-:") for key, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True)}
    if refused := sorted(keys & _FOLLOWED):
        return f"{refused[0]}= is not followed in a URL of a channel"
    service = Apprise.instantiate(url, asset=_asset(patience))
    if service is None:
        return "the URL is none that Apprise knows, or lacks something"
    apprise = Apprise(service, asset=service.asset)
    kinds = {Level.ERROR: NotifyType.FAILURE, Level.WARN: NotifyType.WARNING, None: NotifyType.SUCCESS}
    kind = kinds.get(message.level, NotifyType.INFO)
    result = apprise.notify(body=message.body, title=message.title, notify_type=kind, body_format=NotifyFormat.TEXT)
    if result:
        return None
    answered = [found[1] for entry in result.logs() if (found := _ANSWERED.search(entry.message))]
    return f"the service answered {answered[-1]}" if answered else "the service could not be reached or refused it"


def _asset(patience: Patience) -> AppriseAsset:
    """Return how Apprise is to behave: alone in its thread, in its memory, with our name, after no redirect.

    A redirected POST becomes a GET, which is answered well and tells nobody.
    """
    from apprise import AppriseAsset

    return AppriseAsset(
        app_id="landproof",
        app_desc="landproof",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        image_path_mask="",
        async_mode=False,
        default_service_retry=patience.retries,
        default_service_wait=patience.pause_seconds,
        service_timeout=0,
        http_redirects=False,
        pgp_autogen=False,
        pem_autogen=False,
        storage_mode="memory",
        allow_templates=False,
    )


def _quiet() -> None:
    """Keep what Apprise and its client say of URLs from whoever listens."""
    for name in ("apprise", "urllib3", "requests"):
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
