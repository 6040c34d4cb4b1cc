"""The folder a restore goes to: what is there, whether it is another restore's, its list and manifest; copies no data.

Both are written once every file is there, the list last: where there is a list, there is the whole of what it names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from catalog.restores.order import MANIFEST_NAME, SUMS_NAME, RestoreOrder
from catalog.restores.sums import parse_sums
from verifier.backends.base import Backend
from verifier.backends.registry import open_backend, open_writer
from verifier.backends.retry import tried_again
from verifier.errors import ExistsError, NotFoundError
from verifier.layout import is_marker
from verifier.model import Finding, StoredFile, finding


@dataclass(frozen=True, slots=True)
class TargetLook:
    """What is in the folder: planned files by path, other files, and why it is another restore's, where it is."""

    there: Mapping[str, StoredFile]
    others: tuple[str, ...] = ()
    conflict: Finding | None = None


@dataclass(frozen=True, slots=True)
class RestoreTarget:
    """The folder of one restore."""

    order: RestoreOrder

    def look(self) -> TargetLook:
        """List what is there. Raises `SourceError`, and `UsageError` for a store that takes no files."""
        open_writer(self.order.target).close()
        wanted = {file.path: file for file in self.order.files}
        there: dict[str, StoredFile] = {}
        others: list[str] = []
        with closing(open_backend(self.order.target)) as backend:
            for file in _listed(backend, wanted):
                if file.path in wanted:
                    there[file.path] = file
                elif not is_marker(file.path) and not file.path.endswith("/"):
                    others.append(file.path)
            return TargetLook(there, tuple(others), self._conflict(backend))

    def finish(self, digests: Mapping[str, str], sums: bytes, manifest: bytes) -> Finding | None:
        """Write manifest and list, unless they are there and say the same; return what is there and does not.

        Raises `SourceError`.
        """
        if sha256_of_files(self._put(MANIFEST_NAME, manifest)) != dict(digests):
            return _other(MANIFEST_NAME)
        return None if self._put(SUMS_NAME, sums) == sums else _other(SUMS_NAME)

    def _put(self, name: str, data: bytes) -> bytes:
        """Write a file of the root and return what is under its name then, which may have been there before."""
        with closing(open_backend(self.order.target)) as backend:
            known = _content(backend, name)
        if known is not None:
            return known
        with closing(open_writer(self.order.target)) as writer:
            try:
                tried_again(lambda: writer.write(name, [data] if data else [], len(data)))
            except ExistsError:  # ours, where an answer was lost, or somebody else's
                with closing(open_backend(self.order.target)) as backend:
                    return _content(backend, name) or b""
        return data

    def _conflict(self, backend: Backend) -> Finding | None:
        """Compare a list that is there with what is wanted, as far as digests are recorded."""
        data = _content(backend, SUMS_NAME)
        if data is None:
            return None
        try:
            listed = parse_sums(data)
        except ValueError:
            return _other(SUMS_NAME)
        wanted = {file.path: file.sha256 for file in self.order.files}
        same = listed.keys() == wanted.keys() and all(wanted[p] in (None, digest) for p, digest in listed.items())
        return None if same else _other(SUMS_NAME)


def sha256_of_files(manifest: bytes) -> dict[str, str] | None:
    """Return SHA-256 by path as a manifest has them, None where it is none of ours."""
    try:
        document: Any = json.loads(manifest)
        if document["schema"].partition("/")[0] != "landproof":
            return None
        return {file["path"]: file["sha256"] for file in document["files"]}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _other(name: str) -> Finding:
    message = "another restore is in this folder already, and was left as it is"
    return finding("copy.mismatch", message, path=name, expected="a folder of its own for each restore")


def _listed(backend: Backend, wanted: Iterable[str]) -> Iterable[StoredFile]:
    """Yield what is in the folders that files go to, and of the root only what is wanted there."""
    folders = {path.partition("/")[0] for path in wanted if "/" in path}
    for name in [path for path in wanted if "/" not in path]:
        found = backend.stat(name)
        if found is not None:
            yield found
    for folder in sorted(folders):
        try:
            for page in backend.list(folder):
                yield from page
        except NotFoundError:
            if backend.capabilities.is_flat:
                raise


def _content(backend: Backend, name: str) -> bytes | None:
    found = backend.stat(name)
    if found is None:
        return None
    with closing(backend.open(found)) as source:
        return b"".join(source.stream())
