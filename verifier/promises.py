"""Hold manifests against the files that are there: resolve entries, say what is missing, extra or of another size.

Reading a manifest's bytes is the business of `verifier.formats.manifest`; nothing here opens a file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from verifier.expectation import Expectation
from verifier.findings import Effect, Level
from verifier.formats.manifest import Entry, Manifest
from verifier.groups import Group, Key
from verifier.layout import Layout
from verifier.model import Finding, StoredFile, finding

_OFF_TIME = timedelta(hours=2)
_MISSING_IS_ERROR_AFTER = timedelta(hours=24)
_KEPT = 8


@dataclass(frozen=True, slots=True)
class ReadManifest:
    """One manifest file and what it says; `manifest` is None where nothing could be taken from it."""

    file: StoredFile
    manifest: Manifest | None

    @property
    def folder(self) -> str:
        """The folder the manifest lies in, "" for the zone's root."""
        return self.file.path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Promised:
    """One entry of a manifest, seen from the snapshot it belongs to; `file` is None where nothing is there."""

    manifest: ReadManifest
    entry: Entry
    path: str
    file: StoredFile | None


@dataclass(slots=True)
class Resolver:
    """Find the files that manifest entries mean; `root` is the zone's path inside its store, "" at its top."""

    layout: Layout
    groups: Mapping[Key, Group]
    root: str = ""
    _files: dict[Key, dict[str, StoredFile]] = field(default_factory=dict)
    _scope_names: tuple[str, dict[str, Key | None]] | None = None
    _home_names: tuple[Key, dict[str, list[StoredFile]]] | None = None

    def promises(self, manifest: ReadManifest, home: Group | None) -> dict[Key, list[Promised]]:
        """Sort a manifest's entries by the snapshot each belongs to; `home` is the one whose folder the manifest is in.

        An entry is resolved by its sink path, else the manifest's folder, else a unique name. One that is not there
        belongs to the snapshot its sink path names, else to `home`, else to the one most other entries belong to.
        """
        found: dict[Key, list[Promised]] = {}
        homeless: list[Promised] = []
        for entry in manifest.manifest.entries if manifest.manifest else ():
            key, promised = self._resolve(manifest, entry, home)
            found.setdefault(key, []).append(promised) if key else homeless.append(promised)
        if homeless and found:
            found[max(found, key=lambda k: len(found[k]))].extend(homeless)
        return found

    def _resolve(self, manifest: ReadManifest, entry: Entry, home: Group | None) -> tuple[Key | None, Promised]:
        named: Key | None = None
        paths = self._candidates(manifest, entry)
        missing = paths[-1]
        for path in paths:
            place = self.layout.place(path)
            key = (place.dataset_id, place.export_time)
            if key in self.groups:
                if named is None:
                    named, missing = key, path
                file = self._of(key).get(path)
                if file:
                    return key, Promised(manifest, entry, path, file)
        only = self._by_name(entry.name, manifest, home)
        if only and named in (None, only[0]):
            return only[0], Promised(manifest, entry, only[1].path, only[1])
        return named or (home.key if home else None), Promised(manifest, entry, missing, None)

    def _candidates(self, manifest: ReadManifest, entry: Entry) -> list[str]:
        sink = entry.sink_path.strip("/")
        below_bucket = f"{sink}/{entry.name}".lstrip("/")
        paths = []
        if not self.root:
            paths.append(below_bucket)
        elif below_bucket.startswith(f"{self.root}/"):
            paths.append(below_bucket[len(self.root) + 1 :])
        paths.append(below_bucket)
        paths.append(f"{manifest.folder}/{entry.name}".lstrip("/"))
        return list(dict.fromkeys(paths))

    def _by_name(self, name: str, manifest: ReadManifest, home: Group | None) -> tuple[Key, StoredFile] | None:
        base = name.rsplit("/", 1)[-1]
        if home:
            same = self._names_in(home).get(base, [])
            return (home.key, same[0]) if len(same) == 1 else None
        scope = f"{manifest.folder}/".lstrip("/")
        key = self._unique_below(scope).get(base)
        return (key, next(f for f in self.groups[key].files if _is_named(f, base, scope))) if key else None

    def _of(self, key: Key) -> dict[str, StoredFile]:
        """Return the files of one group by path; kept until a few others have been asked for."""
        if key not in self._files:
            if len(self._files) == _KEPT:
                self._files.clear()
            self._files[key] = {f.path: f for f in self.groups[key].files}
        return self._files[key]

    def _names_in(self, home: Group) -> dict[str, list[StoredFile]]:
        """Return the files of one group by name; kept until another group is asked for."""
        if self._home_names is None or self._home_names[0] != home.key:
            names: dict[str, list[StoredFile]] = {}
            for file in home.files:
                names.setdefault(file.path.rsplit("/", 1)[-1], []).append(file)
            self._home_names = (home.key, names)
        return self._home_names[1]

    def _unique_below(self, scope: str) -> dict[str, Key | None]:
        """Return, by its name, the group of every file below a folder, None for a name that is there twice.

        Kept until another folder is asked for.
        """
        if self._scope_names is None or self._scope_names[0] != scope:
            names: dict[str, Key | None] = {}
            for key, group in self.groups.items():
                for file in group.files:
                    if file.path.startswith(scope):
                        base = file.path.rsplit("/", 1)[-1]
                        names[base] = None if base in names else key
            self._scope_names = (scope, names)
        return self._scope_names[1]


def _is_named(file: StoredFile, base: str, scope: str) -> bool:
    return file.path.startswith(scope) and file.path.rsplit("/", 1)[-1] == base


def keeps_its_promises(group: Group, promised: Sequence[Promised]) -> bool:
    """Tell whether just the promised files are there, each with its size, and at least one was promised."""
    listed = {p.file.path for p in promised if p.file is not None and p.file.size == p.entry.size}
    is_kept = all(p.file is not None and p.file.path in listed for p in promised)
    return bool(promised) and is_kept and all(f.path in listed for f in group.data)


def judge_promises(
    group: Group,
    manifests: Sequence[ReadManifest],
    promised: Sequence[Promised],
    expectation: Expectation,
    now: datetime,
) -> Iterable[Finding]:
    """Yield what manifests and files say against each other for one settled snapshot."""
    for p in promised:
        yield from _entry_findings(p, group, expectation, now)
    if manifests and all(m.manifest is not None and m.manifest.is_whole for m in manifests):
        listed = {p.file.path for p in promised if p.file}
        for file in group.data:
            if file.path not in listed:
                yield finding("manifest.unlisted-file", "a data file that no manifest lists", path=file.path)
    yield from _repeated(manifests, promised)
    for m in manifests:
        yield from _off_time(m, group, expectation)


def missing_manifest(group: Group, settled_since: datetime, now: datetime) -> Finding:
    """Say that a snapshot has no manifest though its dataset has them: a warning first, an error a day later."""
    late = now - settled_since >= _MISSING_IS_ERROR_AFTER
    message = f"no manifest for {group.id}, though the dataset has them"
    if late:
        return finding("manifest.missing", message, level=Level.ERROR)
    return finding("manifest.missing", message, effect=Effect.NONE)


def _entry_findings(p: Promised, group: Group, expectation: Expectation, now: datetime) -> Iterable[Finding]:
    name = p.manifest.file.path.rsplit("/", 1)[-1]
    if p.file is None:
        due_away = expectation.lifetime is not None and now - group.id.export_at >= expectation.lifetime
        if due_away:
            yield finding("file.expired", "listed in the manifest, gone by the zone's lifetime", path=p.path)
        else:
            yield finding("manifest.file-missing", f"{name} lists a file that is not there", path=p.path)
    elif p.file.size != p.entry.size:
        larger = p.file.size > p.entry.size
        yield finding(
            "manifest.size-mismatch",
            f"{name} lists another size",
            path=p.file.path,
            expected=p.entry.size,
            actual=p.file.size,
            effect=Effect.CORRUPT if larger else Effect.INCOMPLETE,
        )


def _repeated(manifests: Sequence[ReadManifest], promised: Sequence[Promised]) -> Iterable[Finding]:
    runs = Counter(m.manifest.run_id for m in manifests if m.manifest and m.manifest.run_id)
    for run, times in runs.items():
        if times > 1:
            message = f"{times} manifests for one run {run[:64]}"
            yield finding("manifest.duplicate-run", message, expected=1, actual=times)
    listing: dict[str, set[str]] = {}
    for p in promised:
        if p.file:
            listing.setdefault(p.file.path, set()).add(p.manifest.file.path)
    for path, names in listing.items():
        if len(names) > 1:
            message = f"listed by {len(names)} manifests"
            yield finding("manifest.duplicate-run", message, path=path, expected=1, actual=len(names))


def _off_time(m: ReadManifest, group: Group, expectation: Expectation) -> Iterable[Finding]:
    if m.manifest is None or m.manifest.scheduled_at is None:
        return
    off = abs(m.manifest.scheduled_at - group.id.export_at)
    if off > max(_OFF_TIME, (expectation.interval or timedelta()) / 2):
        yield finding(
            "manifest.off-time",
            "scheduledTime is far from the export time",
            path=m.file.path,
            expected=f"{group.id.export_at:%Y-%m-%dT%H:%M:%SZ}",
            actual=f"{m.manifest.scheduled_at:%Y-%m-%dT%H:%M:%SZ}",
        )
