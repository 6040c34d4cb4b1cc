"""A connection to S3 over botocore: one request at a time, counted; not what is asked for.

botocore retries nothing here: how often we try again is decided in `retry` alone. It is called where we are: s3fs's
client lives on an event loop in a thread of its own, and going there and back costs more than a small read.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.handlers import add_expect_header
from botocore.loaders import create_loader
from botocore.session import Session
from botocore.utils import parse_timestamp

from verifier.backends.base import ANONYMOUS, Contact
from verifier.backends.s3_errors import FOREIGN, translate
from verifier.backends.s3_http import send
from verifier.backends.s3_options import BOUNDED, S3Options, parse_options
from verifier.backends.url_rules import host_and_port
from verifier.errors import UsageError

_TALKATIVE = ("botocore", "urllib3")
_EMPTY_PAGE = b"<ListBucketResult/>"

Answer = Mapping[str, Any]

_descriptions = lru_cache(create_loader)
"""botocore's descriptions of services, the same for all credentials: parsing them is most of opening a zone."""


class Connection:
    """One client of S3 with its own session, so that the credentials of two zones never mix; for one thread at a time.

    `asks_checksums` tells whether the store is asked for its checksum of an object that is read whole.
    """

    def __init__(self, options: Mapping[str, object]) -> None:
        """Take s3fs's options, `region` and `profile`; nothing is sent. Raises `UsageError` for what they are not."""
        self.requests = 0
        self.asks_checksums = True
        self._server_time: tuple[datetime, float] | None = None
        self._seconds = 0.0
        self._page = b""
        for name in _TALKATIVE:  # at DEBUG they log session tokens
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))
        try:
            parsed = parse_options(options)
            self._client = self._session(parsed).create_client("s3", **parsed.client)
        except (BotoCoreError, TypeError, ValueError, KeyError, AttributeError) as error:
            raise UsageError(f"the options of an S3 zone are not usable: {type(error).__name__}") from error
        self._standing = parsed.request

    def call(self, method: str, where: str, seconds: float, **arguments: object) -> Answer:
        """Send one request and return botocore's answer within `seconds`; raises `SourceError` with `where` in it."""
        self._seconds = seconds
        try:
            answer: Answer = getattr(self._client, method)(**self._standing_of(method), **arguments)
        except FOREIGN as error:
            raise translate(error, where) from error
        return answer

    def page(self, where: str, seconds: float, **arguments: object) -> bytes:
        """Ask for one page of a listing as `call` does and return its XML."""
        self.call("list_objects_v2", where, seconds, **arguments)
        return self._page

    def now(self) -> datetime | None:
        """Return the store's clock, carried on from its last answer; None before one or where it shows none."""
        if self._server_time is None:
            return None
        date, seen = self._server_time
        return date + timedelta(seconds=time.monotonic() - seen)

    def expires_at(self) -> datetime | None:
        """Return when the credentials in use end; None where they do not, are renewed, or it is not known.

        Only those of the environment may tell their end and yet not be renewed.
        """
        credentials = getattr(getattr(self._client, "_request_signer", None), "_credentials", None)
        ends = getattr(credentials, "_expiry_time", None)
        is_renewed = getattr(credentials, "method", "") != "env"
        return ends.astimezone(UTC) if isinstance(ends, datetime) and not is_renewed else None

    def contact(self) -> Contact:
        """Return the endpoint, and the id of the access key as far as it is at hand: none is fetched for this."""
        meta = self._client.meta
        credentials = getattr(getattr(self._client, "_request_signer", None), "_credentials", None)
        known = vars(credentials) if credentials is not None else {}
        identity = known.get("access_key") or known.get("_access_key")
        if meta.config.signature_version is UNSIGNED:
            identity = ANONYMOUS
        return Contact(endpoint=host_and_port(meta.endpoint_url), identity=identity)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _session(self, options: S3Options) -> Session:
        session = Session(profile=options.profile)
        session.set_default_client_config(Config(**BOUNDED))  # for the clients that fetch credentials, too
        session.register_component("data_loader", _descriptions(session.get_config_variable("data_path")))
        session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
        session.register("before-call.s3.GetObject", self._ask_checksum)
        session.unregister("before-call.s3", add_expect_header)  # not to wait for a "100 Continue"
        session.register("before-send.s3", self._send)
        return session

    def _standing_of(self, method: str) -> dict[str, Any]:
        """Return the arguments that the options give to all requests that know them."""
        if not self._standing:
            return {}
        name = self._client.meta.method_to_api_mapping[method]
        known = self._client.meta.service_model.operation_model(name).input_shape.members
        return {name: value for name, value in self._standing.items() if name in known}

    def _ask_checksum(self, params: dict[str, Any], **_: object) -> None:
        """Ask by the header, since botocore compares what it is asked for by its own parameter."""
        if self.asks_checksums and "Range" not in params["headers"]:
            params["headers"]["x-amz-checksum-mode"] = "ENABLED"

    def _send(self, request: Any, event_name: str, **_: object) -> Any:
        """Send what botocore has signed, in its place: counted, within the time that is left.

        A page of a listing is set aside: botocore parses it twice, far more slowly and less strictly than we do.
        """
        self.requests += 1
        request.context["read_timeout"] = min(self._client.meta.config.read_timeout, self._seconds)
        answer = send(self._client._endpoint.http_session, request, self._seconds)
        self._read_clock(answer.headers.get("date"))
        if event_name.endswith(".ListObjectsV2") and answer.status_code == 200:
            self._page, answer._content = answer.content, _EMPTY_PAGE
        return answer

    def _read_clock(self, date: str | None) -> None:
        try:
            read = parsedate_to_datetime(date or "")
        except ValueError:
            return
        self._server_time = (read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC), time.monotonic())


def _moment(text: Any) -> datetime:
    """Return a time that an answer names: a header's by its one form, any other by trying forms as botocore does."""
    if isinstance(text, str) and text.endswith(" GMT"):
        return parsedate_to_datetime(text)
    found: datetime = parse_timestamp(text)
    return found
