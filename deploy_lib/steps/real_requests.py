"""What the requests of users say of a candidate, beside those to the stable revision."""

from __future__ import annotations

from deploy_lib.model.answers import Side
from deploy_lib.model.counting import counted
from deploy_lib.steps.binomial import bounds, tail
from deploy_lib.steps.responses import is_redirect
from deploy_lib.steps.significance import allowed_rate
from deploy_lib.steps.thresholds import Thresholds


def turned_away(candidate: Side, stable: Side, thresholds: Thresholds, look: int = 1) -> str:
    """Why the candidate answers 4xx, or redirects, more users than the stable revision does; empty while nothing
    shows it.

    Users ask wrong things and are led elsewhere, so without the stable revision's rate neither says anything. Each
    status has its rate, too: one that answers 404 to what was a 400 answers as many of them 4xx.
    """
    if not stable.requests:
        return ""
    compared = [
        ("answered 4xx", candidate.refused, stable.refused),
        ("redirected", candidate.redirected, stable.redirected),
    ]
    usual = dict(stable.statuses)
    compared += [(f"answered {status}", count, usual.get(status, 0)) for status, count in sorted(candidate.statuses)]
    alpha = (1 - thresholds.confidence) / (look * (look + 1)) / max(1, len(candidate.statuses))
    for answered, found, before in compared:
        if found < thresholds.min_failures:
            continue
        low, _ = bounds(found, candidate.requests, alpha)
        if low > allowed_rate(before, stable.requests, thresholds, alpha):
            return (
                f"{found} of {candidate.requests} requests to the candidate were {answered}, "
                f"{before} of {stable.requests} to the stable revision"
            )
    return ""


def unanswered(candidate: Side, stable: Side, percent: int, thresholds: Thresholds, look: int = 1) -> str:
    """Why users of the candidate must still wait for an answer; empty while nothing shows it.

    A request is logged when it has been answered, so one that hangs is missing: of all that were, a candidate with
    `percent` of the traffic has answered fewer than half as many as were its own. The binomial test is exact.
    """
    total = candidate.requests + stable.requests
    if not stable.requests or percent >= 100:
        return ""
    alpha = (1 - thresholds.confidence) / (look * (look + 1))
    share = percent / 100
    if tail(stable.requests, total, 1 - share / 2) >= alpha:
        return ""
    expected = round(stable.requests * share / (1 - share))
    if expected - candidate.requests < thresholds.min_failures:
        return ""
    return (
        f"the candidate answered {counted(candidate.requests, 'request')} where {percent} % make about {expected}, and "
        f"the stable revision {stable.requests}; the others still wait"
    )


def without_own(counted: Side, own: Side) -> Side:
    """Monitoring cannot tell our requests from others, but we know how many they were."""
    errors = max(0, counted.errors - own.errors)
    refused = max(0, counted.refused - own.refused)
    ours = dict(own.statuses)
    statuses = tuple((status, max(0, count - ours.get(status, 0))) for status, count in counted.statuses)
    redirected = max(0, counted.redirected - sum(count for status, count in own.statuses if is_redirect(status)))
    requests = max(errors + refused + redirected, counted.requests - own.requests)
    return Side(requests, errors, counted.latencies, refused, redirected=redirected, statuses=statuses)
