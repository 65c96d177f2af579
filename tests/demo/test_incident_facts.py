"""The incident's report is held against everything it must state: each thing left out is noticed."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from rehearse import incident_facts

REPORT: dict[str, Any] = {
    "subject": {"seconds": 15.8},
    "cause": {
        "module": incident_facts.MODULE,
        "chain": [{"module": module, "file": "a.py", "line": 3} for module in incident_facts.CHAIN],
        "whereabouts": ["a.py exists in the working copy", "it is not in the image"],
        "rule": ".gitignore:7",
        "frequency": "2 identical failures in 12 s, every 12 s, each after 0.7 s",
        "exit_code": "1",
        "noticed_after": 6.5,
    },
    "impact": {"users": ["x kept 100 %; 0 requests were lost to this release."]},
    "comparison": {
        "facts": [{"what": "image", "before": "sha256:1", "now": "sha256:2"}],
        "files": ["changed: /app/shop/core_enums.py"],
    },
    "recommendations": [{"command": "git add --force -- a.py"}],
}
CHANGES: list[tuple[tuple[str | int, ...], Any]] = [
    (("cause", "module"), "another"),
    (("cause", "chain"), []),
    (("cause", "chain", 2, "line"), 0),
    (("cause", "whereabouts", 0), "a.py"),
    (("cause", "whereabouts", 1), "x"),
    (("cause", "rule"), None),
    (("cause", "frequency"), "1 failure"),
    (("cause", "exit_code"), None),
    (("impact", "users", 0), "x kept 100 %"),
    (("impact", "users", 0), "0 requests were lost"),
    (("comparison", "facts"), []),
    (("comparison", "facts", 0, "before"), None),
    (("comparison", "files"), []),
    (("recommendations", 0, "command"), "pray"),
    (("subject", "seconds"), None),
    (("cause", "noticed_after"), None),
    (("cause",), None),
]


def test_a_whole_report_has_no_fault() -> None:
    assert incident_facts.faults(REPORT) == []
    stated = dict(incident_facts.facts(REPORT))
    assert stated["image before"] == "sha256:1" and stated["first crash to verdict"] == "6.5 s"


@pytest.mark.parametrize(("path", "value"), CHANGES, ids=str)
def test_what_is_missing_is_noticed(path: tuple[str | int, ...], value: Any) -> None:
    broken = copy.deepcopy(REPORT)
    place: Any = broken
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert len(incident_facts.faults(broken)) >= 1
