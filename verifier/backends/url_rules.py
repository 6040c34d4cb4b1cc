"""What is asked of the text of every URL, whatever its store; not how a store spells its own."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from verifier.errors import UsageError

BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
SECRETS_HINT = "put credentials into the zone's options or the environment"
_SECRET_QUERY = re.compile(
    r"\?(?:.*&)?(?:x-amz-[a-z-]+|x-goog-[a-z-]+|awsaccesskeyid|signature|sig|token|key|secret|password|[a-z-]*credential)=",
    re.IGNORECASE | re.DOTALL,
)


def printable(name: str) -> str:
    """Return a name that UTF-8 can carry: bytes that were not UTF-8 become `\\xNN`, which is not reversible."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def split_url(url: str) -> SplitResult:
    """Take a URL apart; what cannot be one comes out empty."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def host_and_port(url: str) -> str | None:
    """Return `host:port` of an http or https URL, None where it has none."""
    parts = split_url(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    return f"{host}:{port}" if host and port else None


def refuse_secrets(rest: str, *, takes_user: bool = False) -> None:
    """Raise `UsageError` where what follows `://` carries a secret, which no message shows, or is not UTF-8."""
    user, at, _ = rest.partition("/")[0].rpartition("@")
    if at and (not takes_user or ":" in user):
        raise UsageError("the URL carries a user or password before an @", hint=SECRETS_HINT)
    if printable(rest) != rest:
        raise UsageError("the URL is not valid UTF-8")
    if _SECRET_QUERY.search(rest):
        raise UsageError("the URL carries a signature or credentials in its query", hint=SECRETS_HINT)


def refuse_dots(path: str, where: str) -> None:
    """Raise `UsageError` where a path holds a segment . or .., which no store's names mean anything by."""
    if any(segment in (".", "..") for segment in path.split("/")):
        raise UsageError(f"the path in {where} holds a segment . or .., which is not followed")


def bucket_url(scheme: str, rest: str) -> str:
    """Return the canonical URL of a bucket and what follows it, all of it the key itself, `%` and `?` included."""
    bucket, _, prefix = rest.partition("/")
    if not BUCKET.fullmatch(bucket):
        hint = f"write {scheme}://bucket/prefix" + ("; for an access point use its alias" if scheme == "s3" else "")
        raise UsageError(f"{scheme}:// is followed by what cannot be a bucket's name", hint=hint)
    refuse_dots(prefix, f"bucket {bucket}")
    return f"{scheme}://{bucket}/{prefix}".rstrip("/")
