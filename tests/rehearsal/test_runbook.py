"""Every command of docs/runbook.md, typed in its order at a service that is as the section says."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import forked
from tests.forked import COMMAND
from tests.rehearsal.cli_harness import CliHarness
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import BUILT, REST

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
PROJECT = "netra-staging"


def commands() -> list[str]:
    lines = re.findall(r"^    (deploy(?: .*)?)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    return [line.partition("  #")[0].rstrip() for line in lines]


class Operator:
    """A person in the repository, whose `deploy` is the alias of the runbook's first lines."""

    def __init__(self, harness: CliHarness) -> None:
        self.harness = harness
        self.count = 0
        services = {name: harness.entry(f"{harness.service}-{name}", {"n": 0}) for name in ("auth", "backend")}
        nightly = {"cloud_run": f"{harness.service}-nightly", "command": ["python", "-c", "pass"], "run": True}
        nightly["entrypoint"] = "app.main"
        self.document: dict[str, Any] = {
            "project": PROJECT,
            "local": True,
            "region": "us-central1",
            "images": f"us-central1-docker.pkg.dev/{PROJECT}/services",
            "services": services,
            "jobs": {"nightly": nightly},
            "steps": [BUILT[0], {"import_check": None}, *BUILT[1:], *REST],
        }
        harness.write(".dockerignore", "config/\n")  # a configuration makes no other image
        self.change()

    def change(self) -> None:
        """A commit of another release."""
        self.count += 1
        for entry in self.document["services"].values():
            entry["env"]["BEHAVE"] = json.dumps({"n": self.count})
        self.harness.write("config/staging.yaml", yaml.safe_dump(self.document, sort_keys=False))
        self.harness.commit()

    def type(self, command: str) -> str:
        """What it printed; it must end well."""
        variables = {**self.harness.variables, "XDG_STATE_HOME": str(self.harness.root / "xdg"), "NO_COLOR": "1"}
        typed = re.sub(r"^deploy\b", shlex.join([sys.executable, str(COMMAND)]), command)
        done = forked.paste(typed, variables={**os.environ, **variables}, cwd=self.harness.repository)
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
            self.other.split({serving: 60, others[-1]: 40})
        if command.startswith("deploy --"):
            self.change()
        if "rollback" in command and "--job" in command:  # to the image before
            self.harness.write("app/parts/words.py", 'GREETING = "good evening"\n')
            self.harness.commit()
            self.type(f"deploy --project {PROJECT} --job nightly")
        if "--unpin" in command:  # after a release, as it says itself
            self.change()
            self.type(f"deploy --project {PROJECT} --service backend")

    @property
    def other(self) -> OtherClient:
        return OtherClient(self.harness, project=PROJECT, service=f"{self.harness.service}-backend")

    def filled_in(self, command: str) -> str:
        """Names of the runbook's example replaced by those of this service's first release."""
        first = self.state()["history"][-1]
        for example, real in (
            ("report ID", f"report {first['id']}"),
            ("--release 9f8e", f"--release {first['id']}"),
            (" --follow", ""),  # it ends with its reader
            ("netra-backend-00041-a1b2c3d", first["candidate"]),
            ("20260302t120000-backend-abc1234-9f3a", first["id"]),
            ("abc1234", first["commit"][:7]),
        ):
            command = command.replace(example, real)
        return command


@pytest.mark.slow
def test_every_command_runs_as_it_is_printed(harness: CliHarness) -> None:
    operator, typed = Operator(harness), commands()
    assert len(typed) > 20 and not [each for each in typed if "..." in each]
    operator.type(f"deploy --project {PROJECT} --all")
    for command in typed:
        operator.before(command)
        text = operator.type(operator.filled_in(command))
        if command.split()[1] not in ("report", "history", "check", "logs", "open") and "--job" not in command:
            assert "serving" in text.splitlines()[-1] or " plan " in command, text
