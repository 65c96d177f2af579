"""Small repositories of the kinds that services are, and what must be said of each: tests/cases/small/*.yaml.

A case has `texts` by path and its `start` below the usual beginning of a Dockerfile, or a whole `dockerfile`. Expected
are the `entry`, the modules or names of all `errors`, and other `codes` that are told; none of them when not named.
`deleted` and `changed` are files of the last commit's change. `undeclared` are the modules of advice about what no
file declares, which most cases leave open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.analyse import Analysis, analyse
from deploy_lib.source.entrypoint import GivenStart
from deploy_lib.source.entrypoint.servers import SERVERS
from deploy_lib.source.model import SUBMODULE, MissingFileContext, TreeFile
from tests.golden_file import read_cases
from tests.source.golden import stage

PLACE = Path(__file__).parents[1] / "cases/small"
HEAD = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"
BROKEN = {
    "requirements.txt": "fastapi\nflask\ngunicorn\nuvicorn\n" + "\n".join(sorted({*SERVERS, "waitress"})),
    "shop/__init__.py": "",
    "shop/web.py": "import shop.lost\n\napp = application = None\n\n\ndef main():\n    pass\n",
}
QUIET = ("undeclared_dependency",)


def cases(*stems: str) -> list[Any]:
    found = []
    for stem in stems:
        for case in read_cases(PLACE / f"{stem}.yaml"):
            if stem == "starts":
                case = {"entry": "shop.web:app", "errors": ["shop.lost"], **case}
                case["texts"] = {**BROKEN, **case.get("texts", {})}
                case["executable"] = [path for path, text in case["texts"].items() if text.startswith("#!")]
            found.append(pytest.param(case, id=f"{stem}: {case['name']}"))
    return found


def held_lately(case: dict[str, Any]) -> Callable[[Iterable[str], Iterable[str]], bool]:
    """Where the last commit took `deleted` away, and changed nothing else but `changed`."""

    def held(paths: Iterable[str], unchanged: Iterable[str]) -> bool:
        return not {*case.get("deleted", ())}.isdisjoint(paths) and {*case.get("changed", ())}.isdisjoint(unchanged)

    return held


def analysed(case: dict[str, Any]) -> tuple[Analysis, list[Finding]]:
    whole = {"dockerfile": HEAD + case.get("start", 'CMD ["uvicorn", "shop.web:app"]') + "\n", **case}
    staged = stage(whole)
    tracked = {file.path: file for file in staged.context.files.values()}
    tracked |= {path: TreeFile(path, SUBMODULE, path, 0) for path in case.get("submodules", ())}
    analysis = analyse(
        staged.contents,
        staged.context,
        staged.read_many,
        lambda: MissingFileContext(tracked, held_lately=held_lately(case)),
        GivenStart(
            tuple(case.get("entrypoints", ())),
            tuple(case.get("pythonpath", ())),
            case.get("env", {}),
            tuple(case.get("command", ())),
            tuple(case.get("args", ())),
        ),
        None,
    )
    return analysis, [*staged.context.findings, *staged.contents.findings, *analysis.findings]


@pytest.mark.parametrize("case", cases("starts", "installed", "steps", "broken", "given", "paths", "undeclared"))
def test_what_is_said_of_it(case: dict[str, Any]) -> None:
    analysis, findings = analysed(case)
    errors = [each for each in findings if each.severity is Severity.ERROR]
    told = sorted({each.code.value for each in findings if each.severity is not Severity.ERROR} - {*QUIET})
    assert analysis.entrypoint == case.get("entry", "shop.web:app"), findings
    assert sorted({each.module or each.code.value for each in errors}) == sorted(case.get("errors", [])), findings
    assert told == sorted(case.get("codes", [])), findings
    if "undeclared" in case:
        assert [each.module for each in findings if each.code in QUIET] == case["undeclared"]
