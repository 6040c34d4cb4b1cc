"""Messages sent by Apprise to real services on loopback that take them, refuse them, are slow or are not there."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from support.receivers import Hook, Mailbox, mail_server, webhook

from catalog.notify.channels import Patience, send
from catalog.notify.message import Message
from verifier.findings import Level

QUICK = Patience(seconds=10, retries=2, pause_seconds=0.01)
ONE = Message("landproof: 1 error", "ERRORS\n- Web events: <b>missing</b> & *more*\n\n_end_", Level.ERROR)
TOKEN = "t0k3n-s3cr3t"


@pytest.fixture
def hook() -> Iterator[Hook]:
    with webhook() as running:
        yield running


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as running:
        yield running


def refusing() -> str:
    """Return the URL of a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"json://user:{TOKEN}@127.0.0.1:{free.getsockname()[1]}/hook"


@pytest.mark.parametrize(("level", "kind"), [(Level.ERROR, "failure"), (Level.WARN, "warning"), (None, "success")])
def test_a_webhook_gets_title_text_and_how_loud_it_is(hook: Hook, level: Level | None, kind: str) -> None:
    assert send(hook.url(), Message("one", ONE.body, level), QUICK) is None
    ((path, document),) = hook.taken
    assert (path, document["title"], document["message"], document["type"]) == ("/hook", "one", ONE.body, kind)


def test_words_are_no_markup_where_a_service_takes_markup(hook: Hook) -> None:
    assert send(f"{hook.url()}?format=html", ONE, QUICK) is None
    assert "&lt;b&gt;missing&lt;/b&gt;" in hook.bodies()[0]


def test_a_mail_has_the_words_as_they_are(mailbox: Mailbox) -> None:
    assert send(mailbox.url("ops@example.org") + "&format=text", ONE, QUICK) is None
    ((receiver, title, text),) = mailbox.mails
    assert (receiver, title) == ("ops@example.org", ONE.title)
    assert text.replace("\r\n", "\n").strip() == ONE.body


def test_who_took_a_mail_is_not_sent_it_again_because_another_refused(mailbox: Mailbox) -> None:
    mailbox.refused = {"gone@example.org"}
    trouble = send(mailbox.url("ops@example.org", "gone@example.org"), ONE, Patience(retries=1, pause_seconds=0.01))
    assert trouble == "the service could not be reached or refused it"
    assert [receiver for receiver, _, _ in mailbox.mails] == ["ops@example.org"]


@pytest.mark.parametrize("status", [302, 400, 401, 404, 429, 500, 503])
def test_a_refusal_is_tried_again_a_few_times_and_told_by_its_number(hook: Hook, status: int) -> None:
    hook.status = status
    assert send(hook.url(), ONE, QUICK) == f"the service answered {status}"
    assert (hook.asked, hook.taken) == (3, [])


def test_a_service_that_comes_back_between_two_tries_is_told_once(hook: Hook) -> None:
    hook.status = 500
    patient = Patience(seconds=20, retries=5, pause_seconds=0.3)
    threading.Thread(target=lambda: (_until_asked(hook), setattr(hook, "status", 200)), daemon=True).start()
    assert send(hook.url(), ONE, patient) is None
    assert len(hook.taken) == 1


def _until_asked(hook: Hook) -> None:
    while not hook.asked:
        time.sleep(0.01)


def test_nobody_who_listens_is_told_in_words_without_the_address() -> None:
    assert send(refusing(), ONE, QUICK) == "the service could not be reached or refused it"


def test_a_slow_service_is_not_waited_for_though_it_may_take_the_message_yet(hook: Hook) -> None:
    hook.slow = 0.6
    assert send(hook.url(), ONE, Patience(seconds=0.2, retries=0)) == "no answer within 0.2 s"
    while not hook.taken:
        time.sleep(0.02)


@pytest.mark.parametrize(
    "url", ["", "nonsense", "json://", f"nobody-knows://{TOKEN}", f"http://{TOKEN}", f"file:///etc/{TOKEN}.yml"]
)
def test_what_is_no_service_is_told_without_the_url(url: str) -> None:
    assert send(url, ONE, QUICK) == "the URL is none that Apprise knows, or lacks something"


@pytest.mark.parametrize("key", ["template", "TEMPLATE", "attach", "config", "include"])
def test_nothing_is_followed_to_a_disk_or_elsewhere(hook: Hook, key: str) -> None:
    trouble = send(f"{hook.url()}?{key}=/etc/{TOKEN}", ONE, QUICK)
    assert trouble == f"{key.lower()}= is not followed in a URL of a channel"
    assert hook.asked == 0


def test_whatever_breaks_is_told_by_its_kind_alone() -> None:
    assert send(None, ONE, QUICK) == "sending broke with AttributeError"


class Listening(logging.Handler):
    """Hears whatever gets to the root of all loggers."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    root, handler = logging.getLogger(), Listening()
    monkeypatch.setattr(root, "level", logging.DEBUG)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)


@pytest.mark.parametrize("status", [200, 500])
def test_nothing_that_apprise_says_reaches_anybody_who_listens(
    hook: Hook, status: int, capfd: pytest.CaptureFixture[str], listening: Listening
) -> None:
    hook.status = status
    send(hook.url(), ONE, QUICK)
    send(refusing(), ONE, QUICK)
    assert (listening.heard, *capfd.readouterr()) == ([], "", "")
