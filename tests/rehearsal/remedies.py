"""What a person does who was told the cause of a failed release: exactly what is printed, from first to last.

A command is pasted into a shell, far from the repository. An instruction, behind "# ", is carried out as EDITS
describes it for its story; to write a setting into the YAML needs no description.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests import forked
from tests.rehearsal.broken import WELL
from tests.rehearsal.cli_harness import PROJECT, CliHarness

_SETTING = re.compile(r"# write (\w+): (\S+) for the service, at (\S+):(\d+)$")


@dataclass(frozen=True, slots=True)
class Edit:
    """`told` stands in what was printed: in the sentence, an instruction, or the output of a command that was pasted.

    `files` are written and committed, `code` is what the server's module says instead of what it said, `entry` are
    keys of the service in the YAML, `steps` replace steps of the same kind.
    """

    told: str
    files: Mapping[str, str] = field(default_factory=dict)
    entry: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, Any] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)


def module(name: str, text: str = "") -> dict[str, str]:
    return {f"app/broken/{name}.py": text}


CONNECTOR = f"projects/{PROJECT}/locations/us-central1/connectors/main"
SERVER = "app/main.py"
STAYS = {'sys.exit(BEHAVE["exit_at_start"])': "pass"}
OPEN = {"secrets": {"KEY": "catalogue-open:latest"}}
_INSTALL = "RUN cp /tmp/asyncpg.py $(python -c 'import site; print(site.getsitepackages()[0])')"
EDITS = {
    "missing-module": Edit(
        "app.broken.llm_config_types is not in the image", module("llm_config_types", "class LLMConfig: ...\n")
    ),
    "missing-name": Edit(
        "# bind FAREWELL in app.parts.words, or correct the import at app/broken/missing_name.py:1",
        {"app/parts/words.py": 'GREETING = "good day"\nFAREWELL = "bye"\n'},
    ),
    "syntax": Edit("# correct the syntax at app/broken/syntax.py:1", module("syntax", "def list_orders(): ...\n")),
    "encoding": Edit("# save the file as UTF-8 at app/broken/encoding.py:1", module("encoding", 'NAME = "café"\n')),
    "null-bytes": Edit(
        "# save the file as UTF-8 at app/broken/null_bytes.py:2, without null bytes",
        module("null_bytes", "NAME = 1\n"),
    ),
    "dependency": Edit(
        "# let a RUN of the Dockerfile install asyncpg",
        {"asyncpg.py": "", "Dockerfile": WELL.replace("COPY", f"COPY asyncpg.py /tmp/\n{_INSTALL}\nCOPY", 1)},
    ),
    "circle": Edit(
        "# move the import that closes the circle into the function that needs it at app/broken/circle_back.py:1",
        module("circle_back", "def two():\n    from app.broken.circle import one\n\n    return one + 1\n"),
    ),
    "setting": Edit("# write OPENAI_API_KEY with its value under env:", env={"OPENAI_API_KEY": "none"}),
    "settings-words": Edit("# write DATABASE_URL with its value under env:", env={"DATABASE_URL": "none"}),
    "missing-file": Edit(
        "/srv/config/settings.toml is not in the image",
        {"config/settings.toml": "", "Dockerfile": WELL.replace("COPY", "COPY config/ config/\nCOPY", 1)},
    ),
    "upstream": Edit("# check that vpc_connector: and the address are right", module("upstream")),
    "port-taken": Edit("# let only one process listen on $PORT", module("port_taken")),
    "ends-well": Edit("# let the start command be the server, in the foreground: Dockerfile:5", code=STAYS),
    "ends-badly": Edit("no use going on", code=STAYS),
    "never": Edit("# let the server listen on $PORT: Dockerfile:5", module("forever")),
    "localhost": Edit(
        "# let the server listen on 0.0.0.0 instead of localhost: Dockerfile:5, or the code that binds it",
        code={'BEHAVE.get("address", "0.0.0.0")': '"0.0.0.0"'},
    ),
    "slow": Edit("# write cpu: ", code={'"late" in BEHAVE': "False"}),  # a larger CPU is not to be had on this machine
    "connector": Edit("# correct vpc_connector: at ", entry={"vpc_connector": CONNECTOR}),
    "secret": Edit("# correct secrets: at ", entry=OPEN),
    "secret-version": Edit("# correct secrets: at ", entry=OPEN),
    "secret-access": Edit("# correct secrets: at ", entry=OPEN),
    "not-found": Edit("# correct path: and what is expected, at ", steps={"probe": {"path": "/work"}}),
    "redirect": Edit("# correct path: and what is expected, at ", steps={"probe": {"path": "/work"}}),
    "body": Edit("# correct path: and what is expected, at ", steps={"probe": {"json": {"status": "degraded"}}}),
    "server-error": Edit("answers 500", code={'BEHAVE.get("health", 200)': "200"}),
    "sluggish": Edit("longer than 1 s", code={'time.sleep(BEHAVE.get("health_slow", 0))': "pass"}),
    "copy": Edit("requirements/prod.txt", {"requirements/prod.txt": ""}),
    "run": Edit("RUN in line 3 of the Dockerfile", {"docker/failing_run.Dockerfile": WELL}),
    "pip": Edit("# correct fastapi==99.0 at ", {"docker/pip.Dockerfile": WELL}),
    "no-command": Edit("# correct gunicorn in docker/no_command.Dockerfile:4", {"docker/no_command.Dockerfile": WELL}),
    "no-command-in-shell": Edit(
        "# correct gunicorn in docker/no_command_in_shell.Dockerfile:4", {"docker/no_command_in_shell.Dockerfile": WELL}
    ),
    "misspelt": Edit(
        "# write gunicorn instead of gunicon in CMD or ENTRYPOINT, and let the Dockerfile install gunicorn",
        {"docker/misspelt.Dockerfile": WELL},
    ),
    "machine": Edit("# build for linux/amd64 and copy no program", {"docker/other_machine.Dockerfile": WELL}),
    "slow-build": Edit("# raise timeout: of the build", steps={"build": {"timeout": "2m"}}),
}
"""By the name of the story; one that is not here has only commands."""


def carry_out(
    harness: CliHarness, name: str, config: Path, cause: Mapping[str, Any]
) -> subprocess.CompletedProcess[str]:
    """All that was printed; how the last command, the release, ended."""
    *before, release = cause["commands"]
    printed = [cause["sentence"]]
    for line in before:
        printed.append(line)
        setting = _SETTING.match(line)
        if setting:
            _write(config, setting[1], setting[2], setting[3])
        elif not line.startswith("#"):
            done = paste(harness, line)
            assert done.returncode in (0, 1) and "usage:" not in done.stderr, (line, done.stdout + done.stderr)
            printed.append(done.stdout + done.stderr)
    if name in EDITS:
        assert any(EDITS[name].told in each for each in printed), "\n".join(printed)
        _edit(harness, config, EDITS[name])
    return paste(harness, release)


def paste(harness: CliHarness, command: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = {
        f"GIT_{who}_{what}": "example@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    environment = {**plain, **harness.variables, **who, "GIT_CONFIG_GLOBAL": os.devnull, "NO_COLOR": "1"}
    return forked.paste(command, variables=environment, cwd=harness.root)


def _write(config: Path, key: str, value: str, file: str) -> None:
    """The line that is named must be one of this file; where in the service's block the key goes, YAML knows."""
    assert Path(file) == config, file
    _change(config, {key: yaml.safe_load(value)}, {}, {})


def _edit(harness: CliHarness, config: Path, edit: Edit) -> None:
    for path, text in edit.files.items():
        harness.write(path, text)
    text = (harness.repository / SERVER).read_text()
    for said, says in edit.code.items():
        assert said in text, f"{SERVER} does not say {said}"
        text = text.replace(said, says)
    harness.write(SERVER, text)
    harness.commit("Mend it")
    _change(config, edit.entry, edit.env, edit.steps)


def _change(config: Path, entry: Mapping[str, Any], env: Mapping[str, str], steps: Mapping[str, Any]) -> None:
    document = yaml.safe_load(config.read_text())
    service = document["services"]["backend"]
    service.update(entry)
    service["env"].update(env)
    document["steps"] = [_step(step, steps) for step in document["steps"]]
    config.write_text(yaml.safe_dump(document, sort_keys=False))


def _step(step: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    (kind,) = step
    return {kind: changed.get(kind, step[kind])}
