"""What the data plane of Azure tells of a container's immutability; lifecycle rules are not to be seen there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from verifier.backends.azure_errors import NO_PERMISSION
from verifier.backends.retention import Aspect, Blindness, Lock, RetentionRules, Unseen
from verifier.errors import DeniedError

_NOT_HERE = "{}: {} cannot be read with these credentials: it is part of the account's management, not of its data"
_NOT_HERE_HINT = "look in the portal, or with: az storage account management-policy show"
_IS_VERSIONED = "x-ms-immutable-storage-with-versioning-enabled"


def rules_of(ask: Callable[[], Mapping[str, str]], root: str, url: str) -> RetentionRules:
    """Read the headers of the container that `ask` brings. Raises `SourceError` where it cannot be asked."""
    lifecycle = Unseen(
        Aspect.LIFECYCLE, Blindness.UNSUPPORTED, _NOT_HERE.format(url, "the lifecycle policy"), _NOT_HERE_HINT
    )
    versions = Unseen(Aspect.VERSIONING, Blindness.UNSUPPORTED, _NOT_HERE.format(url, "versioning"), _NOT_HERE_HINT)
    try:
        headers = ask()
    except DeniedError as error:
        if not error.message.endswith(NO_PERMISSION):  # credentials that are wrong, whatever is asked for
            raise
        hint = "a SAS of one container does not tell: give the role Storage Blob Data Reader, or a SAS of the account"
        return RetentionRules(
            root=root, unseen=(lifecycle, Unseen(Aspect.LOCK, Blindness.DENIED, error.message, hint), versions)
        )
    modes = [
        word
        for name, word in (("immutability-policy", "immutability policy"), ("legal-hold", "legal hold"))
        if headers.get(f"x-ms-has-{name}", "").lower() == "true"
    ]
    if headers.get(_IS_VERSIONED, "").lower() == "true":
        modes.append("immutability of versions")
    return RetentionRules(root=root, lock=Lock(mode=", ".join(modes)) if modes else None, unseen=(lifecycle, versions))
