"""Load landproof.toml and the environment into one frozen tree, every mistake in one report; acts on nothing.

pydantic is imported here and in the other `settings_…` modules only, so that commands without settings need not wait.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from catalog.ledger.notes import Signer, parse_signer
from catalog.settings.checks import check
from catalog.settings.source import Mistake, Source, read_file, spell
from catalog.settings.tables import (
    AdobeTable,
    ChannelTable,
    DatasetSettings,
    Document,
    NightlyTable,
    ServiceTable,
    ZoneSettings,
)
from catalog.settings.values import Secret
from verifier.errors import SettingsError
from verifier.findings import Level
from verifier.formats.base import Limits
from verifier.formats.pgp_keys import PgpKeys

FILE_NAME = "landproof.toml"
VARIABLE = "LANDPROOF_CONFIG"

__all__ = ["DatasetSettings", "Secret", "Settings", "ZoneSettings", "find_settings", "load_settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked. `path` is the file they came from; relative places start at its folder."""

    document: Document = field(default_factory=Document)
    path: Path | None = None
    warnings: tuple[str, ...] = ()

    @property
    def zones(self) -> Mapping[str, ZoneSettings]:
        """The configured zones by name."""
        return self.document.zones

    @property
    def datasets(self) -> tuple[DatasetSettings, ...]:
        """The configured datasets, in the file's order."""
        return self.document.datasets

    @property
    def levels(self) -> Mapping[str, Level]:
        """The levels that differ from the register, by code."""
        return self.document.levels

    @property
    def channels(self) -> tuple[ChannelTable, ...]:
        """Where notices go."""
        return self.document.notify.every

    @property
    def nightly(self) -> NightlyTable:
        """When the watch runs, and who hears that it did."""
        return self.document.nightly

    @property
    def metrics_file(self) -> Path | None:
        """Where the watch writes its metrics."""
        return None if self.nightly.metrics_file is None else self._folder / self.nightly.metrics_file

    @property
    def adobe(self) -> AdobeTable:
        """How to ask Flow Service."""
        return self.document.adobe

    @property
    def catalog_path(self) -> Path:
        """Where the catalog is."""
        return self._folder / self.document.catalog.path

    @property
    def segments(self) -> str:
        """The folder or URL of the segments; beside the catalog unless set."""
        segments = self.document.catalog.segments
        if segments is None:
            return str(segments_beside(self.catalog_path))
        return self._at_home(segments)

    @property
    def checkpoints(self) -> str | None:
        """The folder or URL where signed checkpoints also go."""
        checkpoints = self.document.catalog.checkpoints
        return None if checkpoints is None else self._at_home(checkpoints)

    @property
    def keys(self) -> Path:
        """The folder of the keys that sign checkpoints; beside the catalog unless set."""
        keys = self.document.catalog.keys
        return keys_beside(self.catalog_path) if keys is None else self._folder / keys

    @property
    def signing_key(self) -> Signer | None:
        """The key that signs in place of that of the folder."""
        key = self.document.catalog.signing_key
        return None if key is None else parse_signer(key.reveal())

    @property
    def service(self) -> ServiceTable:
        """Where the service listens, and who may do what there."""
        return self.document.service

    def service_state(self, catalog: Path) -> Path:
        """Return the folder of what the service keeps, its tokens above all; beside the catalog in use unless set."""
        state = self.service.state
        return service_beside(catalog) if state is None else self._folder / state

    def dataset(self, zone: str, dataset_id: str) -> DatasetSettings | None:
        """Return the settings of one dataset, None where it has none."""
        return next((d for d in self.datasets if (d.zone, d.id) == (zone, dataset_id)), None)

    def limits(self) -> Limits:
        """Return what one file may cost."""
        return Limits(**self.document.limits.model_dump())

    def pgp_keys(self) -> PgpKeys:
        """Return the private keys that open encrypted exports: for who reads files, never for a message."""
        return self.document.pgp.revealed_keys()

    def digest(self) -> str:
        """Return a stable SHA-256 in hex of everything that influences judgement; secrets and places do not."""
        judging = {
            "limits": self.document.limits.model_dump(),
            "levels": {code: str(level) for code, level in self.levels.items()},
            "zones": {
                name: zone.model_dump(exclude={"url", "kind", "options"}) | {"lifetime": str(zone.lifetime)}
                for name, zone in self.zones.items()
            },
            "datasets": sorted((d.model_dump() for d in self.datasets), key=lambda d: (d["zone"], d["id"])),
        }
        return hashlib.sha256(json.dumps(judging, sort_keys=True, default=str).encode()).hexdigest()

    @property
    def _folder(self) -> Path:
        return Path() if self.path is None else self.path.parent

    def _at_home(self, place: str) -> str:
        return place if "://" in place else str(self._folder / place)


def segments_beside(catalog: Path) -> Path:
    """Return where the segments of a catalog stand unless another place is set."""
    return catalog.with_name(catalog.name.removesuffix(".duckdb") + ".segments")


def keys_beside(catalog: Path) -> Path:
    """Return where the keys of a catalog are unless another place is set."""
    return catalog.with_name(catalog.name.removesuffix(".duckdb") + ".keys")


def service_beside(catalog: Path) -> Path:
    """Return where the service of a catalog keeps what it keeps unless another place is set."""
    return catalog.with_name(catalog.name.removesuffix(".duckdb") + ".service")


def find_settings(explicit: Path | None, environment: Mapping[str, str], working_directory: Path) -> Path | None:
    """Return the settings file to use: the one asked for, that of LANDPROOF_CONFIG, or ./landproof.toml if it is there.

    Raises `SettingsError` when a file that was named is not there.
    """
    named = environment.get(VARIABLE)
    if explicit is None and not named:
        usual = working_directory / FILE_NAME
        return usual if usual.is_file() else None
    origin = f"{VARIABLE} names" if explicit is None else "the settings file"
    path = working_directory / (Path(named) if explicit is None and named else explicit or FILE_NAME)
    if not path.exists():
        message = f"{origin} {path}, which is not there"
        raise SettingsError(message, hint="write one with: landproof init")
    return path


def load_settings(path: Path | None, environment: Mapping[str, str]) -> Settings:
    """Return the settings of a file (None: the defaults) with the environment's overrides.

    Raises `SettingsError` with every mistake, one a line.
    """
    raw = {} if path is None else _read(path)
    source = Source(raw, environment, Path() if path is None else path.parent)
    source.override()
    source.resolve()
    document, mistakes = check(source.raw)
    mistakes = [*source.mistakes, *mistakes]
    if document is None or mistakes:
        raise SettingsError(_report(mistakes, source, path))
    return Settings(document, path, tuple(source.warnings))


def _read(path: Path) -> dict[str, object]:
    try:
        return read_file(path)
    except OSError as error:
        raise SettingsError(f"settings {path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:
        raise SettingsError(f"settings {path}: {error}") from error


def _report(mistakes: Iterable[Mistake], source: Source, path: Path | None) -> str:
    lines = []
    for mistake in mistakes:
        variable = source.origins.get(mistake.keys)
        origin = "" if variable is None else f" (set by {variable})"
        lines.append(f"{spell(mistake.keys)}: {mistake.text}{origin}")
    lines = list(dict.fromkeys(lines))
    count = "1 mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
    return "\n  ".join([f"{count} in settings {path or 'from the environment'}", *lines])
