"""Every class of failure, from recorded evidence: the right class, the right words, the right remedy."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from deploy_lib.diagnose.remedy_context import RemedyContext
from deploy_lib.diagnose.verdict import diagnose, startup_verdict
from deploy_lib.model.cause import Cause
from deploy_lib.model.cause_facts import CauseFacts
from tests.unit.diagnose.cases import CLASSES, SERVICE, Case, cases

ALL = list(cases())


@pytest.mark.parametrize("case", ALL, ids=[case.name for case in ALL])
def test_gives(case: Case) -> None:
    cause = diagnose(case.evidence, (), SERVICE, case.attempts)
    assert _wrong(cause, case.gives) == []


def test_the_catalogue_holds_every_class() -> None:
    assert CLASSES - {case.gives["kind"] for case in ALL} == set()


@pytest.mark.parametrize("case", [c for c in ALL if c.name.startswith("python")], ids=lambda case: str(case.name))
def test_a_wait_ends_early_exactly_when_trying_again_cannot_help(case: Case) -> None:
    """After the second identical crash, and never before."""
    verdict = startup_verdict(case.evidence.log, (), SERVICE.entrypoint)
    assert (verdict is not None) == diagnose(case.evidence, (), SERVICE).deterministic
    ends = [number for number, line in enumerate(case.evidence.log) if "exit(" in line.text]
    assert startup_verdict(case.evidence.log[: ends[0] + 1], (), SERVICE.entrypoint) is None
    second = startup_verdict(case.evidence.log[: ends[1] + 1], (), SERVICE.entrypoint)
    assert (second is not None) == (verdict is not None)


def test_every_cause_says_what_to_type_next() -> None:
    for case in ALL:
        commands = diagnose(case.evidence, (), SERVICE, case.attempts).commands
        assert commands[-1] == "python3 scripts/deploy_to_gcp.py", case.name
        assert len(commands) > 1, case.name


def test_every_file_of_the_catalogue_is_read() -> None:
    assert len(list(Path(__file__).parents[2].glob("cases/diagnose/*.yaml"))) == len(
        {c.name.split(":")[0] for c in ALL}
    )


def _wrong(cause: Cause, gives: dict[str, object]) -> list[str]:
    """What differs from what the case says, in words; empty when nothing does."""
    found: list[str] = []
    for key, wanted in gives.items():
        match key:
            case "sentence":
                ok, seen = str(wanted) in cause.sentence, cause.sentence
            case "command":
                ok, seen = any(str(wanted) in command for command in cause.commands), str(cause.commands)
            case "chain":
                links = [f"{link.module} {link.file}:{link.line}" for link in cause.chain]
                ok, seen = links == wanted, str(links)
            case "facts":
                assert isinstance(wanted, dict)
                known = TypeAdapter(CauseFacts).dump_python(cause.facts, mode="json")
                ok, seen = {name: known.get(name) for name in wanted} == wanted, str(known)
            case "frequency":
                ok, seen = str(cause.frequency) == wanted, str(cause.frequency)
            case _:
                ok, seen = getattr(cause, key) == wanted, str(getattr(cause, key))
        if not ok:
            found.append(f"{key} is {seen!r}, not {wanted!r}")
    return found


@pytest.mark.standard
def test_every_advice_is_a_line_that_a_shell_can_read() -> None:
    """Commands as they stand, instructions as comments: nothing printed is a syntax error or a word to fill in."""
    advice = {command for case in ALL for command in diagnose(case.evidence, (), SERVICE, case.attempts).commands}
    read = subprocess.run(["bash", "-n"], input="\n".join(advice), capture_output=True, text=True)
    assert (read.returncode, read.stderr) == (0, "")
    typed = [command for command in advice if not command.startswith("# ")]
    assert [
        line for line in typed if re.search(r"\b(?:FILE|MODULE|PROJECT|SERVICE|ACCOUNT|WHO_DEPLOYS|CALLER)\b", line)
    ] == []


def test_advice_for_a_local_cloud_names_nothing_of_google() -> None:
    context = RemedyContext(local=True, release="r-1")
    for case in ALL:
        commands = diagnose(case.evidence, (), SERVICE, case.attempts, context).commands
        assert not [line for line in commands if "gcloud" in line or "console.cloud.google.com" in line], case.name


def test_no_setting_is_changed_by_hand() -> None:
    """The next release would undo it; the line of the YAML is named instead."""
    places = {"service": "config/staging.yaml:9", "memory": "config/staging.yaml:12"}
    for case in ALL:
        commands = diagnose(case.evidence, (), SERVICE, case.attempts, RemedyContext(places=places)).commands
        assert not [line for line in commands if "run services update" in line], case.name
        if case.gives["kind"] == "out_of_memory":
            assert any("config/staging.yaml:12" in line for line in commands), commands
