"""Manifests that lie outside the snapshots they speak of: find their snapshots, without reading what is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from verifier.changes import is_same_version
from verifier.engine import Outcome
from verifier.groups import Groups, Key
from verifier.model import Finding, StoredFile, finding
from verifier.promises import ReadManifest, Resolver
from verifier.verdict import fold
from verifier.zone_model import Stray

Owners = Mapping[str, Sequence[tuple[Key, StoredFile]]]
"""Where the catalog has recorded a manifest, by its path: the snapshots it belongs to and the version seen."""


@dataclass(slots=True)
class LooseManifests:
    """The loose manifests of one zone and what became of them; `read` holds those that had to be read."""

    groups: Groups
    resolver: Resolver
    read: dict[str, Outcome] = field(default_factory=dict)
    strays: list[Stray] = field(default_factory=list)

    def attach_known(self, files: Sequence[StoredFile], owners: Owners) -> list[StoredFile]:
        """Attach what the catalog knows unchanged; return what has to be read."""
        unknown = []
        for file in files:
            keys = [key for key, known in owners.get(file.path, ()) if is_same_version(known, file)]
            if keys and all(key in self.groups for key in keys):
                for key in keys:
                    self.groups.attach(key, file)
            else:
                unknown.append(file)
        return unknown

    def attach_read(self, file: StoredFile, outcome: Outcome) -> None:
        """Attach one manifest by what it says; one that speaks of no snapshot is a stray, with all that is wrong."""
        self.read[file.path] = outcome
        promises = self.resolver.promises(ReadManifest(file, outcome.manifest), None)
        for key in promises:
            self.groups.attach(key, file)
        if not promises:
            self.strays.append(Stray(path=file.path, size=file.size, findings=_homeless(file, outcome)))


def _homeless(file: StoredFile, outcome: Outcome) -> tuple[Finding, ...]:
    found = [f.at(file.path) for f in outcome.report.content.findings]
    name = file.path.rsplit("/", 1)[-1]
    for entry in outcome.manifest.entries if outcome.manifest else ():
        path = f"{entry.sink_path.strip('/')}/{entry.name}".lstrip("/")
        found.append(finding("manifest.file-missing", f"{name} lists a file that is not there", path=path))
    found.append(finding("layout.stray-file", "a manifest that speaks of no snapshot here", path=file.path))
    return fold(found)
