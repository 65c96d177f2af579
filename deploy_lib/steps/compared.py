"""What was seen of a candidate that is asked in pairs with the stable revision: whether it is worse, or proves nothing.

`enough` are the pairs that are needed to judge.
"""

from __future__ import annotations

from deploy_lib.model.answers import Side, Watched
from deploy_lib.model.roles import INVOKER
from deploy_lib.steps.real_requests import turned_away
from deploy_lib.steps.significance import Assessment, Opinion, weigh
from deploy_lib.steps.thresholds import Thresholds


def worse_by(answer: Watched, thresholds: Thresholds, enough: int) -> str:
    """Why the candidate is worse, as far as it is known now; empty while nothing shows it."""
    for stable, candidate, whose in (
        (answer.beside, answer.users, "real requests"),
        (answer.own_stable, answer.own, "paired requests"),
    ):
        if not candidate.waiting and all_refused(stable, candidate):
            continue  # how long the front end took for that says nothing of the revisions
        sight = weigh(stable, candidate, thresholds, answer.looks, enough=enough)
        if sight.opinion is Opinion.WORSE:
            return f"{whose}: {sight.reason}"
    refused = turned_away(answer.users, answer.beside, thresholds, answer.looks)
    return f"real requests: {refused}" if refused else ""


def all_refused(stable: Side, candidate: Side) -> bool:
    """Whether all answers of both can be those of the front end, which stands before any revision."""
    asked = bool(stable.requests and candidate.requests)
    return asked and candidate.refused == candidate.requests and stable.refused == stable.requests


def says_nothing(stable: Side, candidate: Side, path: str) -> str:
    """Why paired requests prove nothing, however many; empty when they are some."""
    if not candidate.requests or not stable.requests:
        return ""
    if all_refused(stable, candidate):
        return (
            f"the front end answered, not the service: 401, 403, 404 or a redirect to a login to all "
            f"{candidate.requests} pairs of requests for {path}; name a path that the service answers, "
            f"services.NAME.health: {{path: /...}}, or let the caller invoke the service ({INVOKER})"
        )
    if candidate.errors + candidate.refused >= candidate.requests and stable.errors + stable.refused >= stable.requests:
        return f"neither revision gave a good answer to any of {candidate.requests} pairs of requests for {path}"
    return ""


def undecided(answer: Watched, thresholds: Thresholds, enough: int) -> str:
    """What more requests could still decide; empty when nothing is left to be."""
    for whose, sight in (("paired", of_pairs(answer, thresholds, enough)), ("real", of_users(answer, thresholds))):
        if sight.opinion in (Opinion.UNCLEAR, Opinion.CHANCE):
            return f"{whose} requests: {sight.reason}"
    return ""


def of_pairs(answer: Watched, thresholds: Thresholds, enough: int) -> Assessment:
    """The candidate weighed by the paired requests alone."""
    return weigh(answer.own_stable, answer.own, thresholds, answer.looks, enough=enough)


def of_users(answer: Watched, thresholds: Thresholds) -> Assessment:
    """Few requests of users are taken as they are: a service need not have any."""
    return weigh(answer.beside, answer.users, thresholds, answer.looks)
