"""A GitHub Actions runner for one composite action, as far as this machine can be one.

Steps run in order as the runner runs them: `if` decides, expressions are replaced, a script runs in the runner's own
bash with its files for outputs and the summary, and what a step writes there is seen by those after it. Of other
actions (`uses`) it is noted with what they were called; `Job.others` has what they answer. Sources: docs.github.com,
"Metadata syntax" and "Evaluate expressions in workflows and actions".
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.waits import WITHIN

ACTION = Path(__file__).resolve().parents[2] / "action.yml"
SHELL = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail")
_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|(&&|\|\||==|!=|!|\(|\))|([A-Za-z_][\w.-]*))")


def evaluate(text: str, contexts: Mapping[str, Any], failed: bool = False) -> Any:
    """An expression of the operators, literals and status functions that the action uses. Raises ValueError."""
    tokens = list(_tokens(text))

    def value() -> Any:
        kind, token = tokens.pop(0)
        if kind == "text":
            return token
        if token == "!":
            return not value()
        if token == "(":
            found = either()
            assert tokens.pop(0) == ("sign", ")"), text
            return found
        if tokens[:2] == [("sign", "("), ("sign", ")")]:
            del tokens[:2]
            return {"always": True, "success": not failed, "failure": failed, "cancelled": False}[token]
        found = contexts
        for part in token.split("."):
            found = found.get(part, "") if isinstance(found, Mapping) else ""
        return found

    def equal() -> Any:
        left = value()
        while tokens and tokens[0] in (("sign", "=="), ("sign", "!=")):
            left = (left == value()) if tokens.pop(0)[1] == "==" else (left != value())
        return left

    def both() -> Any:
        left = equal()
        while tokens and tokens[0] == ("sign", "&&"):
            tokens.pop(0)
            right = equal()
            left = right if left else left
        return left

    def either() -> Any:
        left = both()
        while tokens and tokens[0] == ("sign", "||"):
            tokens.pop(0)
            right = both()
            left = left or right
        return left

    found = either()
    if tokens:
        raise ValueError(f"{text}: not understood from {tokens[0]}")
    return found


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"{text}: not understood from {text[at:]!r}")
        at = match.end()
        literal, sign, name = match.groups()
        yield (
            ("text", literal.replace("''", "'")) if literal is not None else ("sign", sign) if sign else ("name", name)
        )


def filled(text: str, contexts: Mapping[str, Any]) -> str:
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: str(evaluate(found[1].strip(), contexts)), text)


def outputs_in(path: Path) -> dict[str, str]:
    """name=value, or name<<END up to a line that is END."""
    found: dict[str, str] = {}
    lines = iter(path.read_text(encoding="utf-8").splitlines() if path.exists() else ())
    for line in lines:
        name, multi, end = line.partition("<<")
        if multi and "=" not in name:
            found[name] = "\n".join(iter(lambda: next(lines), end))
        else:
            name, _, found[name] = line.partition("=")
    return found


@dataclass
class Job:
    """`github` is the context of that name; `variables` are what the runner's machine has besides."""

    workspace: Path
    temporary: Path  # of this job alone
    github: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    others: dict[str, dict[str, str]] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()  # names of steps
    started: Callable[[str, subprocess.Popen[str]], None] = lambda name, process: None
    called: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
    log: str = ""

    @property
    def summary(self) -> str:
        path = self.temporary / "summary"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def run(self, **given: str) -> dict[str, str]:
        """The action's outputs."""
        action = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
        for name in ("runner-temp", "home"):
            (self.temporary / name).mkdir(parents=True, exist_ok=True)
        inputs = {name: str(each.get("default", "")) for name, each in action["inputs"].items()}
        assert {*given} <= {*inputs}, "an input that the action does not have"
        contexts: dict[str, Any] = {"inputs": {**inputs, **given}, "github": self.github, "steps": {}}
        contexts["runner"] = {"os": "Linux", "arch": "X64", "temp": str(self.temporary / "runner-temp")}
        failed = False
        for step in action["runs"]["steps"]:
            condition = step.get("if", "success()")
            checks_itself = re.search(r"\b(always|success|failure|cancelled)\(\)", condition)
            if not evaluate(condition if checks_itself else f"success() && ({condition})", contexts, failed):
                continue
            if step["name"] in self.left_out:
                continue
            self.ran.append(step["name"])
            if "uses" in step:
                name = step["uses"].partition("@")[0]
                self.called.append((name, {key: filled(str(each), contexts) for key, each in step["with"].items()}))
                code, outputs = 0, self.others.get(name, {})
            else:
                code, outputs = self._script(step, contexts)
            self.codes[step["name"]] = code
            failed = failed or (code != 0 and not step.get("continue-on-error"))
            if "id" in step:
                contexts["steps"][step["id"]] = {"outputs": outputs}
        return {name: filled(each["value"], contexts) for name, each in action["outputs"].items()}

    def _script(self, step: Mapping[str, Any], contexts: Mapping[str, Any]) -> tuple[int, dict[str, str]]:
        script, output = (self.temporary / f"{what}-{uuid.uuid4().hex}" for what in ("script", "output"))
        script.write_text(step["run"], encoding="utf-8")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.temporary / "home"),
            "LANG": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ACTION.parent),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.temporary / "summary"),
            "GITHUB_EVENT_NAME": str(self.github.get("event_name", "")),
            "GITHUB_REF": str(self.github.get("ref", "")),
            "GITHUB_SHA": str(self.github.get("sha", "")),
            "GITHUB_RUN_ID": "1234",
            "RUNNER_TEMP": contexts["runner"]["temp"],
            **self.variables,
            **{name: filled(str(each), contexts) for name, each in step.get("env", {}).items()},
        }
        where = self.workspace / filled(step.get("working-directory", "."), contexts)
        process = subprocess.Popen(
            [*SHELL, str(script)], cwd=where, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.started(step["name"], process)
        out, _ = process.communicate(timeout=WITHIN)
        self.log += out
        return process.returncode, outputs_in(output)


def python() -> dict[str, dict[str, str]]:
    """What actions/setup-python answers here."""
    version = ".".join(map(str, sys.version_info[:3]))
    return {"actions/setup-python": {"python-path": sys.executable, "python-version": version}}
