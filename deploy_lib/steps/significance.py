"""Weighs two samples of requests: is the candidate worse, is it as good, or is there too little to say?

All tests are exact and binomial, from scipy.special, which imports in a third of the memory of scipy.stats:
- errors: the candidate is worse when even the lower Clopper-Pearson bound of its error rate lies above the allowed
  rate, or above the upper bound of the stable's rate by more than the allowed increase;
- latency: with t = stable's quantile q times the allowed slowdown plus the tolerance, too many candidate requests
  above t contradict "its quantile q is at most t" (a one-sided sign test on the quantile).
Looking k times would cheat the confidence, so the k-th look spends alpha / (k (k + 1)); those sum to alpha.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

from deploy_lib.model.answers import Side
from deploy_lib.model.requests import Thresholds

PLAINLY_SICK_AFTER = 10
"""This many candidate requests, all failed, while the stable's are answered, need no statistics."""


class Opinion(enum.Enum):
    WORSE = "worse"
    AS_GOOD = "as good"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look saw. `reason` carries the numbers; a p-value of 1.0 means that nothing speaks against it."""

    opinion: Opinion
    reason: str
    p_error: float = 1.0
    p_latency: float = 1.0


def weigh(stable: Side, candidate: Side, thresholds: Thresholds, look: int = 1) -> Sight:
    """Compare two samples at the `look`-th look (1, 2, ...)."""
    told = _told(stable, candidate)
    if (
        candidate.requests >= PLAINLY_SICK_AFTER
        and candidate.errors == candidate.requests
        and stable.errors < stable.requests
    ):
        return Sight(Opinion.WORSE, f"all {candidate.requests} requests to the candidate failed", 0.0)
    alpha = (1 - thresholds.confidence) / (look * (look + 1))
    low, _ = bounds(candidate.errors, candidate.requests, alpha)
    stable_high = bounds(stable.errors, stable.requests, alpha)[1] if stable.requests else 0.0
    allowed = max(thresholds.max_error_rate, stable_high + thresholds.max_error_increase)
    p_error = _tail(candidate.errors, candidate.requests, allowed)
    if low > allowed and candidate.requests:
        return Sight(Opinion.WORSE, f"{told}; at most {allowed:.1%} may fail", p_error)
    p_latency, limit = _latency(stable, candidate, thresholds)
    if p_latency < alpha:
        slow = quantile(candidate.latencies, thresholds.quantile)
        usual = quantile(stable.latencies, thresholds.quantile)
        reason = f"p{thresholds.quantile * 100:g} is {_ms(slow)} instead of {_ms(usual)}; up to {_ms(limit)} is allowed"
        return Sight(Opinion.WORSE, reason, p_error, p_latency)
    if candidate.requests < thresholds.min_samples:
        reason = f"only {candidate.requests} requests; {thresholds.min_samples} are needed to judge"
        return Sight(Opinion.UNCLEAR, reason, p_error, p_latency)
    rate = candidate.errors / candidate.requests
    usual_rate = stable.errors / stable.requests if stable.requests else 0.0
    if rate > max(thresholds.max_error_rate, usual_rate + thresholds.max_error_increase):
        return Sight(Opinion.UNCLEAR, f"{told}: more than allowed, but it may be chance", p_error, p_latency)
    return Sight(Opinion.AS_GOOD, told, p_error, p_latency)


def bounds(errors: int, requests: int, alpha: float) -> tuple[float, float]:
    """One-sided Clopper-Pearson bounds of a rate, each with error probability `alpha`."""
    if not requests:
        return 0.0, 1.0
    from scipy.special import betaincinv

    low = 0.0 if errors == 0 else float(betaincinv(errors, requests - errors + 1, alpha))
    high = 1.0 if errors == requests else float(betaincinv(errors + 1, requests - errors, 1 - alpha))
    return low, high


def quantile(values: Sequence[float], q: float) -> float | None:
    """The smallest value with at least the part `q` of the sample at or below it; None for an empty sample."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(q * len(values)) - 1)]


def _tail(count: int, total: int, rate: float) -> float:
    """P(X >= count) for X ~ Binomial(total, rate)."""
    if count == 0 or not total:
        return 1.0
    from scipy.special import bdtrc

    return float(bdtrc(count - 1, total, min(max(rate, 0.0), 1.0)))


def _latency(stable: Side, candidate: Side, thresholds: Thresholds) -> tuple[float, float]:
    """p-value of "the candidate's quantile is at most the limit", and the limit in seconds."""
    usual = quantile(stable.latencies, thresholds.quantile)
    if usual is None or len(stable.latencies) < thresholds.min_samples or not candidate.latencies:
        return 1.0, math.inf
    limit = usual * thresholds.max_slowdown + thresholds.latency_tolerance
    above = sum(latency > limit for latency in candidate.latencies)
    return _tail(above, len(candidate.latencies), 1 - thresholds.quantile), limit


def _told(stable: Side, candidate: Side) -> str:
    text = f"{candidate.errors} of {candidate.requests} requests to the candidate failed"
    return text + (f", {stable.errors} of {stable.requests} to the stable revision" if stable.requests else "")


def _ms(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds * 1000:.0f} ms"
