"""A diagnosis that an earlier version wrote is read as if it were of today; what it knew of a cause was texts then."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from deploy_lib.journal.lines import decode, encode
from deploy_lib.model.cause import Cause, Presence, Whereabouts
from deploy_lib.model.cause_facts import (
    BuildFacts,
    CauseFacts,
    DockerfileFacts,
    FileFacts,
    PlainFacts,
    PortFacts,
    Quota,
    RefusalFacts,
    RequirementFacts,
    SecretFacts,
    SettingsFacts,
    StartTimeFacts,
    UpstreamFacts,
)
from deploy_lib.model.codes import Code
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.journal import Diagnosed
from tests.unit.samples import NOON

BEFORE = [
    (
        {"exit_code": "1", "on_disk": "yes", "in_image": "no", "why": "git ignores it", "rule": ".gitignore:2",
         "missing_file": "shop/x.py", "finding": "gitignored"},
        PlainFacts(exit_code=1),
        Whereabouts(Presence.YES, in_image=Presence.NO, why="git ignores it", rule=".gitignore:2", file="shop/x.py"),
    ),
    ({"listens": "9000", "expected": "8080"}, PortFacts(listens=9000, expected=8080), None),
    ({"needed": "251.0", "allowed": "240"}, StartTimeFacts(needed=251.0, allowed=240.0), None),
    ({"variables": "DATABASE_URL, WORKERS"}, SettingsFacts(variables=("DATABASE_URL", "WORKERS")), None),
    ({"quota": "Cpu", "requested": "60", "allowed": "20"}, RefusalFacts(quota=Quota("Cpu", 60, 20)), None),
    ({"status": "FAILURE", "build": "b-1", "base": "acme"},
     DockerfileFacts(build="b-1", base="acme"), None),
    ({"status": "500", "upstream": "10.0.0.5:6379"}, UpstreamFacts(status=500, upstream="10.0.0.5:6379"), None),
    ({"holds": "null bytes"}, FileFacts(null_bytes=True), None),
    ({"of_tomorrow": "1"}, PlainFacts(), None),
    ({}, PlainFacts(), None),
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
    told = Diagnosed(NOON, Cause(Code.UNKNOWN, "why", facts=PortFacts(exit_code=0, listens=80)), Evidence())
    assert json.loads(encode(told))["cause"]["facts"] == {"type": "port", "exit_code": 0, "listens": 80}


FLAT = [
    ({}, PlainFacts()),
    ({"exit_code": 3}, PlainFacts(exit_code=3)),
    ({"exit_code": 1, "file": "shop/x.py", "line": 4}, FileFacts(1, file="shop/x.py", line=4)),
    ({"message": "no", "account": "a@b", "permission": "run.services.get"},
     RefusalFacts(message="no", account="a@b", permission="run.services.get")),
    ({"secret": "key", "account": "a@b", "message": "no"}, SecretFacts(secret="key", account="a@b", message="no")),
    ({"build": "b-1"}, BuildFacts(build="b-1")),
    ({"build": "b-1", "requirement": "x==9"}, RequirementFacts(build="b-1", requirement="x==9")),
    ({"type": "of_tomorrow", "listens": 80, "depth": 3}, PortFacts(listens=80)),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "found"), FLAT)
def test_one_record_for_all_causes(facts: dict[str, object], found: CauseFacts) -> None:
    now = json.loads(encode(Diagnosed(NOON, Cause(Code.UNKNOWN, "why"), Evidence())))
    read = decode(json.dumps({**now, "cause": {**now["cause"], "facts": facts}}).encode())
    assert isinstance(read, Diagnosed)
    assert read.cause.facts == found


RECORDS = get_args(get_args(CauseFacts)[0])


@pytest.mark.parametrize("record", RECORDS, ids=[record().type for record in RECORDS])
def test_every_record_is_read_as_it_was_written(record: type[PlainFacts]) -> None:
    """An empty one too: nothing but its type says what it is."""
    written = Diagnosed(NOON, Cause(Code.UNKNOWN, "why", facts=record(exit_code=1)), Evidence())
    assert decode(encode(written)) == written
