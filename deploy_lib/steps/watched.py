"""What was seen of a candidate while it had traffic: whether it is worse, or it is too early to say, and in words."""

from __future__ import annotations

from collections.abc import Iterator

from deploy_lib.model.answers import REQUEST_LOG, Side, Watched
from deploy_lib.model.counting import counted
from deploy_lib.steps.real_requests import turned_away, unanswered
from deploy_lib.steps.significance import Assessment, Opinion, late, weigh
from deploy_lib.steps.thresholds import Thresholds, ThresholdsUnderTraffic


def sick(watched: Watched, thresholds: ThresholdsUnderTraffic) -> str:
    """Why the candidate is worse under traffic, as far as it was seen; empty while nothing shows it."""
    for whose, sight in _weighed(watched, thresholds):
        if sight.opinion is Opinion.WORSE:
            return f"{whose}: {sight.reason}"
    users = watched.users
    away = max(users.refused, users.redirected)
    many = bool(watched.beside.requests) or away > thresholds.max_4xx_alone * users.requests
    refused = turned_away(users, _usual(watched), thresholds, watched.looks) if many else ""
    return f"real requests: {refused}" if refused else ""


def lost(watched: Watched, thresholds: Thresholds, percent: int) -> str:
    """Why users must still wait for their answers; empty while nothing shows it."""
    if watched.sticky or not watched.reader:
        return ""
    why = unanswered(watched.users, watched.beside, percent, thresholds, watched.looks)
    return f"real requests: {why}" if why else ""


def doubt(watched: Watched, thresholds: ThresholdsUnderTraffic, percent: int) -> str:
    """What suggests that the candidate is bad without proving it; empty when nothing does."""
    return _unclear(watched, thresholds, percent) or _without_evidence(watched)


def _unclear(watched: Watched, thresholds: ThresholdsUnderTraffic, percent: int) -> str:
    """What more requests could still prove. Where the stable revision answers users, too, silence of both is theirs."""
    for whose, sight in _weighed(watched, thresholds):
        if sight.opinion is Opinion.UNCLEAR:
            return f"{whose}: {sight.reason}"
    before = watched.earlier.requests
    silent = percent == 100 and not watched.users.requests and not watched.beside.requests
    if silent and before >= thresholds.min_users_before:
        return f"real requests: none was answered, where {before} were in as long a time before"
    return ""


def _without_evidence(watched: Watched) -> str:
    """There were no user requests, and ours prove nothing: both revisions fail at them, or turn them away."""
    if watched.users.requests or not watched.own.requests or not _is_no_use(watched.own):
        return ""
    if watched.own_stable.requests and not _is_no_use(watched.own_stable):
        return ""
    return (
        f"there were no user requests, and none of our own {counted(watched.own.requests, 'request')} was answered well"
    )


def _is_no_use(side: Side) -> bool:
    return side.requests in (side.errors, side.refused)


def undecided(watched: Watched, thresholds: ThresholdsUnderTraffic, percent: int) -> str:
    """What more requests could still decide; empty when nothing is left to be."""
    for whose, sight in _weighed(watched, thresholds):
        if sight.opinion is Opinion.CHANCE:
            return f"{whose}: {sight.reason}"
    late_ones = late(watched.own_stable, watched.own, thresholds)
    if late_ones:
        return f"{counted(late_ones, 'request')} of our own still waiting"
    return lost(watched, thresholds, percent) or _unclear(watched, thresholds, percent)


def seen(watched: Watched, thresholds: ThresholdsUnderTraffic) -> str:
    """ "412 requests, 0 failed", or what is known where no user asked."""
    users, own = watched.users, watched.own
    ours = f"{own.requests} of our own, {own.errors} failed"
    chance = [f"{whose}: {sight.reason}" for whose, sight in _weighed(watched, thresholds) if _by_chance(sight)]
    ours += "".join(f"; {each}" for each in chance)
    by = f", by {watched.reader}" if watched.reader != REQUEST_LOG else ""
    if not users.requests:
        return f"no user requests{by}; {ours}"
    apart = f", {users.refused} answered 4xx" if users.refused else ""
    apart += f", {users.redirected} redirected" if users.redirected else ""
    return f"{counted(users.requests, 'request')}, {users.errors} failed{apart}{by}; {ours}"


def _by_chance(sight: Assessment) -> bool:
    return sight.opinion is Opinion.CHANCE


def _usual(watched: Watched) -> Side:
    """What users of the stable revision meet: meanwhile, else in as long a time before."""
    return watched.beside if watched.beside.requests else watched.earlier


def _weighed(watched: Watched, thresholds: ThresholdsUnderTraffic) -> Iterator[tuple[str, Assessment]]:
    """Whose requests, and what they say."""
    alone = thresholds.model_copy(update={"max_slowdown": thresholds.max_slowdown_alone})
    if watched.users.requests:
        of_users = thresholds if watched.beside.requests else alone
        yield "real requests", weigh(_usual(watched), watched.users, of_users, watched.looks)
    if watched.own.requests or watched.own.waiting:
        yield "our own requests", weigh(watched.own_stable, watched.own, thresholds, watched.looks)
