"""fsspec's driver for FTP, made strict: listings by MLSD or not at all, exact ranges, checked certificates; no retries.

fsspec's own takes a folder that it may not list for an empty one, leaves out lines that it does not understand, lists a
file's whole folder for each read, and takes any certificate. Raises what Python has for it, or `SourceError`.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from ftplib import FTP, FTP_TLS, Error, error_perm
from typing import Any

from fsspec.implementations.ftp import FTPFileSystem

from verifier.errors import SourceError

_PIECE_BYTES = 1 << 18
_NOT_KNOWN = ("500", "502", "504")
_NOT_LOGGED_IN = ("530", "532")
_KINDS = {"dir": "directory", "cdir": "directory"}


class StrictFtp(FTPFileSystem):  # type: ignore[misc]
    """A login on an FTP server; paths are absolute."""

    def _connect(self) -> None:
        if not isinstance(self.tls, bool):
            raise SourceError("option tls of an FTP zone: expected true or false")
        more = {"timeout": self.timeout, "encoding": self.encoding}
        self.ftp = FTP_TLS(context=ssl.create_default_context(), **more) if self.tls else FTP(**more)
        with self._replies("/"):
            self.ftp.connect(self.host, int(self.port))
            self.ftp.login(*self.cred)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if hasattr(self, "ftp"):
            self.ftp.close()

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:  # noqa: FBT001, FBT002  as fsspec has it
        """Return what is in a folder; for a file, that file alone."""
        path = f"/{path.strip('/')}"
        with self._replies(path):
            found = [_entry(path, name, facts) for name, facts in self._names(path)]
        if [entry["name"] for entry in found] == [f"{path}/{path.rpartition('/')[2]}"]:
            own = self.info(path)  # some servers show a file as if it were in a folder of its name
            found = [own] if own["type"] == "file" else found
        return found if detail else [entry["name"] for entry in found]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Return what is at a path."""
        path = f"/{path.strip('/')}"
        if path == "/":
            return {"name": path, "size": 0, "type": "directory"}
        with self._replies(path):
            lines = self.ftp.sendcmd(f"MLST {path}").split("\n")
        facts = dict(fact.partition("=")[::2] for fact in lines[1].strip().partition(" ")[0].split(";") if fact)
        return {**_entry("", path[1:], {name.lower(): value for name, value in facts.items()}), "name": path}

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        """Return the bytes from `start` up to `end`, fewer where the file has no more."""
        got, missing = bytearray(), (end or 0) - (start or 0)
        with self._replies(path):
            self.ftp.voidcmd("TYPE I")
            with closing(self.ftp.transfercmd(f"RETR {path}", rest=start or None)) as line:
                while missing and (piece := line.recv(min(_PIECE_BYTES, missing))):
                    got += piece
                    missing -= len(piece)
            try:
                self.ftp.voidresp()
            except Error:
                if missing:
                    raise  # otherwise it says that we wanted no more
            except (OSError, EOFError):
                if missing:
                    raise
                self.ftp.close()
        return bytes(got)

    def _names(self, path: str) -> Iterator[tuple[str, dict[str, str]]]:
        for name, facts in self.ftp.mlsd(path):
            if facts.get("type", "").lower() not in ("cdir", "pdir") and name not in (".", ".."):
                yield name, facts

    @contextmanager
    def _replies(self, path: str) -> Iterator[None]:
        """Raise what Python has for a reply that is none of what was asked for; its text is not repeated."""
        try:
            yield
        except error_perm as error:
            code = str(error)[:3]
            if code in _NOT_LOGGED_IN:
                raise PermissionError from error
            if code in _NOT_KNOWN:
                raise SourceError("the FTP server has no MLSD or MLST, and other listings are guesses") from error
            if not self._shows(path):
                raise FileNotFoundError from error
            raise (PermissionError if code == "550" else ConnectionError)() from error
        except Error as error:
            raise ConnectionError from error

    def _shows(self, path: str) -> bool:
        """Tell whether a path is there though it cannot be had, as far as the folders above it can be listed."""
        above, _, name = path.rpartition("/")
        if not name:
            return True
        with suppress(error_perm):
            return name in [found for found, _ in self._names(above or "/")]
        return self._shows(above)


def _entry(folder: str, name: str, facts: dict[str, str]) -> dict[str, Any]:
    kind = facts.get("type", "")
    size = facts.get("size", "")
    return {
        "name": f"{folder.rstrip('/')}/{name}",
        "type": _KINDS.get(kind.lower(), kind.lower()),
        "size": int(size) if size.isascii() and size.isdecimal() else None,
        "modify": facts.get("modify"),
    }
