"""What the requests of users say of a candidate, beside those to the stable revision."""

from __future__ import annotations

from deploy_lib.model.answers import Side
from deploy_lib.model.requests import Thresholds
from deploy_lib.steps.binomial import bounds
from deploy_lib.steps.significance import allowed_rate


def client_errors(candidate: Side, stable: Side, thresholds: Thresholds, look: int = 1) -> str:
    """Why the candidate answers 4xx to more users than the stable revision does; empty while nothing shows it.

    Users ask wrong things, so without the stable revision's own rate a 4xx says nothing.
    """
    if not stable.requests or candidate.refused < thresholds.min_failures:
        return ""
    alpha = (1 - thresholds.confidence) / (look * (look + 1))
    low, _ = bounds(candidate.refused, candidate.requests, alpha)
    if low <= allowed_rate(stable.refused, stable.requests, thresholds, alpha):
        return ""
    return (
        f"{candidate.refused} of {candidate.requests} requests to the candidate were answered 4xx, "
        f"{stable.refused} of {stable.requests} to the stable revision"
    )
