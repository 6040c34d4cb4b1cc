"""The body of a request as it is shown and as it is sent: secrets and ids hidden or put in; sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from catalog.adobe.client import Ask, Body
from catalog.adobe.logins import form_mistake, key_mistake
from catalog.adobe.provision_values import IdOf, Part, Wanted
from catalog.settings.exports import SECRET_PARAMS, Held
from catalog.settings.values import Secret
from verifier.backends.references import VARIABLE, Reference
from verifier.errors import DeniedError, UsageError

HIDDEN = "***"


def shown_body(value: object, name: str = "") -> object:
    """Return a body for people and documents: secrets as `***`, other references as they are written."""
    match value:
        case Mapping():
            return {key: shown_body(inner, str(key)) for key, inner in value.items()}
        case list() | tuple():
            return [shown_body(inner, name) for inner in value]
        case IdOf():
            return f"<id of the {value.part}>"
        case Secret():
            return HIDDEN
        case Reference():
            return HIDDEN if name in SECRET_PARAMS else value.text
    return HIDDEN if name in SECRET_PARAMS else value


def sent_ask(ask: Ask, ids: Mapping[Part, str], environment: Mapping[str, str]) -> Ask:
    """Return a request with ids and secrets put in: to be sent at once, never to be shown."""
    return replace(ask, body=cast(Body, _sent(ask.body, ids, environment)))


def check_login(wanted: Wanted, at: int, environment: Mapping[str, str]) -> None:
    """Look at the values of a login and of a key before anything is sent. Raises `UsageError` that shows none."""
    mistakes = []
    for name, held in wanted.login_params.items():
        value, missing = _tried(held, environment)
        mistake = missing and f"{name}: {missing}"
        if wanted.login and not missing:
            mistake = form_mistake(wanted.login, name, value)
        mistakes += [f"adobe.exports[{at}].connection.{mistake}"] if mistake else []
    if wanted.encryption_key is not None:
        value, missing = _tried(wanted.encryption_key, environment)
        mistake = f"encryption_key: {missing}" if missing else key_mistake(value)
        mistakes += [f"adobe.exports[{at}].{mistake}"] if mistake else []
    if mistakes:
        raise UsageError("; ".join(mistakes), hint="nothing was sent")


def _tried(held: Held, environment: Mapping[str, str]) -> tuple[str, str | None]:
    """Return a value, or why there is none."""
    if isinstance(held, Reference):
        unset = [name for name in VARIABLE.findall(held.text) if name not in environment]
        if unset and not held.text.startswith("file:"):
            return "", f"environment variable {unset[0]} is not set"
    try:
        return str(_revealed(held, environment)), None
    except DeniedError:
        return "", "its file cannot be read"


def _revealed(held: object, environment: Mapping[str, str]) -> object:
    if isinstance(held, Reference):
        return held.resolve(environment)
    return held.reveal() if isinstance(held, Secret) else held


def _sent(value: object, ids: Mapping[Part, str], environment: Mapping[str, str]) -> object:
    match value:
        case Mapping():
            return {name: _sent(inner, ids, environment) for name, inner in value.items()}
        case list() | tuple():
            return [_sent(inner, ids, environment) for inner in value]
        case IdOf():
            return ids[value.part]
    return _revealed(value, environment)
