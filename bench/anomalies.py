"""How many made drops of size are found, and how often a quiet year alarms; against the rule of a third of the median.

Run as `python -m bench.anomalies [SERIES]`: so many series of each shape, a year long.
"""

from __future__ import annotations

import random
import statistics
import sys
from collections.abc import Callable, Sequence

from bench.series import SHAPES, Shape, made, with_drop
from verifier.usual import LONG_AGO, Size, Way, odd_size

Rule = Callable[[Size, Sequence[Size]], bool]
_DROPS = (0.6, 0.7, 0.8, 0.9, 1.0)
_PLANTS = 5


def ours(now: Size, past: Sequence[Size]) -> bool:
    """Tell whether a size has dropped, by its season."""
    odd = odd_size(now, past)
    return odd is not None and odd.way is Way.DROP


def third_of_median(now: Size, past: Sequence[Size]) -> bool:
    """Tell whether a size is under a third of the median of the last 28, and under half of the least."""
    values = [size.value for size in past[-28:]]
    if len(values) < 5 or now.value == 0:
        return False
    return now.value * 3 < statistics.median(values) and now.value * 2 < min(values)


RULES: dict[str, Rule] = {"ours": ours, "third of the median": third_of_median}


def main(series: int) -> None:
    """Print a row for each shape."""
    drops = " | ".join(f"-{drop:.0%}" for drop in _DROPS)
    sys.stdout.write(
        f"| series | rule | false alarms in 1 000 years | {drops} |\n|---|---|---:|{'---:|' * len(_DROPS)}\n"
    )
    for label, shape in SHAPES.items():
        for name, rule in RULES.items():
            alarms, found, planted = measure(shape, rule, series)
            shares = " | ".join(f"{share / planted:.0%}" for share in found)
            sys.stdout.write(f"| {label} | {name} | {alarms / series * 1000:.0f} | {shares} |\n")
            sys.stdout.flush()


def measure(shape: Shape, rule: Rule, series: int) -> tuple[int, list[int], int]:
    """Return the false alarms, how many drops of each size were found, and how many there were."""
    alarms, found = 0, [0] * len(_DROPS)
    for seed in range(series):
        sizes = made(shape, seed)
        alarms += sum(rule(now, sizes[max(0, i - LONG_AGO) : i]) for i, now in enumerate(sizes))
        dice = random.Random(f"plants {seed}")
        for _ in range(_PLANTS):
            index = dice.randrange(len(sizes) // 8, len(sizes))
            for number, drop in enumerate(_DROPS):
                *past, now = with_drop(sizes, index, drop)
                found[number] += rule(now, past[-LONG_AGO:])
    return alarms, found, series * _PLANTS


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
