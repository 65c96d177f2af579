"""Weighs two samples of requests: is the candidate worse, is it as good, or is there too little to say?

All tests are exact:
- errors: the candidate is worse when even the lower Clopper-Pearson bound of its error rate lies above the allowed
  rate, or above the upper bound of the stable's rate by more than the allowed increase;
- latency: with t = stable's quantile q times the allowed slowdown plus the tolerance, too many candidate requests
  above t contradict "it is at most that much slower" (the exceedance test of two samples: of n + m values in one order
  any n are as likely to be the stable's). It asks nothing of the shape of the latencies and is exact for ten requests
  as for a thousand, so a candidate that is plainly slow is found early, and a busy machine, on which both wait
  alike, is not.
Looking k times would cheat the confidence, so the k-th look spends alpha / (k (k + 1)); those sum to alpha.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

from deploy_lib.model.answers import Side
from deploy_lib.steps.binomial import bounds, tail
from deploy_lib.steps.thresholds import Thresholds


class Opinion(enum.Enum):
    """What two samples say of the candidate."""

    WORSE = "worse"
    AS_GOOD = "as good"
    CHANCE = "may be chance"  # a few failed, as chance would have it; more requests tell, and none is needed
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What one look saw. `reason` carries the numbers."""

    opinion: Opinion
    reason: str


def weigh(stable: Side, candidate: Side, thresholds: Thresholds, look: int = 1, *, enough: int = 0) -> Assessment:
    """Compare two samples at the `look`-th look (1, 2, ...); fewer than `enough` requests pass nothing."""
    counts = _counts(stable, candidate)
    alpha = (1 - thresholds.confidence) / (look * (look + 1))
    low, _ = bounds(candidate.errors, candidate.requests, alpha)
    allowed = allowed_rate(stable.errors, stable.requests, thresholds, alpha)
    if low > allowed and candidate.errors >= thresholds.min_failures:
        limit = "" if candidate.errors == candidate.requests else f"; at most {allowed:.1%} may fail"
        return Assessment(Opinion.WORSE, f"{counts}{limit}{_commonest(candidate)}")
    p_latency, limit_of, slow = _latency(stable, candidate, thresholds)
    if p_latency < alpha:
        slower = _slower(stable, candidate, thresholds, limit_of, enough)
        if slow >= thresholds.min_slow:
            return Assessment(Opinion.WORSE, slower)
        return Assessment(Opinion.UNCLEAR, f"{slower} (fewer than min_slow: {thresholds.min_slow})")
    if candidate.requests < enough:
        reason = f"only {candidate.requests} requests; {enough} are needed to judge"
        return Assessment(Opinion.UNCLEAR, reason)
    rate = candidate.errors / candidate.requests if candidate.requests else 0.0
    usual_rate = stable.errors / stable.requests if stable.requests else 0.0
    if rate > max(thresholds.max_error_rate, usual_rate + thresholds.max_error_increase):
        if candidate.errors < thresholds.min_failures:
            if may_be_chance(stable, candidate, thresholds):
                return Assessment(Opinion.CHANCE, f"{counts}, which may be chance")
            reason = f"{counts} (fewer than min_failures: {thresholds.min_failures}){_commonest(candidate)}"
            return Assessment(Opinion.UNCLEAR, reason)
        reason = f"{counts}: more than allowed, but it may be chance{_commonest(candidate)}"
        return Assessment(Opinion.UNCLEAR, reason)
    return Assessment(Opinion.AS_GOOD, counts)


def allowed_rate(errors: int, requests: int, thresholds: Thresholds, alpha: float) -> float:
    """The part of its requests that a candidate may fail beside a stable revision that failed so many."""
    high = bounds(errors, requests, alpha)[1] if requests else 0.0
    return max(thresholds.max_error_rate, high + thresholds.max_error_increase)


def may_be_chance(stable: Side, candidate: Side, thresholds: Thresholds) -> bool:
    """Whether as many failures are usual for a candidate that is no worse than the stable revision, or than allowed.

    By two exact tests: how many of all that failed fall to the candidate when both are alike (Fisher's), and how many
    of its requests fail at the rate that is allowed anyway (binomial).
    """
    chance = tail(candidate.errors, candidate.requests, thresholds.max_error_rate)
    if stable.requests:
        chance = max(chance, falling(candidate.errors, candidate.requests, stable.errors, stable.requests))
    return chance >= 1 - thresholds.confidence


def falling(errors: int, requests: int, other_errors: int, other_requests: int) -> float:
    """P(at least `errors` of all that failed are among `requests`), both samples being alike."""
    failed = errors + other_errors
    fewer = sum(
        math.comb(requests, taken) * math.comb(other_requests, failed - taken)
        for taken in range(max(0, failed - other_requests), errors)
    )
    return 1.0 - fewer / math.comb(requests + other_requests, failed)


def late(stable: Side, candidate: Side, thresholds: Thresholds) -> int:
    """Requests to the candidate that have waited for longer than an answer may take."""
    limit = _limit(stable, thresholds)
    return sum(age > limit for age in candidate.waiting)


def quantile(values: Sequence[float], q: float) -> float | None:
    """The smallest value with at least the part `q` of the sample at or below it; None for an empty sample."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(q * len(values)) - 1)]


def exceedance(above: int, candidates: int, below: int, stables: int) -> float:
    """P(at least `above` of `candidates` values exceed the `below`-th smallest of `stables`), all being alike.

    That many exceed it just when, of the `candidates - above + below` smallest of all, at least `below` are stables.
    """
    drawn = candidates - above + below
    ways = sum(
        math.comb(stables, taken) * math.comb(candidates, drawn - taken)
        for taken in range(below, min(stables, drawn) + 1)
    )
    return ways / math.comb(stables + candidates, drawn)


def _latency(stable: Side, candidate: Side, thresholds: Thresholds) -> tuple[float, float, int]:
    """p-value of "the candidate is at most that much slower", the limit in seconds, and the slower requests.

    A request that has waited for longer than the limit counts as answered after it.
    """
    below, limit = math.ceil(thresholds.quantile * len(stable.latencies)), _limit(stable, thresholds)
    if not below:
        return 1.0, limit, 0
    waiting = sum(age > limit for age in candidate.waiting)
    above = sum(latency > limit for latency in candidate.latencies) + waiting
    if not above:
        return 1.0, limit, 0
    return exceedance(above, len(candidate.latencies) + waiting, below, len(stable.latencies)), limit, above


def _limit(stable: Side, thresholds: Thresholds) -> float:
    """Seconds that an answer of the candidate may take; infinite where the stable revision has given none."""
    usual = quantile(stable.latencies, thresholds.quantile)
    return math.inf if usual is None else usual * thresholds.max_slowdown + thresholds.latency_tolerance


def _slower(stable: Side, candidate: Side, thresholds: Thresholds, limit: float, enough: int) -> str:
    """The quantiles, the limit, and how many requests show it where they are fewer than `enough`.

    Of requests that are not answered yet only the least is known.
    """
    waiting = [age for age in candidate.waiting if age > limit]
    known = (*candidate.latencies, *waiting)
    slow, usual = quantile(known, thresholds.quantile), quantile(stable.latencies, thresholds.quantile)
    name = f"p{thresholds.quantile * 100:g}"
    few = f", seen in {len(known)} requests" if len(known) < enough else ""
    least = "at least " if waiting else ""
    return f"too slow: {name} is {least}{_ms(slow)} instead of {_ms(usual)}; up to {_ms(limit)} is allowed{few}"


def _commonest(side: Side) -> str:
    """What was wrong most often, where the failures say it."""
    return f"; most often: {max(side.why, key=lambda pair: pair[1])[0]}" if side.why else ""


def _counts(stable: Side, candidate: Side) -> str:
    text = f"{candidate.errors} of {candidate.requests} requests to the candidate failed"
    if candidate.errors and candidate.errors == candidate.requests:
        text = f"all {candidate.requests} requests to the candidate failed"
    return text + (f", {stable.errors} of {stable.requests} to the stable revision" if stable.requests else "")


def _ms(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds * 1000:.0f} ms"
