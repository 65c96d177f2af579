"""Where a kind of step may stand in a plan, and what its steps do to the traffic of users."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OrderRule:
    """Another kind by its name, and why it matters which of the two comes first."""

    kind: str
    why: str


def _none(settings: Any) -> int:
    return 0


def _no_name(settings: Any) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Position:
    """`needs` comes before it, and it comes never after `not_after`. Shares are whole percents, 0 for none."""

    needs: OrderRule | None = None
    not_after: OrderRule | None = None
    once: bool = False
    moves_traffic: bool = False  # its unanswered request may have changed what users meet
    before_traffic: bool = True  # False: it has nothing to do in a release that was asked for no traffic
    needs_stable: str = ""  # why it has nothing to do in a service's first release; empty when it has
    brings_candidate: bool = False  # a release without such a step releases nothing
    confirms: bool = False  # that it passed shows the candidate serving
    gives: Callable[[Any], int] = _none  # the share its settings give to the candidate
    expects: Callable[[Any], int] = _none  # the share its settings expect the candidate to have
    in_turn: bool = False  # the regions of a service do it one after the other, in any case
    apart: Callable[[Any], str] = _no_name  # what no two steps of the kind may share, as "name: x"
