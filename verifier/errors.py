"""The errors of landproof, one root and few families; not the findings, which are data.

An exception says "I could not look"; a finding says "I looked, and this is what I saw".
"""

from __future__ import annotations


class LandproofError(Exception):
    """The root: a message (lower case: what, where, expected, got) and, if we know one, a hint."""

    exit_status = 3
    kind = "error"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.hint))


def _rebuild(cls: type[LandproofError], message: str, hint: str | None) -> LandproofError:
    return cls(message, hint=hint)


class UsageError(LandproofError):
    """Wrong arguments or settings."""

    exit_status = 64
    kind = "usage"


class SettingsError(UsageError):
    """One or more mistakes in the settings, all of them in one message."""

    kind = "settings"


class UnknownError(UsageError):
    """What is asked about is not known; there may be something near."""


class CatalogError(LandproofError):
    """The catalog is locked, damaged, absent where one is needed, foreign or newer than this program."""

    exit_status = 4
    kind = "catalog"


class SourceError(LandproofError):
    """A store could not be looked at; says nothing about its bytes."""

    kind = "source"


class NetworkError(SourceError):
    """The store did not answer as asked; another try may succeed."""

    kind = "network"


class DeniedError(SourceError):
    """The credentials are missing, wrong, expired or not allowed to do this."""

    kind = "denied"


class HostKeyError(DeniedError):
    """The server did not prove to be one that is trusted, so that nothing was sent to it."""


class NotFoundError(SourceError):
    """The bucket, folder or object is not there."""

    kind = "not-found"


class ExistsError(SourceError):
    """Something is there already, and nothing is overwritten."""

    kind = "exists"


class WorkerError(SourceError):
    """The process that looked at the object died, or could not go on."""

    kind = "worker"


class ChangedError(SourceError):
    """The object is no longer the one that was listed."""

    kind = "changed"
