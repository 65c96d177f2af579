"""Every command of docs/runbook.md, typed in its order at a service that is as the section says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rehearsal.scripts import BUILT, REST
from tests.rehearsal.someone import Someone
from tests.rehearsal.theatre import COMMAND, Theatre
from tests.waits import WITHIN

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
PROJECT = "netra-staging"


def commands() -> list[str]:
    lines = re.findall(r"^    (deploy(?: .*)?)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    return [line.partition("  #")[0].rstrip() for line in lines]


class Desk:
    """A person in the repository, whose `deploy` is the alias of the runbook's first lines."""

    def __init__(self, theatre: Theatre) -> None:
        self.theatre = theatre
        self.count = 0
        services = {name: theatre.entry(f"{theatre.service}-{name}", {"n": 0}) for name in ("auth", "backend")}
        self.document: dict[str, Any] = {
            "project": PROJECT,
            "local": True,
            "region": "us-central1",
            "images": f"us-central1-docker.pkg.dev/{PROJECT}/services",
            "services": services,
            "steps": [*BUILT, *REST],
        }
        theatre.write(".dockerignore", "config/\n")  # a configuration makes no other image
        self.change()

    def change(self) -> None:
        """A commit of another release."""
        self.count += 1
        for entry in self.document["services"].values():
            entry["env"]["BEHAVE"] = json.dumps({"n": self.count})
        self.theatre.write("config/staging.yaml", yaml.safe_dump(self.document, sort_keys=False))
        self.theatre.commit()

    def type(self, command: str) -> str:
        """What it printed; it must end well."""
        variables = {**self.theatre.variables, "XDG_STATE_HOME": str(self.theatre.root / "xdg"), "NO_COLOR": "1"}
        alias = f'deploy() {{ {shlex.quote(sys.executable)} {shlex.quote(str(COMMAND))} "$@"; }}\n'
        done = subprocess.run(
            ["bash", "-c", alias + command],
            cwd=self.theatre.repository, env={**os.environ, **variables}, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=WITHIN,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.type(f"deploy status --project {PROJECT} --service backend --output json")
        )
        return found

    def before(self, command: str) -> None:
        """The service as it is when a person types this."""
        if " resume" in command:
            self.change()
            self.type(f"deploy --project {PROJECT} --service backend --no-traffic")
        if "last-release" in command or "--accept" in command:
            serving, *_ = self.state()["serving"]
            others = [each["name"] for each in self.state()["revisions"] if each["name"] != serving]
            self.someone.split({serving: 60, others[-1]: 40})
        if command.startswith("deploy --"):
            self.change()

    @property
    def someone(self) -> Someone:
        return Someone(self.theatre, project=PROJECT, service=f"{self.theatre.service}-backend")

    def filled_in(self, command: str) -> str:
        """Names of the runbook's example replaced by those of this service's first release."""
        first = self.state()["history"][-1]
        for example, real in (
            ("report ID", f"report {first['id']}"),
            ("netra-backend-00041-a1b2c3d", first["candidate"]),
            ("20260302t120000-backend-abc1234-9f3a", first["id"]),
            ("abc1234", first["commit"][:7]),
        ):
            command = command.replace(example, real)
        return command


@pytest.mark.slow
def test_every_command_runs_as_it_is_printed(theatre: Theatre) -> None:
    desk, typed = Desk(theatre), commands()
    assert len(typed) > 20 and not [each for each in typed if "..." in each]
    desk.type(f"deploy --project {PROJECT} --all")
    for command in typed:
        desk.before(command)
        said = desk.type(desk.filled_in(command))
        if command.split()[1] not in ("report", "history", "check"):
            assert "serving" in said.splitlines()[-1] or " plan " in command, said
