"""One of fsspec's drivers, loaded and called so that it hides nothing and shows no secret; not what it is asked.

A driver is made anew after each fault. What it raises is sorted by type; its texts, which may hold anything, are never
repeated.
"""

from __future__ import annotations

import inspect
import re
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from fsspec.registry import get_filesystem_class, known_implementations

from verifier.backends.base import ANONYMOUS, Contact, Location
from verifier.backends.fsspec_ftp import StrictFtp
from verifier.errors import DeniedError, HostKeyError, NetworkError, NotFoundError, SourceError, UsageError

Result = TypeVar("Result")

_STRICTER = {"ftp": StrictFtp}
_FTP_PORT = 21
_LASTING = (TypeError, ValueError, LookupError, AttributeError, NotImplementedError, ImportError)
"""What tells that driver and store do not understand each other, which another try does not mend."""

_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "no answer in time"),
    (ConnectionRefusedError, "the connection is refused"),
    (ConnectionError, "the connection was lost"),
    (EOFError, "the server ended the connection"),
    (OSError, "no connection"),
)


class Driver:
    """The driver behind a location; nothing is sent before the first call.

    Raises `UsageError` where it is not known or not installed, or takes other options.
    """

    def __init__(self, location: Location) -> None:
        self.requests = 0
        self._class = _load(location.url.partition("://")[0])
        said = self._asked_of_class("_get_kwargs_from_urls", location.url)
        self._root = str(self._asked_of_class("_strip_protocol", location.url)).rstrip("/")
        self._options = _together(said, location.options)
        _check_options(self._class, self._options)
        self._opened: Any = None

    def at(self, path: str) -> str:
        """Return the name that the driver has for a path below the place, or for the place itself."""
        if not self._root:
            return f"{self._class.root_marker}{path}"
        return f"{self._root}/{path}" if path else self._root

    def call(self, where: str, ask: Callable[[Any], Result]) -> Result:
        """Call the driver once. Raises `SourceError` of the kind that fits for whatever it raises."""
        self.requests += 1
        try:
            return ask(self._open())
        except SourceError as error:
            raise SourceError(f"{where}: {error.message}") from error
        except Exception as error:
            self.close()
            raise _translated(error, where) from error

    def contact(self) -> Contact:
        """Return server and user, as far as options name them; an FTP server without a user is asked anonymously."""
        options, is_ftp = self._options, self._class is StrictFtp
        host, port = options.get("host"), options.get("port") or (_FTP_PORT if is_ftp else None)
        user = options.get("username") or options.get("user") or (ANONYMOUS if is_ftp else None)
        endpoint = f"{host}:{port}" if host and port else host
        return Contact(endpoint=str(endpoint) if endpoint else None, identity=str(user) if user else None)

    def close(self) -> None:
        """Let the driver go; a later call makes another."""
        opened, self._opened = self._opened, None
        close = getattr(opened, "close", None)
        if callable(close):
            with suppress(Exception):
                close()

    def _open(self) -> Any:
        if self._opened is None:
            self._opened = self._class(**self._options, skip_instance_cache=True)
            cache: Any = getattr(self._opened, "dircache", None)
            if hasattr(cache, "use_listings_cache"):
                cache.use_listings_cache = False  # not every driver passes the option on
        return self._opened

    def _asked_of_class(self, name: str, url: str) -> Any:
        try:
            return getattr(self._class, name)(url)
        except Exception as error:
            raise UsageError(f"{url}: fsspec's driver does not understand the URL") from error


def _load(scheme: str) -> Any:
    if scheme in _STRICTER:
        return _STRICTER[scheme]
    try:
        return get_filesystem_class(scheme)
    except ImportError as error:
        hint = known_implementations.get(scheme, {}).get("err")
        raise UsageError(f"fsspec's driver for {scheme}:// is not installed", hint=hint) from error
    except Exception as error:
        raise UsageError(f"fsspec's driver for {scheme}:// cannot be loaded: {type(error).__name__}") from error


def _together(said: Mapping[str, object], options: Mapping[str, object]) -> dict[str, object]:
    """Return what URL and options say. Raises `UsageError` where they contradict each other."""
    for name, value in said.items():
        if str(options.get(name, value)) != str(value):
            raise UsageError(f"the URL and the zone's options name another {name}")
    return {**options, **said}


def _check_options(driver: Any, options: Mapping[str, object]) -> None:
    """Raise `UsageError` for options that are unknown or missing, as far as the driver tells."""
    taken = inspect.signature(driver.__init__)
    if driver.__init__.__module__.startswith("fsspec."):  # its own drivers leave what they do not know unused
        known = [p for p in taken.parameters.values() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        taken = taken.replace(parameters=known)
    try:
        taken.bind(None, **options)
    except TypeError as error:  # which tells names only
        names = ", ".join(re.findall(r"'(\w+)'", str(error)))
        what = "an option is missing" if str(error).startswith("missing") else "an option is not known"
        raise UsageError(f"{what} to fsspec's driver for this zone: {names}") from error


def _translated(error: Exception, where: str) -> SourceError:
    if isinstance(error, PermissionError):
        hint = "the zone's options must hold a login that may list every folder and read every file"
        return DeniedError(f"{where}: the store refuses it", hint=hint)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return NotFoundError(f"{where}: no such file or folder")
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "the variable SSL_CERT_FILE names a file of certificates to trust"
        return HostKeyError(f"{where}: the server's certificate is not trusted", hint=hint)
    if isinstance(error, _LASTING):
        return SourceError(f"{where}: fsspec's driver failed: {type(error).__name__}")
    words = next((words for kind, words in _WORDS if isinstance(error, kind)), f"it failed: {type(error).__name__}")
    return NetworkError(f"{where}: {words}")
