"""Hold the dataflows of Adobe against the settings: which zones, datasets and keys differ; writes nothing.

Everything Adobe says comes in; what comes out can be shown, written, or left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from catalog.adobe.model import DatasetRef
from catalog.adobe.noticed import Noticed
from catalog.adobe.schedules import oddity, same_spelling, template_of
from catalog.adobe.sync_datasets import Keys, additions, differences, keys_of
from catalog.adobe.sync_places import (
    NoPlaceError,
    Place,
    fits_as_name,
    free_name,
    place_of,
    template_trouble,
    zone_at,
)
from catalog.adobe.sync_values import (
    DatasetChange,
    FlowParts,
    Gone,
    KeyChange,
    Problem,
    SyncPlan,
    ZoneChange,
    is_flow_id,
)
from catalog.adobe.told import named, quoted
from catalog.settings.loading import DatasetSettings, Settings
from verifier.layout import DEFAULT_TEMPLATE
from verifier.model import finding

_DEFAULT = same_spelling(DEFAULT_TEMPLATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What Adobe showed: these flows, all there are where `is_all`; ids of what may be exported, where it was asked."""

    flows: tuple[FlowParts, ...]
    is_all: bool
    eligible: frozenset[str] | None = None


def plan_sync(shown: Shown, settings: Settings) -> SyncPlan:
    """Return what the settings and Adobe differ in, zones and datasets in the order in which they will stand."""
    planning = _Planning(shown, settings)
    for parts in sorted(shown.flows, key=_standing):
        planning.take(parts)
    return planning.plan()


def folder_id(template: str, dataset: DatasetRef) -> str | None:
    """Return what the folder of a dataset is called by, which is its id here: that of Adobe, or else its name.

    None where a template names folders by a name that Adobe does not tell.
    """
    plain = same_spelling(template)
    if "%DATASET_NAME%" in plain and "%DATASET_ID%" not in plain:
        return dataset.name if dataset.name and fits_as_name(dataset.name) else None
    return dataset.id


def _standing(parts: FlowParts) -> tuple[bool, float, str]:
    """Order flows such that of two that want the same the one that is alive comes first, then the older one."""
    created = parts.flow.created_at
    return not parts.flow.is_enabled, created.timestamp() if created else 0.0, parts.flow.id


@dataclass(slots=True)
class _Zone:
    """A zone as it will be: its template, and whether it is to be added, with what of it changes."""

    name: str
    template: str
    place: Place
    is_new: bool
    changes: tuple[KeyChange, ...] = ()
    flow_ids: list[str] = field(default_factory=list)

    def change(self) -> ZoneChange:
        return ZoneChange(
            name=self.name,
            is_new=self.is_new,
            changes=self.changes,
            flow_ids=tuple(self.flow_ids),
            needs=self.place.needs if self.is_new else None,
        )


@dataclass(slots=True)
class _Taken:
    """A dataset that a flow brings: its zone and id, what Adobe says of it, and where the settings have it."""

    flow_id: str
    key: tuple[str, str]
    keys: Keys
    position: int | None


class _Planning:
    """Takes in flow after flow; what one of them has taken, the next does not get."""

    def __init__(self, shown: Shown, settings: Settings) -> None:
        self._shown, self._settings = shown, settings
        self._zones: dict[str, _Zone] = {}
        self._claimed: dict[tuple[str, str], str] = {}
        self._positions = {(d.zone, d.id): at for at, d in enumerate(settings.datasets)}
        self._taken: list[_Taken] = []
        self._problems: list[Problem] = []
        self._findings: list[Noticed] = []

    def take(self, parts: FlowParts) -> None:
        """Plan the zone and the datasets of a flow."""
        flow = parts.flow
        odd = oddity(flow.schedule)
        if odd and flow.is_enabled:
            found = finding("schedule.not-offered", f"{named('dataflow', flow.id, flow.name)}: {odd}")
            self._findings.append(Noticed(finding=found, flow_id=flow.id))
        try:
            zone = self._zone_of(parts)
        except NoPlaceError as error:
            self._add_problem(parts, error.message, error.hint)
            return
        if parts.trouble:
            self._add_problem(parts, f"not all of it can be seen: {parts.trouble}", None)
        start, end = flow.schedule.start_at, flow.schedule.end_at
        if start and end and end <= start and not flow.schedule.is_once:
            self._add_problem(parts, "its end is not after its start: nothing is exported", "set its end at Adobe")
        if flow.schedule.cadence() is None:
            self._add_problem(parts, "Adobe does not tell when it exports", "set every and starts_at by hand")
        zone.flow_ids.append(flow.id)
        for dataset in parts.datasets:
            self._take_dataset(parts, zone, dataset)

    def plan(self) -> SyncPlan:
        """Return what all flows came to."""
        levels = self._settings.levels
        self._keep_names_apart()
        changes = [change for taken in self._taken if (change := self._change(taken)).changes]
        return SyncPlan(
            flows=self._shown.flows,
            zones=tuple(z.change() for z in self._zones.values() if z.is_new or z.changes),
            datasets=tuple(sorted(changes, key=lambda c: (c.is_new, c.position or 0))),
            in_sync=len(self._taken) - len(changes),
            gone=tuple(self._gone()),
            problems=tuple(self._problems),
            findings=tuple(noticed.with_levels(levels) for noticed in self._findings),
            places={flow_id: zone.name for zone in self._zones.values() for flow_id in zone.flow_ids},
        )

    def _zone_of(self, parts: FlowParts) -> _Zone:
        """Return the zone of a flow, a new one where none is there. Raises `NoPlaceError` where it cannot have one."""
        place = self._place_of(parts)
        template = template_of(parts.flow.schedule)
        trouble = template_trouble(template)
        if trouble:
            raise NoPlaceError(f"its folder template cannot be read: {trouble}", "change the template at Adobe")
        if not parts.datasets:
            raise NoPlaceError(f"not all of it can be seen: {parts.trouble or 'Adobe shows no dataset of it'}")
        zone = self._known(place) or self._new(place, template)
        if not zone.flow_ids and not zone.is_new and same_spelling(zone.template) != template:
            zone.changes = (KeyChange("template", zone.template, template),)
            zone.template = template
        if same_spelling(zone.template) != template:
            message = f"zone {quoted(zone.name)} has another folder template, and a place has but one"
            raise NoPlaceError(message, "give one of the flows a folder of its own at Adobe")
        self._zones.setdefault(zone.name, zone)
        return zone

    def _place_of(self, parts: FlowParts) -> Place:
        """Return where a flow exports to; where Adobe does not tell, where the settings have its datasets."""
        settings = self._settings
        try:
            return place_of(parts, settings.adobe.sandbox, settings.zones)
        except NoPlaceError:
            names = {d.zone for d in settings.datasets if d.flow and d.flow in (parts.flow.id, parts.flow.name)}
            if len(names) != 1:
                raise
            return Place.of(settings.zones[names.pop()].location())

    def _known(self, place: Place) -> _Zone | None:
        """Return the zone that is there or planned already, None where there is none."""
        planned = next((z for z in self._zones.values() if z.is_new and z.place.url == place.url), None)
        name = zone_at(place, self._settings.zones)
        if name is None:
            return planned
        return self._zones.get(name) or _Zone(name, self._settings.zones[name].template, place, is_new=False)

    def _new(self, place: Place, template: str) -> _Zone:
        name = free_name(place, {*self._settings.zones, *self._zones})
        changes = [KeyChange("url", None, place.url)]
        if template != _DEFAULT:
            changes.append(KeyChange("template", None, template))
        return _Zone(name, template, place, is_new=True, changes=tuple(changes))

    def _take_dataset(self, parts: FlowParts, zone: _Zone, dataset: DatasetRef) -> None:
        flow = parts.flow
        dataset_id = folder_id(zone.template, dataset)
        if dataset_id is None or not fits_as_name(dataset_id):
            message = f"what the folders of dataset {quoted(dataset.id)} are called cannot be told"
            self._add_problem(parts, message, "put DATASET_ID into the folder template at Adobe")
            return
        key = (zone.name, dataset_id)
        if key in self._claimed:
            message = (
                f"dataset {quoted(dataset.id)} goes to the same place by flow {self._claimed[key]}, which is taken"
            )
            self._add_problem(parts, message, "a dataset has one schedule at a place: give one of the flows another")
            return
        self._claimed[key] = flow.id
        self._note_eligibility(parts, key, dataset)
        self._taken.append(_Taken(flow.id, key, keys_of(parts, dataset), self._positions.get(key)))

    def _change(self, taken: _Taken) -> DatasetChange:
        (zone, dataset_id), keys = taken.key, taken.keys
        known = None if taken.position is None else self._settings.datasets[taken.position]
        name = keys.get("name") or (known.name if known else None)
        return DatasetChange(
            zone=zone,
            dataset_id=dataset_id,
            name=None if name is None else str(name),
            flow_id=taken.flow_id,
            changes=differences(keys, known) if known else additions({"zone": zone, "id": dataset_id, **keys}),
            position=taken.position,
        )

    def _keep_names_apart(self) -> None:
        """Leave out names that another dataset of the zone has or keeps, which the settings do not take."""
        old = {(d.zone, d.id): d.name for d in self._settings.datasets}
        renamed = {taken.key for taken in self._taken if "name" in taken.keys}
        kept = {(key[0], name) for key, name in old.items() if name and key not in renamed}
        while True:
            seen, clashes = set(kept), list[_Taken]()
            for taken in self._taken:
                name = (taken.key[0], str(taken.keys.get("name")))
                if "name" in taken.keys:
                    clashes += [taken] if name in seen else []
                    seen.add(name)
            if not clashes:
                return
            for taken in clashes:
                del taken.keys["name"]
                own = old.get(taken.key)
                kept |= {(taken.key[0], own)} if own else set()

    def _note_eligibility(self, parts: FlowParts, key: tuple[str, str], dataset: DatasetRef) -> None:
        if self._shown.eligible is None or dataset.id in self._shown.eligible:
            return
        where = named("dataflow", parts.flow.id, parts.flow.name)
        what = named("dataset", dataset.id, dataset.name)
        found = finding("dataset.no-longer-exportable", f"{what} of {where} is not among those that may be exported")
        self._findings.append(Noticed(finding=found, zone=key[0], dataset_id=key[1], flow_id=parts.flow.id))

    def _gone(self) -> Iterator[Gone]:
        flows = {parts.flow.id: parts for parts in self._shown.flows}
        for dataset in self._settings.datasets:
            why = None if (dataset.zone, dataset.id) in self._claimed else self._why_gone(dataset, flows)
            if why:
                yield Gone(
                    zone=dataset.zone,
                    dataset_id=dataset.id,
                    name=dataset.name,
                    flow_id=str(dataset.flow),
                    why=why,
                )

    def _why_gone(self, dataset: DatasetSettings, flows: dict[str, FlowParts]) -> str | None:
        """One switched off in the settings was noticed already; one whose flow cannot be seen whole may be there."""
        if not dataset.enabled or dataset.flow is None or not is_flow_id(dataset.flow):
            return None
        parts = flows.get(dataset.flow)
        if parts is None:
            return "Adobe shows no such dataflow: it was deleted, or a label hides it" if self._shown.is_all else None
        is_known = parts.trouble is None and not any(p.flow_id == dataset.flow for p in self._problems)
        return "the dataflow does not export it any more" if is_known else None

    def _add_problem(self, parts: FlowParts, message: str, hint: str | None) -> None:
        self._problems.append(Problem(flow_id=parts.flow.id, flow_name=parts.flow.name, message=message, hint=hint))
