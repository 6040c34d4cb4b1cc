"""The private keys that the settings give for decryption, as one value that never shows itself; opens no key."""

from __future__ import annotations

from collections.abc import Sequence


class PgpKeys:
    """Armoured private keys and the passphrases tried on those that are locked.

    Travels to whoever reads files. No dataclass, since those are taken apart by who writes values.
    """

    __slots__ = ("_keys", "_passphrases")

    def __init__(self, keys: Sequence[str] = (), passphrases: Sequence[str] = ()) -> None:
        self._keys = tuple(keys)
        self._passphrases = tuple(passphrases)

    def reveal(self) -> dict[str, list[str]]:
        """Return keys and passphrases themselves: for the process that decrypts, never for a message."""
        return {"keys": list(self._keys), "passphrases": list(self._passphrases)}

    def __bool__(self) -> bool:
        return bool(self._keys)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PgpKeys) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash((self._keys, self._passphrases))

    def __repr__(self) -> str:
        return "PgpKeys(********)" if self else "PgpKeys()"


NO_KEYS = PgpKeys()
