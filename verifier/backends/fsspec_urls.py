"""Places at stores that only fsspec has a driver for: which schemes, and how such URLs are written; not the drivers.

What follows `://` is the driver's to understand; it is asked for no more than that it names one place, with no secret.
"""

from __future__ import annotations

import re

from verifier.backends.url_rules import refuse_dots, refuse_secrets
from verifier.errors import UsageError

_CHAIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*::.*://", re.DOTALL)
_BRACKETED = re.compile(r"\[[0-9A-Fa-f:.%]*\]")
_HOSTS = ("dav", "ftp", "hdfs", "smb", "webdav", "webhdfs")
"""Schemes in whose URLs a host comes first, in which case does not count."""

_USUAL_PORTS = {"ftp": ":21"}
_OVERLAYS = (
    "async_wrapper asyncwrapper blockcache cached data dir filecache generic libarchive reference simplecache tar zip"
)
_INSTEAD = {
    **dict.fromkeys(_OVERLAYS.split(), "give the URL of the store itself: files are read as they are stored there"),
    **dict.fromkeys(("asynclocal", "local"), "write a plain path"),
    "adl": "write abfss://container@account.dfs.core.windows.net/folder",
    "ssh": "write sftp://user@host/folder, where the host's key is checked",
}
"""What is not opened by fsspec's driver though there is one, and what to write in place of it."""


def is_known(scheme: str) -> bool:
    """Tell whether fsspec has a driver for a scheme, installed or not. Raises `UsageError` for what we do not open."""
    if scheme in _INSTEAD:
        raise UsageError(f"{scheme}:// is not opened as a store", hint=_INSTEAD[scheme])
    from fsspec.registry import known_implementations, registry  # on use: few zones ask for it

    return scheme in known_implementations or scheme in registry


def refuse_chains(text: str) -> None:
    """Raise `UsageError` for one URL behind another, as fsspec chains them, which no message shows."""
    if _CHAIN.match(text):
        raise UsageError("the URL is a chain of several, joined by ::", hint="give the URL of the store itself")


def fsspec_place(scheme: str, rest: str) -> str:
    """Return the canonical URL of a place. Raises `UsageError` where it is none or carries a secret."""
    refuse_secrets(rest, takes_user=True)
    if "::" in _BRACKETED.sub("", rest):
        raise UsageError(f"the {scheme}:// URL is a chain of several, joined by ::", hint="write :: nowhere else")
    if "?" in rest or "#" in rest:
        raise UsageError(f"the {scheme}:// URL has a query or fragment", hint="put what it says into the options")
    authority, _, path = rest.partition("/")
    if not rest.strip("/"):
        raise UsageError(f"{scheme}:// is not followed by a place", hint=f"write {scheme}://host/folder")
    refuse_dots(path, "the URL")
    if "" in path.rstrip("/").split("/")[:-1]:
        raise UsageError(f"the path in the {scheme}:// URL holds an empty segment")
    if scheme in _HOSTS:
        user, at, host = authority.rpartition("@")
        authority = f"{user}{at}{host.lower().removesuffix(_USUAL_PORTS.get(scheme, '/'))}"
    return f"{scheme}://{authority}/{path}".rstrip("/")
