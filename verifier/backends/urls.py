"""Text to canonical URL, and the arithmetic of canonical URLs; not what is behind them.

A canonical URL has a lower-case scheme, no trailing slash, no secret, no query. Percent signs differ by store, as in
each store's own tools: a `file://` URL is percent-encoded UTF-8 (bytes that are not UTF-8 survive), a `file://` text is
decoded once, a plain path never; in the URL of every other store what follows bucket, container or host is the name
itself, `%` and `?` included, but for Azure's https form.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from verifier.backends.azure_urls import azure_place
from verifier.backends.base import Location
from verifier.backends.fsspec_urls import fsspec_place, is_known, refuse_chains
from verifier.backends.registry import Kind, kind_of, may_be, named_kind, supported
from verifier.backends.sftp_urls import sftp_place
from verifier.backends.url_rules import bucket_url, printable, refuse_dots, refuse_secrets
from verifier.errors import UsageError

__all__ = ["join", "last_segment", "local_path", "parse_location", "printable", "relative_to", "shown"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_PORT = re.compile(r":[0-9]+$")
_SANDBOX = re.compile(r"[a-z0-9-]{1,256}")
_PLAIN = "/=+,:@!$&'()*;~"
_DATA_LANDING_ZONE_CONTAINER = "abfss://dlz-destination@"  # as Adobe names it, everywhere


def parse_location(text: str, options: Mapping[str, object] | None = None, kind: str | None = None) -> Location:
    """Make a location of a path (relative, absolute or `~`) or a URL of any supported store.

    `kind` says what the place must be. A relative path is taken from the working directory; symlinks stay as written
    unless a `..` follows. A SAS in an https URL, and a user in an sftp URL, move into the options. Raises `UsageError`
    for what is not a place, is of no supported kind or carries another secret, which no message shows.
    """
    if not text.strip() or "\0" in text:
        raise UsageError("a path or URL is empty or holds a zero byte")
    refuse_chains(text)
    match = _SCHEME.match(text)
    scheme = match[1].lower() if match else "file"
    found = _kind(scheme, kind)
    if match is None:
        return Location(kind="local", url=_path_url(text), options=dict(options or {}))
    url, opened = _place(found, scheme, text[match.end() :], options or {})
    if kind is None and url.startswith(_DATA_LANDING_ZONE_CONTAINER):
        kind = "data-landing-zone"
    return Location(kind=kind or found.name, url=url, options=opened)


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
    """Return the last name in a canonical URL: a folder's, the bucket's, container's or host's; "root" for `file:///`."""
    authority, _, path = url.partition("://")[2].partition("/")
    name = path.rpartition("/")[2]
    if not path and url.startswith("abfss://"):
        name = authority.partition("@")[0]
    elif not path:
        name = _PORT.sub("", authority.rpartition("@")[2])
    if url.startswith("file://"):
        name = printable(os.fsdecode(unquote_to_bytes(name)))
    return name or "root"


def local_path(url: str) -> str:
    """Return the path behind a canonical `file://` URL."""
    return os.fsdecode(unquote_to_bytes(url.removeprefix("file://")))


def shown(name: str) -> str:
    """Return a name for a message: what would steer a terminal is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in name)


def _kind(scheme: str, wanted: str | None) -> Kind:
    found = kind_of(scheme) or (named_kind("fsspec") if is_known(scheme) else None)
    if wanted is not None:
        named_kind(wanted)
    if found is None:
        raise UsageError(f"unknown kind of URL: {scheme}://; supported are {supported()} and plain paths")
    if wanted is not None and not may_be(found, wanted):
        raise UsageError(f"expected the URL of a store of kind {wanted}, got one of kind {found.name}")
    return found


def _place(kind: Kind, scheme: str, rest: str, options: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """Return the canonical URL and the options, what the URL said of them put in."""
    match kind.name:
        case "local":
            return _path_url(_path_of_url_text(rest)), dict(options)
        case "azure-blob" | "adls-gen2":
            return azure_place(scheme, rest, options)
        case "sftp":
            return sftp_place(rest, options)
        case "fsspec":
            return fsspec_place(scheme, rest), dict(options)
        case "data-landing-zone":
            return _sandbox_url(rest), dict(options)
        case _:
            refuse_secrets(rest)
            return bucket_url(kind.schemes[0], rest), dict(options)


def _sandbox_url(rest: str) -> str:
    refuse_secrets(rest)
    sandbox, _, path = rest.partition("/")
    if not _SANDBOX.fullmatch(sandbox):
        raise UsageError("dlz:// is not followed by the name of a sandbox", hint="write dlz://prod/folder")
    refuse_dots(path, f"the landing zone of sandbox {sandbox}")
    return f"dlz://{sandbox}/{path}".rstrip("/")


def _path_of_url_text(rest: str) -> str:
    host, slash, path = rest.partition("/")
    if host not in ("", "localhost") or not slash:
        raise UsageError("a file URL needs three slashes and an absolute path: file:///folder")
    if "?" in path or "#" in path:
        raise UsageError("a file URL has no query or fragment; write %3F for ? and %23 for # in a name")
    decoded = os.fsdecode(unquote_to_bytes(os.fsencode(f"/{path}")))
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
