"""What Google Cloud Storage and its client libraries say went wrong, sorted into our errors; no server's own text.

Server texts and URLs may repeat names, accounts and upload ids, so that only statuses, reasons and classes are shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from google.auth.exceptions import GoogleAuthError, TransportError
from requests import exceptions as http

from verifier.errors import ChangedError, DeniedError, NetworkError, NotFoundError, SourceError

FOREIGN = (http.RequestException, OSError)
"""What sending a request, or reading its answer, can raise; urllib3's own errors are sorted with them."""

_WORD = re.compile(r"[A-Za-z][A-Za-z_]{0,63}")
_PASSING = {"rateLimitExceeded", "userRateLimitExceeded", "SlowDown", "backendError", "internalError"}
_DENIED = {"userProjectMissing", "accountDisabled", "userProjectAccessDenied"}
_PAYER_HINT = "set requester_pays and project in the zone's options to a project that may be billed"
_KEY_HINT = "check token in the zone's options, that its key is not deleted or expired, and this machine's clock"
_HINTS = {
    "accountDisabled": "the project that pays has no working billing account",
    "authError": _KEY_HINT,
    "insufficientPermissions": "the scope is too narrow: check access in the zone's options, or the machine's scopes",
    "required": "the bucket is not public: set token in the zone's options",
    "userProjectAccessDenied": "the account may not bill the project that requester_pays names",
    "userProjectMissing": _PAYER_HINT,
}
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (http.ConnectTimeout, "no connection in time"),
    (http.Timeout, "no answer in time"),
    (TimeoutError, "no answer in time"),
    (http.SSLError, "the TLS connection failed"),
    (http.ProxyError, "the proxy of the environment does not answer"),
    (http.ConnectionError, "cannot connect, or the connection broke"),
)


def of_failure(error: Exception, where: str) -> NetworkError:
    """Return the error that a failure to send or to read means: all of them pass."""
    words = next((words for kind, words in _WORDS if isinstance(error, kind)), type(error).__name__)
    return NetworkError(f"{where}: {words}")


def of_answer(status: int, body: bytes, where: str, role: str) -> SourceError:
    """Return the error that an answer other than success means; `role` is what the account needs."""
    reason = _reason(body)
    message = f"{where}: status {status}{reason and f', {reason}'}"
    if status in (408, 429) or status >= 500 or reason in _PASSING:
        return NetworkError(message)
    if status in (401, 403) or reason in _DENIED:
        refused = f"the account needs the role {role} on the bucket; {_PAYER_HINT}, where the requester pays"
        return DeniedError(message, hint=_HINTS.get(reason) or (_KEY_HINT if status == 401 else refused))
    if status == 404:
        return NotFoundError(message, hint="check the bucket's name")
    if status in (304, 412, 416):
        return ChangedError(message)
    return SourceError(message)


def of_login(error: Exception, where: str) -> SourceError:
    """Return the error that a failure to get an access token means."""
    if isinstance(error, TransportError):
        return NetworkError(f"{where}: logging in: {type(error).__name__}")
    code = ""
    if isinstance(error, GoogleAuthError) and len(error.args) > 1 and isinstance(error.args[1], Mapping):
        code = _word(error.args[1].get("error"))
    return DeniedError(f"{where}: the credentials are not usable: {code or type(error).__name__}", hint=_KEY_HINT)


def no_login(where: str) -> DeniedError:
    """Return the error that there are no credentials at all."""
    return DeniedError(
        f"{where}: no Google credentials were found",
        hint="set token in the zone's options to a service account's key file, or GOOGLE_APPLICATION_CREDENTIALS; "
        'token = "anon" reads a public bucket',
    )


def _reason(body: bytes) -> str:
    try:
        error = json.loads(body)["error"]
        return _word(error["errors"][0]["reason"])
    except (ValueError, KeyError, IndexError, TypeError):
        return ""


def _word(text: object) -> str:
    return text if isinstance(text, str) and _WORD.fullmatch(text) else ""
