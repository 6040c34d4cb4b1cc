"""What S3, botocore and urllib3 raise, sorted into our errors; messages hold codes, never a server's own text.

Server texts and URLs may repeat key ids, so that only an error's code and class are shown.
"""

from __future__ import annotations

from collections.abc import Mapping

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as UrllibTimeoutError

from verifier.errors import ChangedError, DeniedError, NetworkError, NotFoundError, SourceError


class OversizeError(OSError):
    """An answer that is to be held in memory is larger than any that S3 sends."""


FOREIGN = (ClientError, BotoCoreError, HTTPError, OSError, ValueError)
"""What a call can raise."""

_NETWORK = (
    HTTPClientError,
    BotoConnectionError,
    IncompleteReadError,
    ResponseParserError,
    ResponseStreamingError,
    HTTPError,
    OSError,
)
_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, TokenRetrievalError, SSOError)
_PASSING = {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "Throttling", "ThrottlingException"}
_DENIED = {
    "AccountProblem",
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidToken",
    "TokenRefreshRequired",
}
_HINTS = {
    "AccessDenied": "the credentials must allow s3:ListBucket on the bucket and s3:GetObject below the prefix",
    "AuthorizationHeaderMalformed": "set region in the zone's options to the bucket's region",
    "ExpiredToken": "the session token has expired: get new credentials",
    "InvalidAccessKeyId": "check key and secret in the zone's options or the environment",
    "InvalidObjectState": "the object is archived: restore it to an online storage class first",
    "InvalidToken": "check the session token, or get new credentials",
    "NoSuchBucket": "check the bucket's name, the region and endpoint_url",
    "PermanentRedirect": "set region in the zone's options to the bucket's region",
    "RequestTimeTooSkewed": "set this machine's clock",
    "SignatureDoesNotMatch": "check key and secret in the zone's options or the environment",
    "TokenRefreshRequired": "the session token has expired: get new credentials",
    "400": "a request without a body is refused so when a session token has expired, or when region is wrong",
    "403": "check the credentials, and that they allow s3:ListBucket and s3:GetObject",
}
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (OversizeError, "the answer is larger than any that S3 sends"),
    (ConnectTimeoutError, "no connection in time"),
    (ReadTimeoutError, "no answer in time"),
    (TimeoutError, "no answer in time"),
    (UrllibTimeoutError, "no answer in time"),
    (SSLError, "the TLS connection failed"),
    (EndpointConnectionError, "cannot connect to the endpoint"),
    (ResponseParserError, "the answer is not what S3 sends"),
)
_NETWORK_HINTS = {
    "the TLS connection failed": "check endpoint_url; a CA of your own goes into client_kwargs, as verify = PATH",
    "cannot connect to the endpoint": "check endpoint_url, the region, name resolution, proxies and firewalls",
    "no connection in time": "check endpoint_url, the region, name resolution, proxies and firewalls",
}


def translate(error: Exception, where: str) -> SourceError:
    """Return the error of ours that a foreign one means; `where` names the place and what was being done."""
    foreign = error if isinstance(error, ClientError) else error.__cause__
    if isinstance(foreign, ClientError):
        return _of_answer(foreign.response, where)
    if isinstance(error, _NO_CREDENTIALS):
        hint = "set key and secret in the zone's options, use the usual AWS environment, or set anon = true"
        return DeniedError(f"{where}: no usable credentials", hint=hint)
    words = next((words for kind, words in _WORDS if isinstance(error, kind)), type(error).__name__)
    if isinstance(error, _NETWORK):
        return NetworkError(f"{where}: {words}", hint=_NETWORK_HINTS.get(words))
    return SourceError(f"{where}: {words}")


def code_of(error: SourceError) -> str:
    """Return the code that S3 gave for what a translated error says, "" where there was no answer of S3."""
    cause = error.__cause__
    while cause is not None:
        if isinstance(cause, ClientError):
            return _status_and_code(cause.response)[1]
        cause = cause.__cause__
    return ""


def _of_answer(response: Mapping[str, object], where: str) -> SourceError:
    status, code = _status_and_code(response)
    message, hint = f"{where}: status {status}, {code}", _HINTS.get(code)
    if code in _PASSING or status in (408, 429) or (status >= 500 and status != 501):
        return NetworkError(message)
    if code in _DENIED or status in (401, 403):
        return DeniedError(message, hint=hint or _HINTS["403"])
    if status == 404:
        return NotFoundError(message, hint=hint)
    if status in (412, 416):
        return ChangedError(message)
    return SourceError(message, hint=hint)


def _status_and_code(response: Mapping[str, object]) -> tuple[int, str]:
    meta, error = response.get("ResponseMetadata"), response.get("Error")
    status = meta.get("HTTPStatusCode") if isinstance(meta, Mapping) else None
    code = error.get("Code") if isinstance(error, Mapping) else None
    known = isinstance(code, str) and len(code) <= 64 and code.isascii() and code.isalnum()
    return (status if isinstance(status, int) else 0), (str(code) if known else "unknown code")
