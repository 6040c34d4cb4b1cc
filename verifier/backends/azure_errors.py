"""What Azure and its SDK answer and raise, sorted into our errors; messages hold codes, never a server's own text.

Texts and URLs of server, SDK and HTTP library may repeat a SAS, so that only codes and classes are shown, and no cause
is kept.
"""

from __future__ import annotations

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestTimeoutError,
    ServiceResponseTimeoutError,
)
from requests.exceptions import RequestException, SSLError
from urllib3.exceptions import HTTPError, NameResolutionError

from verifier.errors import ChangedError, DeniedError, ExistsError, NetworkError, NotFoundError, SourceError

FOREIGN = (AzureError, RequestException, HTTPError, OSError, ValueError)
"""What sending a request can raise."""

CONNECTION_FAULTS = (AzureError, RequestException, HTTPError, OSError)
"""What of that is the network's doing."""

NO_PERMISSION = ("AuthorizationPermissionMismatch", "InsufficientAccountPermissions")
"""The codes for credentials that are right and do not allow what was asked."""

_ARCHIVED = "the blob is archived: rehydrate it to an online tier first"
_READER = "give the identity the role Storage Blob Data Reader on the container, or the SAS the permissions rl"
_CREDENTIALS = "check the account's name and its key or SAS in the zone's options or the environment"
_HINTS = {
    "AccountIsDisabled": "the storage account is disabled: see its page in the Azure portal",
    "AuthenticationFailed": _CREDENTIALS,
    "AuthorizationFailure": "the account's firewall may not let this machine in; else " + _CREDENTIALS,
    "AuthorizationPermissionMismatch": _READER,
    "AuthorizationProtocolMismatch": "the SAS is for https only",
    "AuthorizationResourceTypeMismatch": "the SAS must cover containers and objects (srt=co)",
    "AuthorizationServiceMismatch": "the SAS must cover the blob service (ss=b)",
    "AuthorizationSourceIPMismatch": "the SAS is for other addresses than this machine's",
    "BlobArchived": _ARCHIVED,
    "BlobBeingRehydrated": "the blob comes back from the archive: try again when that is done",
    "ContainerNotFound": "check the container's name and the account's",
    "FeatureNotSupportedForAccount": "the account does not take this request",
    "InsufficientAccountPermissions": _READER,
    "InvalidAuthenticationInfo": _CREDENTIALS,
    "KeyBasedAuthenticationNotPermitted": "the account takes no keys: use a user delegation SAS or an identity",
    "InvalidBlobOrBlock": "what another program left unfinished there is in the way; Azure drops it after a week",
    "NoAuthenticationInformation": "anonymous readers are not let in: set credentials in the zone's options",
    "PublicAccessNotPermitted": "anonymous readers are not let in: set credentials in the zone's options",
    "ResourceNotFound": "check the container's name; an anonymous reader is told so of a private container, too",
    "BlobUsesCustomerSpecifiedEncryption": "the blob is encrypted with a key of its writer's, which is not supported",
}
_NO_CREDENTIALS = (
    "set connection_string, account_key, sas_token or tenant_id, client_id and client_secret in the zone's options, "
    "set AZURE_STORAGE_… or AZURE_CLIENT_…, log in with az login, or set anon = true"
)
_PASSING_STATUS = (408, 425, 429)
_PASSING = ("InvalidBlockList", "Md5Mismatch")
"""Answers to a write that say nothing lasting: blocks that another write took, bytes that were damaged on their way."""


def of_status(status: int, code: str | None, where: str, hint: str | None = None) -> SourceError:
    """Return the error that an answer means; `hint` is better than the code's own where it is given."""
    known = code is not None and len(code) <= 64 and code.isascii() and code.isalnum()
    shown = code if known and code else "unknown code"
    message, hint = f"{where}: status {status}, {shown}", hint or _HINTS.get(shown)
    if status in _PASSING_STATUS or shown in _PASSING or (status >= 500 and status not in (501, 505)):
        return NetworkError(message)
    if status in (401, 403) or shown == "PublicAccessNotPermitted":
        return DeniedError(message, hint=hint or _CREDENTIALS)
    if status == 404 or shown == "ContainerBeingDeleted":
        return NotFoundError(message, hint=hint)
    if shown == "BlobAlreadyExists":
        return ExistsError(message)
    if status in (412, 416):
        return ChangedError(message)
    return SourceError(message, hint=hint)


def of_exception(error: Exception, where: str) -> SourceError:
    """Return the error of ours that an exception in sending a request means."""
    if isinstance(error, ClientAuthenticationError):
        return DeniedError(f"{where}: no usable credentials: {type(error).__name__}", hint=_NO_CREDENTIALS)
    if isinstance(error, HttpResponseError) and error.status_code is not None:  # of who gives out tokens
        return of_status(error.status_code, None, where)
    words, hint = _words(error)
    if isinstance(error, CONNECTION_FAULTS):
        return NetworkError(f"{where}: {words}", hint=hint)
    return SourceError(f"{where}: {words}", hint=hint)


def _words(error: Exception) -> tuple[str, str | None]:
    if isinstance(error, ServiceRequestTimeoutError):
        return "no connection in time", None
    if isinstance(error, ServiceResponseTimeoutError | TimeoutError):
        return "no answer in time", None
    inner = getattr(error, "inner_exception", None)
    if isinstance(inner, SSLError):
        return "the TLS connection failed", "check the endpoint and this machine's certificates (REQUESTS_CA_BUNDLE)"
    reason = getattr(inner.args[0], "reason", None) if isinstance(inner, Exception) and inner.args else None
    if isinstance(reason, NameResolutionError):
        return "the account's host has no address", "check the account's name and this machine's network"
    return f"the connection failed: {type(reason or inner or error).__name__}", None
