"""What `check` prints fits a screen: long ways are folded, a cause is told once, and what cannot matter is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deploy_lib.cli.check.result import CheckResult
from deploy_lib.cli.check.text import text
from deploy_lib.cli.check.why import answer, answer_lines
from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.analyse import Analysis
from deploy_lib.source.model import MissingFileContext
from tests.source.golden import stage

DOCKERFILE = """\
FROM python:3.12-slim
RUN rm -rf /var/lib/apt/lists/* && curl -o /usr/bin/tool https://example.com/tool
WORKDIR /app
COPY . .
RUN pip install . && ./make-catalog.sh > catalog.json
"""


def result(case: dict[str, Any], *findings: Finding, roots: tuple[str, ...] = ("/app",)) -> CheckResult:
    analysis = Analysis(findings=findings, modules={"web": "web.py"}, roots=roots)
    return CheckResult("shop", "c" * 40, stage({"dockerfile": DOCKERFILE, **case}), analysis, 0.1)


def missing(module: str, rule: str | None = ".dockerignore:3") -> Finding:
    return Finding(Code.MISSING_MODULE, Severity.ERROR, f"{module} is not in the image", module=module, rule=rule)


def test_a_long_way_is_folded() -> None:
    chain = tuple(f"m{number}" for number in range(12))
    found = Finding(Code.MISSING_MODULE, Severity.ERROR, "gone", chain=chain)
    lines = [line.strip() for line in text(result({}, found), ".")]
    assert lines[1:7] == ["m0", "-> m1", "-> ... 7 more ...", "-> m9", "-> m10", "-> m11"]
    short = Finding(Code.MISSING_MODULE, Severity.ERROR, "gone", chain=chain[:6])
    assert "more" not in "\n".join(list(text(result({}, short), "."))[:7])


def test_the_same_rule_is_told_once() -> None:
    others = [missing(f"web.part{number}") for number in range(8)]
    lines = list(text(result({}, missing("web.core"), *others, missing("web.other", None)), "."))
    assert [line for line in lines if ": missing_module" in line] == [
        "error: missing_module: web.core is not in the image",
        "error: missing_module: web.other is not in the image",
    ]
    assert "    the same for web.part0, web.part1, web.part2, web.part3, web.part4 and 3 more" in lines
    assert "10 errors" in lines[-1]


def test_only_what_could_matter_is_called_unknown() -> None:
    lines = [
        line for line in text(result({"files": ["web.py", "pyproject.toml"]}), ".") if line.startswith("not known")
    ]
    assert len(lines) == 1 and lines[0].startswith("not known: what is below /app, since RUN ./make-catalog.sh")


def test_a_place_that_several_steps_make_unknown_is_named_once() -> None:
    steps = "RUN ./one.sh\nRUN ./two.sh\nRUN ./three.sh\n"
    case = {"files": ["web.py"], "dockerfile": f"FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\n{steps}"}
    lines = [line for line in text(result(case), ".") if line.startswith("not known")]
    assert lines == [
        "not known: what is below /app, since RUN ./one.sh may change it (line 4), and 2 more such steps",
    ]


def test_an_installed_project_is_not_called_by_a_path_that_no_image_has() -> None:
    case = {
        "files": ["pyproject.toml"],
        "dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install .\n",
    }
    outcome = replace(result(case), analysis=Analysis(roots=("/app",)))
    lines = [line for line in text(outcome, ".") if line.startswith("not known")]
    assert lines == ["not known: what is installed, since RUN installs the project itself (line 4)"]


@pytest.mark.parametrize(
    ("asked", "file", "name"),
    [
        ("fastapi", "requirements.txt", "fastapi"),
        ("yaml.nodes", "requirements.txt", "pyyaml"),
        ("flask", "Dockerfile", "flask"),
    ],
)
def test_why_of_a_declared_package_names_who_declares_it(asked: str, file: str, name: str) -> None:
    case = {
        "dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt flask\n",
        "texts": {"requirements.txt": "fastapi==0.115\nPyYAML\n"},
    }
    reply = answer(asked, result(case), MissingFileContext({}))
    assert reply["in_image"] and (reply["declared_by"], reply["as"]) == (file, name)
    assert list(answer_lines(reply, "."))[1] == f"  declared by: {file}, as {name}"


@pytest.mark.parametrize(
    ("install", "command", "inside"),
    [
        ("pip install -r requirements.txt", "uvicorn web:app", False),
        ("pip install -r requirements.txt -r requirements-dev.txt", "uvicorn web:app", True),
        ("pip install -r requirements-dev.txt", "uvicorn web:app", True),
        ("uv sync --frozen", "uvicorn web:app", False),
        ("true", "uv run --with-requirements requirements-dev.txt uvicorn web:app", True),
    ],
)
def test_why_of_a_package_whose_file_no_step_installs(install: str, command: str, inside: bool) -> None:
    case = {
        "dockerfile": f"FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN {install}\nCMD {command}\n",
        "texts": {"requirements.txt": "fastapi\n", "requirements-dev.txt": "-r requirements.txt\npytest\n"},
    }
    reply = answer("pytest", result(case), MissingFileContext({}))
    assert (reply["in_image"], reply["declared_by"]) == (inside, "requirements-dev.txt")
    assert ("only if something else installs it" in next(iter(answer_lines(reply, ".")))) is not inside


def test_why_of_a_package_that_the_installed_lock_names() -> None:
    case = {
        "dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN uv sync --frozen\n",
        "texts": {
            "pyproject.toml": "[project]\nname = 'web'\nversion = '1'\ndependencies = ['fastapi']\n",
            "uv.lock": "version = 1\n[[package]]\nname = 'fastapi'\n[[package]]\nname = 'starlette'\n",
        },
    }
    reply = answer("starlette", result(case), MissingFileContext({}))
    assert (reply["in_image"], reply["declared_by"]) == (True, "uv.lock")


def test_one_of_a_kind_is_one() -> None:
    last = list(text(result({"files": ["web.py"]}, missing("lib")), "."))[-1]
    assert "1 error;" in last and ", 1 module followed," in last
