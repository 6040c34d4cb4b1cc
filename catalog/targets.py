"""What a user means by a zone's name, a URL or a path: one zone, perhaps only a part of it; opens nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from catalog.settings.loading import Settings, ZoneSettings
from catalog.settings.tables import AdobeTable
from verifier.backends.base import Location
from verifier.backends.registry import lifetime_of
from verifier.backends.urls import last_segment, local_path, parse_location, relative_to
from verifier.errors import UsageError
from verifier.layout import DEFAULT_TEMPLATE, Layout, compile_layout
from verifier.scan import Gathering


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One zone to look at; `prefix` is the part of it that was asked for, "" for all.

    `is_new` tells that nothing is known of the place, so that it may be a slip of the hand.
    """

    zone: str
    location: Location
    settings: ZoneSettings | None = None
    prefix: str = ""
    is_new: bool = False

    @property
    def layout(self) -> Layout:
        """The folder template of the zone, compiled."""
        template = self.settings.template if self.settings else DEFAULT_TEMPLATE
        return compile_layout(template, above=self.root)

    @property
    def lifetime(self) -> timedelta | None:
        """How long after landing the zone deletes by itself, None where it does not: as set, else as its kind does."""
        return self.settings.lifetime if self.settings else lifetime_of(self.location.kind)

    @property
    def root(self) -> str:
        """The zone's path inside its store, "" at its top."""
        url = self.location.url
        return (local_path(url) if url.startswith("file://") else url.partition("://")[2].partition("/")[2]).strip("/")


def gathering_for(target: Target, settings: Settings, own: Sequence[str] = ()) -> Gathering:
    """Return what is to take in a zone's listing, but for what the patterns of `own` fit, which is ours.

    A file that names no dataset is of the one that the zone is configured for.
    """
    configured = [d.id for d in settings.datasets if d.zone == target.zone]
    dataset = configured[0] if len(configured) == 1 else target.root.rsplit("/", 1)[-1] or target.zone
    ignored = (*(target.settings.ignore if target.settings else ()), *own)
    return Gathering(target.zone, target.layout, ignored, dataset)


def find_targets(texts: list[str], settings: Settings, known: Mapping[str, str]) -> list[Target]:
    """Resolve what was asked for, in order; nothing asked for means every configured zone.

    `known` maps the catalog's zones to their URLs. A place inside a configured or a known zone is that part of it; any
    other place is a zone of its own, named after its last segment. Raises `UsageError` when there is nothing to do.
    """
    if texts:
        taken, targets = dict(known), list[Target]()
        for text in texts:
            target = _target(text, settings, taken)
            taken.setdefault(target.zone, target.location.url)
            targets.append(target)
        return _each_once(targets)
    if not settings.zones:
        message = "no zone to look at: none was named and the settings have none"
        raise UsageError(message, hint="name a path or URL, or write a landproof.toml with: landproof init URL")
    return [_configured(name, settings) for name in settings.zones]


def recorded_target(zone: str, settings: Settings, known: Mapping[str, str]) -> Target:
    """Return a zone of the catalog: as configured, else at the place that `known` maps its name to."""
    if zone in settings.zones:
        return _configured(zone, settings)
    url = known[zone]
    reached = find_targets([url], settings, known)[0]  # a configured zone may be the way there
    return Target(zone=zone, location=replace(reached.location, url=url))


def zone_location(zone: ZoneSettings, adobe: AdobeTable | None = None) -> Location:
    """Return the location of a configured zone; with how to ask Adobe for its credentials, where that may be needed."""
    return _with_login(zone.location(), adobe)


def _with_login(location: Location, adobe: AdobeTable | None) -> Location:
    if adobe is None or location.kind != "data-landing-zone":
        return location
    return replace(location, options={**location.options, "adobe": adobe.login()})


def _each_once(targets: list[Target]) -> list[Target]:
    """Leave out what lies inside another place that was asked for, so that nothing is looked at twice."""
    kept: list[Target] = []
    for target in targets:
        others = [t for t in targets if t.zone == target.zone and t is not target]
        wider = [t for t in others if not t.prefix or target.prefix.startswith(f"{t.prefix}/")]
        if target not in kept and (not wider or not target.prefix):
            kept.append(target)
    return kept


def _configured(name: str, settings: Settings, prefix: str = "") -> Target:
    zone = settings.zones[name]
    return Target(zone=name, location=zone_location(zone, settings.adobe), settings=zone, prefix=prefix)


def _target(text: str, settings: Settings, known: Mapping[str, str]) -> Target:
    if text in settings.zones:
        return _configured(text, settings)
    found = _in_configured(text, settings)
    if found is not None:
        return _configured(found[0], settings, found[1])
    location = parse_location(text)
    inside = []
    for name, url in known.items():
        below = relative_to(location.url, url)
        if below is not None and name not in settings.zones:
            inside.append((len(below), name, below))
    if not inside:
        name = _free_name(last_segment(location.url), {*settings.zones, *known})
        return Target(zone=name, location=_with_login(location, settings.adobe), is_new=True)
    _, name, below = min(inside)
    bare = parse_location(known[name], location.options)  # what the text says of credentials, user and port is kept
    return Target(zone=name, location=_with_login(bare, settings.adobe), prefix=below)


def _in_configured(text: str, settings: Settings) -> tuple[str, str] | None:
    """Return the nearest configured zone that a place is in, and the path inside it, however either is written.

    A text that does not say all, such as the account or the user, is read as the zone's options have it. Raises
    `UsageError` where several zones can be meant so.
    """
    places = {name: zone_location(zone) for name, zone in settings.zones.items()}
    for options_of in (_no_options, _own_options):
        inside = []
        for name, place in places.items():
            below = _below(text, place, options_of(place))
            if below is not None:
                inside.append((len(below), name, below))
        nearest = [one for one in inside if one[0] == min(inside)[0]]
        if len(nearest) > 1:
            names = " and ".join(name for _, name, _ in nearest)
            raise UsageError(f"the place may be in zone {names}", hint="name the zone, or write the whole URL")
        if nearest:
            return nearest[0][1:]
    return None


def _no_options(place: Location) -> Mapping[str, object]:
    return {}


def _own_options(place: Location) -> Mapping[str, object]:
    return place.options


def _below(text: str, place: Location, options: Mapping[str, object]) -> str | None:
    try:
        return relative_to(parse_location(text, options).url, place.url)
    except UsageError:
        return None


def _free_name(wanted: str, taken: set[str]) -> str:
    """Return the name, or the first of name-2, name-3 and so on that no other place has."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name
