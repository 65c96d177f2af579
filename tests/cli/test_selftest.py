"""selftest: a gate that lets its known-bad case pass is reported."""

from __future__ import annotations

import pytest

from deploy_lib.cli.known_bad import CASES
from deploy_lib.cli.main import main
from deploy_lib.config.catalogue import KINDS


def test_every_gate_rejects_its_known_bad_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "every gate rejects its known-bad case"
    assert {line.split()[0] for line in lines[:-1]} == set(KINDS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.told)
def test_a_known_bad_case_is_made_of_what_the_gate_judges(case: object) -> None:
    kind = KINDS[case.kind]  # type: ignore[attr-defined]
    assert isinstance(case.answer, kind.answer)  # type: ignore[attr-defined]
