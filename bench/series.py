"""Made series of export sizes: quiet ones of every shape a dataset may have, and the same with planted drops."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp, sin, tau

from verifier.usual import Size

_START = datetime(2025, 1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shape:
    """How large an export of a moment is, as a factor; `every` hours one, with lognormal noise of this spread."""

    every: int
    noise: float
    factor: Callable[[datetime, random.Random], float]


def _flat(_at: datetime, _dice: random.Random) -> float:
    return 1


def _weekly(at: datetime, _dice: random.Random) -> float:
    return (1, 1.1, 1.1, 1, 0.9, 0.45, 0.4)[at.weekday()]


def _month_end(at: datetime, _dice: random.Random) -> float:
    return 0.15 if at.day == 1 else 2.5 if (at + timedelta(days=1)).day == 1 else 1


def _growing(at: datetime, _dice: random.Random) -> float:
    return exp((at - _START).days / 200)


def _shrinking(at: datetime, _dice: random.Random) -> float:
    return exp(-(at - _START).days / 150)


def _daytime(at: datetime, _dice: random.Random) -> float:
    return (1.15 + sin(tau * (at.hour - 8) / 24)) * _weekly(at, _dice)


def _spiky(_at: datetime, dice: random.Random) -> float:
    return dice.choice((0.7, 4, 6)) if dice.random() < 0.03 else 1


def _lower_from_july(at: datetime, _dice: random.Random) -> float:
    return 0.6 if at.month >= 7 else 1


SHAPES: Mapping[str, Shape] = {
    "daily, flat, noise 10 %": Shape(24, 0.1, _flat),
    "daily, flat, noise 30 %": Shape(24, 0.3, _flat),
    "daily, weekends at 40 %": Shape(24, 0.1, _weekly),
    "daily, ends of months differ": Shape(24, 0.1, _month_end),
    "daily, growing": Shape(24, 0.15, _growing),
    "daily, shrinking": Shape(24, 0.15, _shrinking),
    "daily, with spikes": Shape(24, 0.15, _spiky),
    "daily, 40 % lower from July": Shape(24, 0.15, _lower_from_july),
    "every 3 hours, day and week": Shape(3, 0.15, _daytime),
    "every 3 hours, noise 40 %": Shape(3, 0.4, _daytime),
}


def made(shape: Shape, seed: int, days: int = 365) -> list[Size]:
    """Return a quiet series, the same for the same seed; the first export is a full one, of all there was before."""
    dice = random.Random(f"{seed}")
    base = exp(dice.uniform(6, 14))
    sizes = []
    for index in range(days * 24 // shape.every):
        at = _START + timedelta(hours=index * shape.every)
        value = base * shape.factor(at, dice) * dice.lognormvariate(0, shape.noise)
        sizes.append(Size(at, max(1, round(value * (200 if index == 0 else 1)))))
    return sizes


def with_drop(sizes: Sequence[Size], index: int, share: float) -> list[Size]:
    """Return the series up to an export that lost a share of its rows."""
    now = sizes[index]
    return [*sizes[:index], Size(now.at, round(now.value * (1 - share)))]
