"""What may leave this machine for a cluster's workers: locations with references in place of secrets; sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from catalog.settings.loading import Secret, Settings
from catalog.settings.values import revealed
from catalog.targets import Target
from verifier.backends.base import Location
from verifier.backends.references import Reference
from verifier.engine_cluster import Luggage
from verifier.errors import UsageError

_HINT = '"${NAME}" takes it from the environment of each worker, "file:PATH" from a file there'
_OF_URLS = ("sas_token", "password")
"""Options that the text of a place may have brought."""


def pack(targets: Iterable[Target], settings: Settings) -> Luggage:
    """Return what goes to the workers in place of the secrets of these places.

    Raises `UsageError` for a secret that nothing stands for: written in the settings, or part of a URL.
    """
    targets, pgp = list(targets), settings.document.pgp
    return Luggage(
        locations=tuple((target.location, _location(target, settings)) for target in targets),
        keys=tuple(_reference(key, f"pgp.keys[{at}]") for at, key in enumerate(pgp.keys)),
        passphrases=(_reference(pgp.passphrase, "pgp.passphrase"),) if pgp.passphrase else (),
    )


def _location(target: Target, settings: Settings) -> Location:
    written: Mapping[str, object] = target.settings.options if target.settings else {}
    where = f"zones.{target.zone}.options"
    options: dict[str, object] = {}
    for name, value in target.location.options.items():
        if name == "adobe":
            client_secret = settings.adobe.client_secret
            options[name] = settings.adobe.login() | (
                {"client_secret": _reference(client_secret, "adobe.client_secret")} if client_secret else {}
            )
        elif name in written and revealed(written[name]) == value:
            options[name] = _portable(written[name], f"{where}.{name}")
        elif name in _OF_URLS:
            raise _refused(f"{where}.{name}")
        else:
            options[name] = value
    return Location(kind=target.location.kind, url=target.location.url, options=options)


def _portable(value: object, where: str) -> object:
    if isinstance(value, Secret):
        return _reference(value, where)
    if isinstance(value, Mapping):
        return {name: _portable(inner, f"{where}.{name}") for name, inner in value.items()}
    if isinstance(value, list):
        return [_portable(inner, f"{where}[{at}]") for at, inner in enumerate(value)]
    return value


def _reference(secret: Secret, where: str) -> Reference:
    if secret.reference is None:
        raise _refused(where)
    return secret.reference


def _refused(where: str) -> UsageError:
    return UsageError(f"{where}: a literal secret does not travel to a cluster", hint=_HINT)
