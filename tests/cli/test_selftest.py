"""selftest: a gate that lets its known-bad case pass is reported."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_lib.cli.main import main
from deploy_lib.steps.catalogue import KINDS
from deploy_lib.steps.kind import Kind
from deploy_lib.steps.known_bad import BadCase


def test_every_gate_rejects_its_known_bad_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "every gate rejects its known-bad case"
    assert {line.split()[0] for line in lines[:-1]} == set(KINDS)


CASES = [pytest.param(kind, case, id=case.what) for kind in KINDS.values() for case in kind.known_bad]


@pytest.mark.parametrize(("kind", "case"), CASES)
def test_a_known_bad_case_is_made_of_what_the_gate_judges(kind: Kind[Any, Any, Any], case: BadCase) -> None:
    assert case.repository or isinstance(case.answer, kind.answer)
