"""Text to canonical URL, and the arithmetic of canonical URLs; not what is behind them.

A canonical URL has a lower-case scheme, no trailing slash, no user, no query. Percent signs differ by store, as in
each store's own tools: a `file://` URL is percent-encoded UTF-8 (bytes that are not UTF-8 survive), a `file://` text is
decoded once, a plain path never; in an `s3://` URL everything after the bucket is the key itself, `%` and `?` included.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from verifier.backends.base import Location
from verifier.backends.registry import KINDS, Kind, kind_of, supported
from verifier.errors import UsageError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_SECRET_QUERY = re.compile(
    r"\?(?:.*&)?(?:x-amz-[a-z-]+|awsaccesskeyid|signature|sig|token|key|secret|password|[a-z-]*credential)=",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN = "/=+,:@!$&'()*;~"
_HINT = "put credentials into the zone's options or the environment"


def parse_location(text: str, options: Mapping[str, object] | None = None, kind: str | None = None) -> Location:
    """Make a location of a path (relative, absolute or `~`), a `file://` URL or an `s3://bucket/prefix`.

    `kind` says what the URL must be. A relative path is taken from the working directory; symlinks stay as written
    unless a `..` follows. Raises `UsageError` for what is not a place, is of no supported kind or carries a secret,
    which the message does not show.
    """
    if not text.strip() or "\0" in text:
        raise UsageError("a path or URL is empty or holds a zero byte")
    scheme = _SCHEME.match(text)
    found = _kind(scheme[1].lower() if scheme else "file", kind)
    rest = text[scheme.end() :] if scheme else text
    if found.name == "local":
        url = _path_url(_path_of_url_text(rest) if scheme else text)
    else:
        _refuse_foreign(rest)
        url = _bucket_url(found.schemes[0], rest)
    return Location(kind=found.name, url=url, options=dict(options or {}))


def join(url: str, path: str) -> str:
    """Return the URL of what is at `path` below a canonical URL; an empty path is the URL itself."""
    if not path:
        return url
    tail = quote_from_bytes(os.fsencode(path), safe=_PLAIN) if url.startswith("file://") else path
    return f"{url.removesuffix('/')}/{tail}"


def relative_to(url: str, parent_url: str) -> str | None:
    """Return the path of one canonical URL below another ("" for the same), or None when it is not inside it."""
    if url == parent_url:
        return ""
    head = parent_url if parent_url.endswith("/") else f"{parent_url}/"
    if not url.startswith(head):
        return None
    tail = url[len(head) :]
    return os.fsdecode(unquote_to_bytes(tail)) if url.startswith("file://") else tail


def last_segment(url: str) -> str:
    """Return the last name in a canonical URL: a folder's, or the bucket's; "root" for `file:///`."""
    name = url.rpartition("/")[2]
    if url.startswith("file://"):
        name = printable(os.fsdecode(unquote_to_bytes(name)))
    return name or "root"


def local_path(url: str) -> str:
    """Return the path behind a canonical `file://` URL."""
    return os.fsdecode(unquote_to_bytes(url.removeprefix("file://")))


def printable(name: str) -> str:
    """Return a name that UTF-8 can carry: bytes that were not UTF-8 become `\\xNN`, which is not reversible."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def shown(name: str) -> str:
    """Return a name for a message: what would steer a terminal is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in name)


def _kind(scheme: str, wanted: str | None) -> Kind:
    found = kind_of(scheme)
    if wanted is not None and all(kind.name != wanted for kind in KINDS):
        raise UsageError(f"unknown kind of store: {wanted}; supported are {supported()}")
    if found is None:
        raise UsageError(f"unknown kind of URL: {scheme}://; supported are {supported()} and plain paths")
    if wanted is not None and found.name != wanted:
        raise UsageError(f"expected the URL of a store of kind {wanted}, got one of kind {found.name}")
    return found


def _refuse_foreign(rest: str) -> None:
    if "@" in rest.partition("/")[0]:
        raise UsageError("the URL carries a user or password before an @", hint=_HINT)
    if printable(rest) != rest:
        raise UsageError("the URL is not valid UTF-8")
    if _SECRET_QUERY.search(rest):
        raise UsageError("the URL carries a signature or credentials in its query", hint=_HINT)


def _path_of_url_text(rest: str) -> str:
    host, slash, path = rest.partition("/")
    if host not in ("", "localhost") or not slash:
        raise UsageError("a file URL needs three slashes and an absolute path: file:///folder")
    if "?" in path or "#" in path:
        raise UsageError("a file URL has no query or fragment; write %3F for ? and %23 for # in a name")
    decoded = os.fsdecode(unquote_to_bytes(f"/{path}"))
    if "\0" in decoded:
        raise UsageError("a path or URL is empty or holds a zero byte")
    return decoded


def _path_url(path: str) -> str:
    try:
        expanded = Path(path).expanduser()
        # ".." after a symlink means the parent of its target, which only the file system can tell
        absolute = expanded.resolve() if ".." in expanded.parts else expanded.absolute()
    except (RuntimeError, OSError) as error:
        raise UsageError("the path cannot be resolved: no home folder for its ~, or a loop of links") from error
    return "file:///" + quote_from_bytes(os.fsencode(absolute), safe=_PLAIN).strip("/")


def _bucket_url(scheme: str, rest: str) -> str:
    bucket, _, prefix = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise UsageError(
            f"{scheme}:// is followed by what cannot be a bucket's name",
            hint=f"write {scheme}://bucket/prefix; for an access point use its alias",
        )
    if any(segment in (".", "..") for segment in prefix.split("/")):
        raise UsageError(f"the prefix in bucket {bucket} holds a segment . or .., which is not followed")
    return f"{scheme}://{bucket}/{prefix}".rstrip("/")
