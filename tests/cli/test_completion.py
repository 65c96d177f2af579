"""What a shell is offered at a Tab: commands, flags, values, and names out of the YAML that the words before name."""

from __future__ import annotations

import argparse
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy_lib.cli.arguments import COMMANDS
from deploy_lib.cli.completion import complete, names_of_files
from deploy_lib.cli.main import main

GOOD = """\
project: netra-{name}
region: us-central1
images: host/netra-{name}/services
services: {{{services}}}
steps: [build, canary, {{promote: {{percent: 100}}}}]
"""


def named(kind: str, given: argparse.Namespace) -> list[str]:
    return {"service": ["backend", "auth"], "project": ["netra-staging", "netra-production"]}[kind]


def offered(*words: str, bash: bool = False) -> list[str]:
    return [found.word for found in complete(words, named, splits_at_equals=bash)]


@pytest.mark.fast
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sta"], ["status"]),
        (["--vers"], ["--version"]),
        (["xyz"], []),
        (["local", ""], ["up", "down", "status", "env"]),
        (["local", "up", "--prof"], ["--profile"]),
        (["local", "up", "--profile", ""], ["relaxed", "production"]),
        (["status", "--service", ""], ["backend", "auth"]),
        (["status", "--service", "b"], ["backend"]),
        (["status", "--service=b"], ["--service=backend"]),
        (["--project", "netra-s"], ["netra-staging"]),
        (["logs", "a"], ["auth"]),
        (["logs", "--fo"], ["--follow"]),
        (["open", ""], ["backend", "auth"]),
        (["report", "--format", "j"], ["json", "junit"]),
        (["completion", "z"], ["zsh"]),
        (["--state", ""], []),  # the shell offers files
        (["nonsense", "--outp"], ["--output"]),
    ],
    ids=" ".join,
)
def test_what_may_come_next(words: list[str], expected: list[str]) -> None:
    assert offered(*words) == expected


@pytest.mark.fast
def test_every_command_is_offered_with_what_it_is_for() -> None:
    assert {found.word: found.meaning for found in complete([""], named)} == COMMANDS


@pytest.mark.fast
def test_bash_splits_a_word_at_its_equals_sign() -> None:
    assert offered("status", "--service", "=", "b", bash=True) == ["backend"]
    assert offered("status", "--service", "=", bash=True) == ["backend", "auth"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "config").mkdir()
    for name, services in (("one", "backend: {cloud_run: b}"), ("two", "web: {cloud_run: w}, backend: {cloud_run: b}")):
        (tmp_path / "config" / f"{name}.yaml").write_text(GOOD.format(name=name, services=services))
    (tmp_path / "config" / "broken.yaml").write_text("project: netra-broken\nservices: [1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "typed", "expected"),
    [
        ("project", [], ["netra-broken", "netra-one", "netra-two"]),
        ("service", [], ["backend", "web"]),
        ("service", ["--project", "netra-one"], ["backend"]),
        ("service", ["--project", "netra-none"], []),
        ("service", ["--project", "netra-broken"], []),
        ("service", ["--config", "nowhere.yaml"], []),
        ("service", ["--repo", "/nowhere"], []),
    ],
)
def test_names_come_from_the_files_that_count(
    repository: Path, kind: str, typed: list[str], expected: list[str]
) -> None:
    given = argparse.Namespace(project=None, config=None, repo=str(repository), local=False)
    for flag, value in zip(typed[::2], typed[1::2], strict=True):
        setattr(given, flag.removeprefix("--"), value)
    assert [*names_of_files(kind, given)] == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_its_shell_takes_and_asks_this_program(
    shell: str, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell, "--name", "ship"]) == 0
    script = capsys.readouterr().out
    assert "deploy-to-gcp deploy_to_gcp.py ship" in script
    if shutil.which(shell) is None:  # what it says is held against the tool alone then
        assert f"completion {shell} --for" in script
        return
    asks = {
        "bash": "COMP_WORDS=(ship status --service = we); COMP_CWORD=4; _deploy_to_gcp; echo ${COMPREPLY[@]}",
        "zsh": "true",
        "fish": "complete -C 'ship status --service we' | string split -f1 \\t",
    }[shell]
    given = script.replace("\ncompdef ", "\n: ")  # only an interactive zsh has it
    asked = subprocess.run([shell, "-c", f"{given}\n{asks}"], cwd=repository, capture_output=True, text=True)
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout == ("" if shell == "zsh" else "web\n")
