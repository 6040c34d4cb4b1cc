"""What a user means by a zone's name, a URL or a path: one zone, perhaps only a part of it; opens nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.settings import Settings, ZoneSettings
from verifier.backends.base import Location
from verifier.backends.urls import last_segment, local_path, parse_location, relative_to
from verifier.errors import UsageError
from verifier.layout import DEFAULT_TEMPLATE, Layout, compile_layout


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
    def root(self) -> str:
        """The zone's path inside its store, "" at its top."""
        url = self.location.url
        return (local_path(url) if url.startswith("file://") else url.partition("://")[2].partition("/")[2]).strip("/")


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
    return [_configured(name, zone) for name, zone in settings.zones.items()]


def zone_location(zone: ZoneSettings) -> Location:
    """Return the location of a configured zone."""
    return parse_location(zone.url, zone.filesystem_options(), zone.kind)


def _each_once(targets: list[Target]) -> list[Target]:
    """Leave out what lies inside another place that was asked for, so that nothing is looked at twice."""
    kept: list[Target] = []
    for target in targets:
        others = [t for t in targets if t.zone == target.zone and t is not target]
        wider = [t for t in others if not t.prefix or target.prefix.startswith(f"{t.prefix}/")]
        if target not in kept and (not wider or not target.prefix):
            kept.append(target)
    return kept


def _configured(name: str, zone: ZoneSettings, prefix: str = "") -> Target:
    return Target(zone=name, location=zone_location(zone), settings=zone, prefix=prefix)


def _target(text: str, settings: Settings, known: Mapping[str, str]) -> Target:
    if text in settings.zones:
        return _configured(text, settings.zones[text])
    location = parse_location(text)
    inside = []
    for name, zone in settings.zones.items():
        below = relative_to(location.url, zone_location(zone).url)
        if below is not None:
            inside.append((len(below), _configured(name, zone, below)))
    if inside:
        return min(inside, key=lambda pair: pair[0])[1]
    for name, url in known.items():
        below = relative_to(location.url, url)
        if below is not None and name not in settings.zones:
            inside.append((len(below), Target(zone=name, location=parse_location(url), prefix=below)))
    if inside:
        return min(inside, key=lambda pair: pair[0])[1]
    name = _free_name(last_segment(location.url), {*settings.zones, *known})
    return Target(zone=name, location=location, is_new=True)


def _free_name(wanted: str, taken: set[str]) -> str:
    """Return the name, or the first of name-2, name-3 and so on that no other place has."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name
