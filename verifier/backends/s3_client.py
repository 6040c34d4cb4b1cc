"""A connection to S3 over s3fs: options, one request at a time, counted; not what is asked for.

s3fs and botocore retry nothing here: how often we try again is decided in `retry` alone.
"""

from __future__ import annotations

import asyncio
import difflib
import inspect
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, TypeVar

import s3fs
from aiobotocore.session import AioSession
from botocore.exceptions import BotoCoreError
from botocore.handlers import add_expect_header
from botocore.loaders import create_loader
from fsspec.asyn import sync

from verifier.backends.s3_errors import FOREIGN, translate
from verifier.backends.s3_http import BoundedSession
from verifier.errors import UsageError

PAGE_BODY = "LandproofPageBody"
"""The field of a ListObjectsV2 answer that holds its unparsed XML."""

_CONFIG: dict[str, object] = {
    "connect_timeout": 5,
    "read_timeout": 20,
    "retries": {"total_max_attempts": 1, "mode": "standard"},
}
_FIXED: dict[str, object] = {
    # we compare checksums ourselves: contradicting bytes are a finding, not an exception
    "response_checksum_validation": "when_required",
    # what is sent carries its MD5, which every store knows
    "request_checksum_calculation": "when_required",
    "http_session_cls": BoundedSession,
}
_OURS = {"profile", "region"}
_NOT_SETTABLE = {"self", "kwargs", "session", "asynchronous", "loop"}
_TALKATIVE = ("botocore", "aiobotocore", "s3fs", "fsspec", "aiohttp")

Answer = Mapping[str, Any]
Result = TypeVar("Result")

_descriptions = lru_cache(create_loader)
"""botocore's descriptions of services, the same for all credentials: parsing them is most of opening a zone."""


class Connection:
    """One client of S3 with its own session, so that the credentials of two zones never mix.

    `asks_checksums` tells whether the store is asked for its checksum of an object that is read whole.
    """

    def __init__(self, options: Mapping[str, object]) -> None:
        """Take s3fs's options, `region` and `profile`; nothing is sent. Raises `UsageError` for what they are not."""
        self.requests = 0
        self.asks_checksums = True
        self._server_time: tuple[datetime, float] | None = None
        for name in _TALKATIVE:  # at DEBUG they log session tokens
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))
        _refuse_unknown(options)
        try:
            session = AioSession(profile=options.get("profile"))
            session.register_component("data_loader", _descriptions(session.get_config_variable("data_path")))
            session.register("before-call.s3.GetObject", self._ask_checksum)
            # aiohttp would wait without end for the "100 Continue" of a server that sends none
            session.unregister("before-call.s3", add_expect_header)
            session.register("before-send.s3", self._count)
            session.register("before-parse.s3", self._read_clock)
            session.register("before-parse.s3.ListObjectsV2", _keep_page)
            self._fs = s3fs.S3FileSystem(**_arguments(options), session=session)
            self._fs.retries = 1
            self._client = sync(self._fs.loop, self._fs.set_session)
        except (BotoCoreError, TypeError, ValueError, KeyError) as error:
            raise UsageError(f"the options of an S3 zone are not usable: {type(error).__name__}") from error

    def call(self, method: str, where: str, seconds: float, **arguments: object) -> Answer:
        """Send one request and return botocore's answer within `seconds`; raises `SourceError` with `where` in it."""
        return self.run(lambda: self._fs._call_s3(method, **arguments), where, seconds)

    def run(self, action: Callable[[], Coroutine[Any, Any, Result]], where: str, seconds: float) -> Result:
        """Run one coroutine on the client's loop within `seconds`; raises `SourceError` with `where` in it."""

        async def limited() -> Result:
            async with asyncio.timeout(seconds):
                return await action()

        try:
            result: Result = sync(self._fs.loop, limited)
        except FOREIGN as error:
            raise translate(error, where) from error
        return result

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

    def close(self) -> None:
        """Close the connections."""
        sync(self._fs.loop, self._client.close)

    def _ask_checksum(self, params: dict[str, Any], **_: object) -> None:
        """Ask by the header, since botocore compares what it is asked for by its own parameter."""
        if self.asks_checksums and "Range" not in params["headers"]:
            params["headers"]["x-amz-checksum-mode"] = "ENABLED"

    def _count(self, **_: object) -> None:
        self.requests += 1

    def _read_clock(self, response_dict: Answer, **_: object) -> None:
        try:
            date = parsedate_to_datetime(response_dict["headers"]["date"])
        except (KeyError, ValueError):
            return
        self._server_time = (date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC), time.monotonic())


def _keep_page(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object) -> None:
    """Hand a page through unparsed: botocore's parser is far slower than ours and less strict."""
    if response_dict["status_code"] == 200:
        customized_response_dict[PAGE_BODY] = response_dict["body"]
        response_dict["body"] = b"<ListBucketResult/>"


def _arguments(options: Mapping[str, object]) -> dict[str, Any]:
    passed: dict[str, Any] = {name: value for name, value in options.items() if name not in _OURS}
    passed["config_kwargs"] = {**_CONFIG, **passed.get("config_kwargs", {}), **_FIXED}
    if options.get("region"):
        passed["client_kwargs"] = {"region_name": options["region"], **passed.get("client_kwargs", {})}
    return {**passed, "skip_instance_cache": True, "use_listings_cache": False}


def _refuse_unknown(options: Mapping[str, object]) -> None:
    known = (set(inspect.signature(s3fs.S3FileSystem.__init__).parameters) | _OURS) - _NOT_SETTABLE
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise UsageError(f"unknown option of an S3 zone: {name}", hint=f"did you mean {near[0]}?" if near else None)
