"""What the requests of users say of a candidate, beside those to the stable revision."""

from __future__ import annotations

from deploy_lib.model.answers import Side
from deploy_lib.model.requests import Thresholds
from deploy_lib.steps.binomial import bounds
from deploy_lib.steps.significance import allowed_rate


def turned_away(candidate: Side, stable: Side, thresholds: Thresholds, look: int = 1) -> str:
    """Why the candidate answers 4xx, or redirects, more users than the stable revision does; empty while nothing
    shows it.

    Users ask wrong things and are led elsewhere, so without the stable revision's own rate neither says anything.
    """
    for answered, found, usual in (
        ("answered 4xx", candidate.refused, stable.refused),
        ("redirected", candidate.redirected, stable.redirected),
    ):
        if not stable.requests or found < thresholds.min_failures:
            continue
        alpha = (1 - thresholds.confidence) / (look * (look + 1))
        low, _ = bounds(found, candidate.requests, alpha)
        if low > allowed_rate(usual, stable.requests, thresholds, alpha):
            return (
                f"{found} of {candidate.requests} requests to the candidate were {answered}, "
                f"{usual} of {stable.requests} to the stable revision"
            )
    return ""
