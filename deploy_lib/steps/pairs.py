"""Pairs of answers as two samples: what the stable revision and the candidate gave to the same requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deploy_lib.model.answers import Attempt, Side
from deploy_lib.model.requests import Expectation
from deploy_lib.steps.responses import is_turned_away, may_be_the_front_end, paired_problem


@dataclass(frozen=True, slots=True)
class Pair:
    """The answers to one request, sent to both in the same moment; `stable` is None where there is no such revision."""

    candidate: Attempt
    stable: Attempt | None


def sides(
    pairs: Sequence[Pair], expect: Expectation, candidate_url: str, stable_url: str | None, warm_up: float = 0.0
) -> tuple[Side, Side]:
    """The stable revision's sample and the candidate's; how long answers took counts after `warm_up` seconds."""
    stables = [pair.stable for pair in pairs if pair.stable is not None]
    given = frozenset(answer.status for answer in stables if answer.status is not None)
    problems = (paired_problem(expect, pair.candidate, pair.stable, given) for pair in pairs)
    candidates = zip((pair.candidate for pair in pairs), problems, strict=True)
    return (
        _side(((answer, answer.problem) for answer in stables), expect, stable_url, warm_up),
        _side(candidates, expect, candidate_url, warm_up),
    )


def _side(answers: Iterable[tuple[Attempt, str]], expect: Expectation, url: str | None, warm_up: float) -> Side:
    requests = refused = 0
    latencies: list[float] = []
    why: Counter[str] = Counter()
    statuses: Counter[int] = Counter()
    for answer, problem in answers:
        requests += 1
        if answer.status is not None and is_turned_away(answer.status):
            statuses[answer.status] += 1
        refused += may_be_the_front_end(expect, answer, url)
        if problem:
            why[problem] += 1
        elif answer.at >= warm_up:
            latencies.append(answer.seconds)
    return Side(
        requests,
        sum(why.values()),
        tuple(latencies),
        refused,
        tuple(why.most_common()),
        statuses=tuple(statuses.items()),
    )
