# SPDX-License-Identifier: GPL-2.0-only
"""Medians, spreads, and bootstrap confidence intervals of ratios."""

import math
import random
import statistics
from dataclasses import dataclass

RESAMPLES = 5000
# Below this many runs of each side an interval would only pretend.
LEAST_FOR_INTERVAL = 3


@dataclass
class Summary:
    median: float
    low: float
    high: float
    count: int


@dataclass
class Ratio:
    """Of two medians; low and high are the 95 % interval, None with too few runs."""

    value: float
    low: float | None
    high: float | None

    def clear(self):
        """Whether the interval leaves out 1: a difference that runs of this kind do show."""
        return self.low is not None and not self.low <= 1 <= self.high


def summarise(values):
    values = [value for value in values if value is not None and math.isfinite(value)]
    if not values:
        return None
    return Summary(statistics.median(values), min(values), max(values), len(values))


def ratio(values, base):
    """Median of values over median of base; None where that has no meaning (base 0)."""
    if not values or not base or statistics.median(base) == 0:
        return None
    result = Ratio(statistics.median(values) / statistics.median(base), None, None)
    if min(len(values), len(base)) < LEAST_FOR_INTERVAL:
        return result
    generator = random.Random(1)  # the same data, the same interval
    samples = []
    for _ in range(RESAMPLES):
        below = statistics.median(generator.choices(base, k=len(base)))
        if below:
            samples.append(statistics.median(generator.choices(values, k=len(values))) / below)
    samples.sort()
    result.low = samples[int(0.025 * len(samples))]
    result.high = samples[min(len(samples) - 1, int(0.975 * len(samples)))]
    return result
