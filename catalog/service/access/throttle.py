"""How often wrong tokens may be tried, from one address and in total; which are wrong is not decided here.

Memory is bounded: so many addresses are remembered, and where an attacker has more, the total still holds.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_ADDRESSES = 10_000


@dataclass(frozen=True, slots=True)
class Pace:
    """So many failures at once, then one in so many seconds."""

    burst: int
    seconds: float


OF_ONE = Pace(10, 30.0)
OF_ALL = Pace(200, 0.5)


class Throttle:
    """Counts failures. An address of IPv6 counts with its network of 64 bits, which one machine has for itself."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, one: Pace = OF_ONE, every: Pace = OF_ALL
    ) -> None:
        self._clock, self._one, self._every = clock, one, every
        self._paid: OrderedDict[str, float] = OrderedDict()
        self._all = 0.0

    def __len__(self) -> int:
        return len(self._paid)

    def wait(self, address: str) -> float:
        """Return for how many seconds an address is not to try again; 0.0 where it may."""
        return self._left(self._paid.get(_group(address), 0.0), self._one)

    def fail(self, address: str) -> float:
        """Count a failure and return for how many seconds no other will be answered, from there or at all."""
        group, now = _group(address), self._clock()
        left = max(self.wait(address), self._left(self._all, self._every))
        if left:
            return left
        self._all = max(self._all, now) + self._every.seconds
        self._paid[group] = max(self._paid.get(group, 0.0), now) + self._one.seconds
        self._paid.move_to_end(group)
        while len(self._paid) > MOST_ADDRESSES:
            self._paid.popitem(last=False)
        return 0.0

    def _left(self, paid_until: float, pace: Pace) -> float:
        return max(0.0, paid_until - self._clock() - (pace.burst - 1) * pace.seconds)


def _group(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False)) if parsed.version == 6 else str(parsed)
