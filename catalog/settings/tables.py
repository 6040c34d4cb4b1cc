"""The tables of landproof.toml, one model each, frozen; where their values come from is not their business."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from catalog.schedule import DEFAULT_GRACE, Cron, Every, Once, Schedule, parse_every
from catalog.settings.exports import Exports, Table, Text, Texts
from catalog.settings.values import (
    CodeName,
    CronText,
    Duration,
    EveryText,
    HeaderName,
    HostName,
    HoursText,
    LevelName,
    Moment,
    PathSegment,
    PositiveDuration,
    PrivateKeyText,
    ProxyNetwork,
    SecretText,
    SigningKeyText,
    Size,
    Template,
    Url,
    revealed,
)
from verifier.backends.adobe_login import NAMES as LOGIN_NAMES
from verifier.backends.base import Location
from verifier.backends.registry import lifetime_of
from verifier.backends.urls import parse_location
from verifier.findings import Level
from verifier.formats.base import Limits
from verifier.formats.pgp_keys import PgpKeys
from verifier.layout import DEFAULT_TEMPLATE

RoleName = Literal["viewer", "auditor", "operator"]
Kind = Literal["s3", "azure-blob", "adls-gen2", "gcs", "sftp", "data-landing-zone", "local", "fsspec"]
Count = Annotated[int, Field(ge=1)]
Days = Annotated[int, Field(ge=1, le=36_525)]

_LIMITS = Limits()


class CatalogTable(Table):
    """Where the catalog, its segments, its signed checkpoints and its keys are; segments and keys unset: beside it."""

    path: Text = "landproof.duckdb"
    segments: Text | None = None
    checkpoints: Text | None = None
    keys: Text | None = None
    signing_key: SigningKeyText | None = None


class LimitsTable(Table):
    """What one file may cost; sizes in bytes."""

    line_bytes: Size = _LIMITS.line_bytes
    json_depth: Count = _LIMITS.json_depth
    expanded_bytes: Size = _LIMITS.expanded_bytes
    expansion_ratio: Count = _LIMITS.expansion_ratio
    footer_bytes: Size = _LIMITS.footer_bytes
    manifest_bytes: Size = _LIMITS.manifest_bytes
    rows: Count = _LIMITS.rows


class ZoneSettings(Table):
    """One landing zone. `options` may hold secrets, masked; `filesystem_options` reveals them."""

    url: Url
    kind: Kind | None = None
    template: Template = DEFAULT_TEMPLATE
    settle_minutes: Annotated[int, Field(ge=0, le=525_600)] = 30
    lifetime_days: Days | None = None
    expiry_warning_days: Annotated[int, Field(ge=0, le=36_525)] = 2
    stale_after: PositiveDuration | None = None
    ignore: Texts = ()
    options: dict[str, object] = Field(default_factory=dict)

    @property
    def quiet(self) -> timedelta:
        """How long nothing may have changed before a snapshot counts as settled."""
        return timedelta(minutes=self.settle_minutes)

    @property
    def lifetime(self) -> timedelta | None:
        """How long after landing the zone deletes by itself, None where it does not; a data landing zone: 7 days."""
        if self.lifetime_days is None:
            return lifetime_of(self.location().kind)
        return timedelta(days=self.lifetime_days)

    @property
    def expiry_warning(self) -> timedelta:
        """How long before that it is time to warn."""
        return timedelta(days=self.expiry_warning_days)

    def filesystem_options(self) -> dict[str, object]:
        """Return the options with their secrets revealed: for the filesystem, never for a message."""
        return {name: revealed(value) for name, value in self.options.items()}

    def location(self) -> Location:
        """Return the place itself. Raises `UsageError` where url, kind and options do not go together."""
        return parse_location(self.url, self.filesystem_options(), self.kind)


class DatasetSettings(Table):
    """One dataset and what it promises; unset `format`, `compressed` and `manifest` are learned from what is there."""

    zone: str
    id: PathSegment
    name: Text | None = None
    every: EveryText | None = None
    cron: CronText | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    grace: Duration = DEFAULT_GRACE
    enabled: bool = True
    flow: Text | None = None
    mode: Literal["full-then-incremental", "full"] = "full-then-incremental"
    format: Literal["parquet", "json"] | None = None
    compressed: bool | None = None
    manifest: bool | None = None
    encrypted: bool = False
    allow_empty: bool = True
    size_alarm: Literal["drop", "both", "off"] = "drop"
    recovery_point: PositiveDuration | None = None
    verify_every: PositiveDuration | None = None
    drill_every: PositiveDuration | None = None
    retain: PositiveDuration | None = None
    min_good_copies: Count | None = None

    def schedule(self) -> Schedule | None:
        """Return when exports are due, None where no schedule is promised."""
        if self.cron is not None:
            return Schedule(Cron(self.cron, self.starts_at), self.ends_at, self.grace)
        if self.every is None or self.starts_at is None:
            return None
        interval = parse_every(self.every)
        cadence = Once(self.starts_at) if interval is None else Every(interval, self.starts_at)
        return Schedule(cadence, self.ends_at, self.grace)


class PgpTable(Table):
    """Armoured private keys that open encrypted exports, and the passphrase of those that are locked."""

    keys: Annotated[tuple[PrivateKeyText, ...], Field(strict=False)] = ()
    passphrase: SecretText | None = None

    def revealed_keys(self) -> PgpKeys:
        """Return the keys as one value that does not show itself either."""
        passphrases = (self.passphrase.reveal(),) if self.passphrase else ()
        return PgpKeys([key.reveal() for key in self.keys], passphrases)


class ChannelTable(Table):
    """Where some notices go: Apprise URLs, secret because they hold tokens, and which notices these are.

    `datasets` are patterns of names, ids or ZONE/ID, empty for all; `hours` those of the day, in UTC, in which to tell.
    """

    name: Text = "notify"
    urls: Annotated[tuple[SecretText, ...], Field(strict=False)] = ()
    level: LevelName = Level.WARN
    datasets: Texts = ()
    hours: HoursText | None = None
    repeat_every: PositiveDuration | None = None


class NotifyTable(ChannelTable):
    """Where notices go: a first channel, and more of them."""

    channels: Annotated[tuple[ChannelTable, ...], Field(strict=False)] = ()

    @property
    def every(self) -> tuple[ChannelTable, ...]:
        """All channels that lead anywhere."""
        return tuple(one for one in (self, *self.channels) if one.urls)


class NightlyTable(Table):
    """When the watch runs and for how long at most; who hears that it did."""

    every: PositiveDuration = timedelta(hours=24)
    time_limit: PositiveDuration | None = None
    ping_url: SecretText | None = None
    metrics_file: Text | None = None


class AdobeTable(Table):
    """How to ask Adobe, the flows to watch, and the exports to set up; unset URLs are Adobe's own."""

    client_id: str | None = None
    client_secret: SecretText | None = None
    org_id: str | None = None
    sandbox: str = "prod"
    scopes: Texts = (
        "openid",
        "AdobeID",
        "read_organizations",
        "additional_info.projectedProductContext",
        "session",
    )
    ims_url: Text | None = None
    platform_url: Text | None = None
    flows: Texts = ()
    exports: Exports = ()

    def login(self) -> dict[str, object]:
        """Return what asking for the credentials of a landing zone takes, the secret revealed: never for a message."""
        return {name: revealed(value) for name, value in self if name in LOGIN_NAMES and value is not None}


class ServiceTable(Table):
    """Where the service listens, under which names it may be asked, and who may do what there."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8437
    state: Text | None = None
    hosts: Annotated[tuple[HostName, ...], Field(strict=False)] = ()
    trusted_proxies: Annotated[tuple[ProxyNetwork, ...], Field(strict=False)] = ()
    identity_header: HeaderName = "X-Forwarded-User"
    roles: Mapping[Text, RoleName] = {}
    default_role: RoleName | None = None
    session_hours: Annotated[int, Field(ge=1, le=720)] = 12


class Document(Table):
    """The whole of landproof.toml."""

    catalog: CatalogTable = CatalogTable()
    limits: LimitsTable = LimitsTable()
    levels: Mapping[CodeName, LevelName] = {}
    zones: Mapping[PathSegment, ZoneSettings] = {}
    datasets: Annotated[tuple[DatasetSettings, ...], Field(strict=False)] = ()
    pgp: PgpTable = PgpTable()
    nightly: NightlyTable = NightlyTable()
    notify: NotifyTable = NotifyTable()
    adobe: AdobeTable = AdobeTable()
    service: ServiceTable = ServiceTable()


TABLES: Mapping[str, type[Table]] = {
    "catalog": CatalogTable,
    "limits": LimitsTable,
    "zones": ZoneSettings,
    "datasets": DatasetSettings,
    "pgp": PgpTable,
    "nightly": NightlyTable,
    "notify": NotifyTable,
    "adobe": AdobeTable,
    "service": ServiceTable,
}
"""The model of a table by the first part of its path."""
