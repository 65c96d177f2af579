"""A diagnosis that an earlier version wrote is read as if it were of today; what it knew of a cause was texts then."""

from __future__ import annotations

import json

import pytest

from deploy_lib.journal.lines import decode, encode
from deploy_lib.model.cause import Cause, CauseFacts, Presence, Quota, Whereabouts
from deploy_lib.model.codes import Code
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.journal import Diagnosed
from tests.unit.samples import NOON

BEFORE = [
    (
        {"exit_code": "1", "on_disk": "yes", "in_image": "no", "why": "git ignores it", "rule": ".gitignore:2",
         "missing_file": "shop/x.py", "finding": "gitignored"},
        CauseFacts(exit_code=1),
        Whereabouts(Presence.YES, in_image=Presence.NO, why="git ignores it", rule=".gitignore:2", file="shop/x.py"),
    ),
    ({"listens": "9000", "expected": "8080"}, CauseFacts(listens=9000, expected=8080), None),
    ({"needed": "251.0", "allowed": "240"}, CauseFacts(needed=251.0, allowed=240.0), None),
    ({"variables": "DATABASE_URL, WORKERS"}, CauseFacts(variables=("DATABASE_URL", "WORKERS")), None),
    ({"quota": "Cpu", "requested": "60", "allowed": "20"}, CauseFacts(quota=Quota("Cpu", 60, 20)), None),
    ({"status": "FAILURE", "build": "b-1", "base": "acme"},
     CauseFacts(build="b-1", base="acme"), None),
    ({"status": "500", "upstream": "10.0.0.5:6379"}, CauseFacts(status=500, upstream="10.0.0.5:6379"), None),
    ({"holds": "null bytes"}, CauseFacts(null_bytes=True), None),
    ({"of_tomorrow": "1"}, CauseFacts(), None),
    ({}, CauseFacts(), None),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "found", "where"), BEFORE)
def test_what_was_text(facts: dict[str, str], found: CauseFacts, where: Whereabouts | None) -> None:
    now = json.loads(encode(Diagnosed(NOON, Cause(Code.MISSING_MODULE, "it lacks x"), Evidence())))
    del now["cause"]["whereabouts"]
    read = decode(json.dumps({**now, "cause": {**now["cause"], "facts": facts}}).encode())
    assert isinstance(read, Diagnosed)
    assert (read.cause.facts, read.cause.whereabouts) == (found, where)


@pytest.mark.parametrize(("facts", "found", "where"), BEFORE)
def test_what_is_written_now_is_read_as_it_was(
    facts: dict[str, str], found: CauseFacts, where: Whereabouts | None
) -> None:
    told = Diagnosed(NOON, Cause(Code.UNKNOWN, "why", facts=found, whereabouts=where), Evidence())
    assert decode(encode(told)) == told


def test_only_what_is_known_is_written() -> None:
    told = Diagnosed(NOON, Cause(Code.UNKNOWN, "why", facts=CauseFacts(exit_code=0, listens=80)), Evidence())
    assert json.loads(encode(told))["cause"]["facts"] == {"exit_code": 0, "listens": 80}
