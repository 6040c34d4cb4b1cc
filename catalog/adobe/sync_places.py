"""Where a flow exports to, as a place of ours: its URL, the zone of the settings that is there, what people must add.

Nothing is asked here, and no credentials of Adobe's are used: they are for writing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from catalog.adobe.model import TargetConnection
from catalog.adobe.sync_values import FlowParts
from catalog.adobe.told import quoted, short
from catalog.settings.loading import ZoneSettings
from catalog.settings.values import PathSegment, Template
from verifier.backends.base import Location
from verifier.backends.sftp_urls import sftp_address
from verifier.backends.urls import last_segment, parse_location
from verifier.errors import UsageError

_TEMPLATE: TypeAdapter[str] = TypeAdapter(Template)
_SEGMENT: TypeAdapter[str] = TypeAdapter(PathSegment)

_NEEDS: Mapping[str, str] = {
    "s3": "key and secret, or profile, unless the usual AWS chain has them; region or endpoint_url where needed",
    "azure-blob": "sas_token, account_key, or tenant_id, client_id and client_secret",
    "adls-gen2": "sas_token, account_key, or tenant_id, client_id and client_secret",
    "gcs": "token, or key and secret of an HMAC key, unless Google's usual credentials are there",
    "sftp": "username, known_hosts, and password or key_filename",
}
"""By kind, what of a new zone's options only people can give."""
_BY_HAND = "add its zone and one of its datasets, with flow = its id, by hand and sync again"


class NoPlaceError(Exception):
    """Adobe does not tell where a flow exports to; the message says what is missing, `hint` what to do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(frozen=True, slots=True)
class Place:
    """Where a flow exports to: the canonical URL and the kind of store."""

    url: str
    kind: str

    @classmethod
    def of(cls, location: Location) -> Place:
        """Return the place of a location."""
        return cls(location.url, location.kind)

    @property
    def needs(self) -> str | None:
        """What of the options of a new zone there only people can give."""
        return _NEEDS.get(self.kind)


def place_of(parts: FlowParts, sandbox: str, zones: Mapping[str, ZoneSettings]) -> Place:
    """Return where a flow exports to. Raises `NoPlaceError`.

    Of Azure Blob, Adobe tells the container and not the account: that is one a zone of the settings has this container
    in, or that of the environment.
    """
    target = parts.target
    if target is None:
        raise NoPlaceError(parts.trouble or "Adobe does not show its target connection")
    if target.kind is None:
        raise NoPlaceError("its destination is of no kind that datasets are exported to")
    kind, path = target.kind.name, (target.path or "").strip("/")
    match kind:
        case "s3":
            text = f"s3://{_told(target.bucket, 'bucketName')}/{path}"
        case "gcs":
            text = f"gs://{_told(target.bucket, 'bucketName')}/{path}"
        case "azure-blob":
            return Place(_blob(target, path, zones), kind)
        case "adls-gen2":
            text = f"{_told(parts.base.url if parts.base else None, 'url').rstrip('/')}/{path}"
        case "sftp":
            text = f"sftp://{_server(parts)}/{path}"
        case _:
            text = f"dlz://{sandbox}/{path}"
    return Place(_canonical(text), kind)


def zone_at(place: Place, zones: Mapping[str, ZoneSettings]) -> str | None:
    """Return the zone of the settings that is this place, None where none is.

    Of an SFTP server the user is left out: who reads need not be who writes. The landing zone of a sandbox may be
    written as the container that it is.
    """
    folder = _path(place.url)
    for name, zone in zones.items():
        location = zone.location()
        url = location.url
        if url == place.url:
            return name
        is_landing_zone = place.kind == location.kind == "data-landing-zone" and not url.startswith("dlz://")
        if is_landing_zone and _path(url) in (folder, f"/dlz-destination{folder}"):
            return name
        if place.kind == "sftp" and url.startswith("sftp://") and sftp_address(url) == sftp_address(place.url):
            return name
    return None


def free_name(place: Place, taken: set[str]) -> str:
    """Return a name for a new zone: the last in its URL, numbered where another zone has it."""
    wanted = last_segment(place.url)
    try:
        _SEGMENT.validate_python(wanted)
    except ValidationError:
        wanted = place.kind
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def template_trouble(template: str) -> str | None:
    """Return why the settings do not take a folder template, None where they do."""
    try:
        _TEMPLATE.validate_python(template)
    except ValidationError as error:
        return str(error.errors()[0].get("ctx", {}).get("error", "it is not understood"))
    return None


def fits_as_name(text: str) -> bool:
    """Tell whether a text may be the id of a dataset in the settings."""
    try:
        _SEGMENT.validate_python(text)
    except ValidationError:
        return False
    return True


def _told(text: str | None, name: str) -> str:
    if not text:
        raise NoPlaceError(f"Adobe does not show {name} of its destination", _BY_HAND)
    return text


def _server(parts: FlowParts) -> str:
    host = _told(parts.base.domain if parts.base else None, "the domain")
    port = parts.base.port if parts.base else None
    return f"{host}:{port}" if port else host


def _blob(target: TargetConnection, path: str, zones: Mapping[str, ZoneSettings]) -> str:
    container = _told(target.container, "the container")
    tail = f"/{path}" if path else ""
    urls = [zone.location().url for zone in zones.values()]
    same = {url for url in urls if url.startswith(f"abfss://{container}@") and _path(url) == tail}
    if len(same) == 1:
        return same.pop()
    url = f"abfss://{container}@ACCOUNT.dfs.core.windows.net{tail}"
    hint = f"set AZURE_STORAGE_ACCOUNT_NAME, or add the zone by hand, at {short(url)}, and sync again"
    if same:
        message = f"several zones are container {quoted(container)} with its folder, in different accounts"
        raise NoPlaceError(message, "keep the one that is meant")
    try:
        return parse_location(f"az://{container}{tail}").url
    except UsageError:
        raise NoPlaceError(f"Adobe does not show the storage account of container {quoted(container)}", hint) from None


def _path(url: str) -> str:
    _, slash, path = url.partition("://")[2].partition("/")
    return slash + path


def _canonical(text: str) -> str:
    try:
        return parse_location(text).url
    except UsageError as error:
        raise NoPlaceError(error.message, error.hint or _BY_HAND) from None
