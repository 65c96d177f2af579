"""Exact tails and bounds of the binomial distribution, by the incomplete beta function.

P(X >= k) for X ~ Binomial(n, p) is the regularized incomplete beta function I_p(k, n - k + 1) (DLMF 8.17.5), computed
from its continued fraction (DLMF 8.17.22), which converges in about the root of n steps. tests/cases/binomial.json
holds the results of scipy for the same arguments.
"""

from __future__ import annotations

import math

_TINY = 1e-300
_PRECISE = 1e-15
_STEPS = 10_000
_HALVINGS = 80
"""Of the interval from 0 to 1: more than a double can tell apart."""


def tail(count: int, total: int, rate: float) -> float:
    """P(X >= count) for X ~ Binomial(total, rate); a rate outside of 0 to 1 counts as the nearest in it."""
    if count <= 0:
        return 1.0
    return _incomplete_beta(count, total - count + 1, rate) if count <= total else 0.0


def bounds(count: int, total: int, alpha: float) -> tuple[float, float]:
    """One-sided Clopper-Pearson bounds of a rate of which `count` in `total` were seen, each wrong with `alpha`."""
    if not total:
        return 0.0, 1.0
    low = 0.0 if count == 0 else _solve(count, total - count + 1, alpha)
    high = 1.0 if count == total else _solve(count + 1, total - count, 1 - alpha)
    return low, high


def _solve(a: int, b: int, wanted: float) -> float:
    """The x with I_x(a, b) = wanted. It grows with x, so halving the interval finds it."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _incomplete_beta(a, b, middle) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _incomplete_beta(a: int, b: int, x: float) -> float:
    """I_x(a, b). The fraction converges where x is below its mean; beyond it, the other tail is computed."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _incomplete_beta(b, a, 1.0 - x)
    front = a * math.log(x) + b * math.log1p(-x) - math.log(a) - _log_beta(a, b)
    return math.exp(front) * _fraction(a, b, x)


def _log_beta(a: int, b: int) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _fraction(a: int, b: int, x: float) -> float:
    """1/(1 + d1/(1 + d2/(1 + ...))), evaluated from its front until a step changes nothing (the method of Lentz)."""
    upper, lower, value = 1.0, 0.0, 1.0
    for number in range(1, _STEPS):
        step = _coefficient(a, b, x, number)
        lower = 1.0 / (1.0 + step * lower or _TINY)
        upper = 1.0 + step / upper or _TINY
        value *= upper * lower
        if abs(upper * lower - 1.0) < _PRECISE:
            break
    return 1.0 / value


def _coefficient(a: int, b: int, x: float, number: int) -> float:
    """d1, d2, ... of the continued fraction."""
    half = number // 2
    if number % 2:
        return -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
    return half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
