"""What is predicted is what a real Python does: programs made at random, imported for real and judged from their text.

An error must mean that the import fails; an import that fails where everything can be known must have been foretold.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy_lib.model.findings import Finding, Severity
from tests.source.imports.golden import analysed
from tests.source.imports.programs import ENTRY, Program, program
from tests.source.imports.truth import Importer, Truth

RULE = ".dockerignore:3 dockerignored"


@pytest.fixture(scope="module")
def importer() -> Iterator[Importer]:
    started = Importer()
    yield started
    started.close()


def compared(made: Program, root: Path, importer: Importer) -> tuple[Truth, list[Finding]]:
    """What happened, and every error and warning that was foretold."""
    for path, text in made.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    case = {
        "entry": ENTRY,
        "files": {**made.files, "requirements.txt": "fastapi\n"},
        "dropped": dict.fromkeys(made.absent, RULE),
    }
    findings = [each for each in analysed(case).findings if each.severity is not Severity.ADVICE]
    return importer.imported(root, ENTRY), findings


def errors(findings: list[Finding]) -> list[Finding]:
    return [each for each in findings if each.severity is Severity.ERROR]


@pytest.mark.parametrize("batch", range(2))
def test_an_error_is_always_right(batch: int, tmp_path: Path, importer: Importer) -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(batch * 150, batch * 150 + 150):
        made = program(random.Random(seed))
        truth, findings = compared(made, tmp_path / str(seed), importer)
        found = errors(findings)
        assert truth.error or not found, f"{made}\nworks, but: {found}"
        outcomes["fails" if truth.error else "works"] += 1
    assert min(outcomes["fails"], outcomes["works"]) > 25  # both kinds of program were made


@pytest.mark.parametrize("batch", range(2))
def test_failures_are_foretold(batch: int, tmp_path: Path, importer: Importer) -> None:
    """In programs without what only running can tell. A few fail where two readings of a name disagree."""
    foretold = failed = 0
    for seed in range(batch * 150, batch * 150 + 150):
        made = program(random.Random(seed), knowable=True)
        truth, findings = compared(made, tmp_path / str(seed), importer)
        found = errors(findings)
        assert truth.error or not found, f"{made}\nworks, but: {found}"
        failed += truth.error is not None
        foretold += truth.error is not None and bool(found)
    assert failed > 50
    assert foretold >= 0.97 * failed


def test_the_place_is_right_where_there_is_one_error(tmp_path: Path, importer: Importer) -> None:
    checked = 0
    for seed in range(200):
        made = program(random.Random(seed), knowable=True)
        truth, findings = compared(made, tmp_path / str(seed), importer)
        if truth.error and len(findings) == 1 and findings[0].severity is Severity.ERROR:
            assert (findings[0].file, findings[0].line) == truth.places[-1], f"{made}\n{truth}\n{findings}"
            checked += 1
    assert checked > 15
