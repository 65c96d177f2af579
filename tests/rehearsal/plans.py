"""Plans that several stories share, and the moments at which something happens in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.rehearsal.cli_harness import CliHarness, Cue

BUILT = ({"build": {"timeout": "2m"}}, {"canary": {"ready_within": "60s", "words_within": "1s"}})
"""Found again by every story of one worker: all begin with the same repository."""
SHORT = (*BUILT, {"promote": {"percent": 100}})
COMPARED = {"path": "/work", "every": "10ms", "min_samples": 5, "latency_tolerance": "1s", "timeout": "20s"}
TENTH = (*BUILT, {"promote": {"percent": 10}})


def compare(seconds: str, **more: Any) -> dict[str, Any]:
    return {"compare": {"for": seconds, **COMPARED, **more}}


REST = ({"promote": {"percent": 100}}, {"verify": {"within": "30s"}})


def stable(harness: CliHarness, **behave: Any) -> str:
    """The revision of a release that went well."""
    result = harness.release(harness.config(SHORT, behave))
    assert result.code == 0, f"{result.statuses} {result.errors} {result.of_type('stopped')}"
    return result.candidate


def when(label: str, act: Callable[[], None], status: str = "passed") -> Cue:
    """Once, right after the step of that label was judged so, and before anything else happens."""
    done: list[bool] = []

    def cue(event: dict[str, Any]) -> None:
        met = event["type"] == "judged" and (event["label"], event["status"]) == (label, status)
        if met and not done:
            done.append(True)
            act()

    return cue
