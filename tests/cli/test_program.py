"""How the tool tells people to call it: whole where it is kept, short where they stand, always right for a shell."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy_lib.cli.arguments import parse
from deploy_lib.cli.program import SCRIPT, program_of, shorter, typed
from deploy_lib.model.program import Invocation

FULL = Invocation(
    "python3 /opt/tools/scripts/deploy_to_gcp.py",
    config="/srv/my repo/config/staging.yaml",
    project="netra-staging",
    services=("backend", "auth"),
    repo="/srv/my repo",
    region="us-central1",
    state="/var/lib/it's state",
    again=("--no-traffic", "--service-account", "backend@p.iam.gserviceaccount.com"),
)
COMMANDS = {
    "deploy": (),
    "plan": (),
    "check": ("--why", "app.main"),
    "resume": ("--force",),
    "rollback": ("--to", "x", "--now"),
    "hold": ("--release",),
    "status": (),
    "logs": ("--follow",),
    "open": (),
    "prune": ("--keep", "5", "--yes"),
    "history": (),
    "report": ("20260302t120000-backend-9f8e7d6",),
    "local": ("up",),
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("program", [FULL, Invocation(project="p", services=("backend",)), Invocation()], ids=str)
def test_every_command_parses_as_printed(name: str, program: Invocation) -> None:
    line = program.command(name, *COMMANDS[name], note="why it's there")
    words = shlex.split(line, comments=True)
    args = parse(words[2:])
    assert args.command == name
    if program is FULL and name in ("deploy", "resume"):
        assert (args.config, args.repo, args.state) == (FULL.config, FULL.repo, FULL.state)
        assert args.service == ["backend", "auth"] and args.region == "us-central1"


def test_the_shell_gives_the_words_as_they_were() -> None:
    line = FULL.command("resume", note="go on")
    said = subprocess.run(["bash", "-c", line.replace("python3", "printf '%s\\n'", 1)], capture_output=True, text=True)
    assert said.stdout.splitlines() == shlex.split(line, comments=True)[1:]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "my repo"
    (root / ".git").mkdir(parents=True)
    (root / "app").mkdir()
    return root


@pytest.mark.parametrize(
    ("stands", "shown"),
    [
        (".", "resume --config config/a.yaml --service backend"),
        ("app", "resume --config '{root}/config/a.yaml' --service backend"),
        ("..", "resume --config 'my repo/config/a.yaml' --service backend --repo 'my repo'"),
        ("../..", "resume --config '{inside}/config/a.yaml' --service backend --repo '{inside}'"),
    ],
)
def test_paths_are_short_from_where_the_user_stands(repository: Path, stands: str, shown: str) -> None:
    here = (repository / stands).resolve()
    program = Invocation(typed(), str(repository / "config" / "a.yaml"), repo=str(repository)).of("backend")
    inside = repository.relative_to(here) if repository.is_relative_to(here) else ""
    said = shorter(f"then {program.command('resume')}", here)
    assert said == f"then {typed()} {shown.format(root=repository, inside=inside)}"


def test_a_vendored_script_is_named_by_its_path_below() -> None:
    root = SCRIPT.parents[1]
    assert shorter(Invocation(typed()).command("status"), root.parent).startswith(
        f"{typed().partition(' ')[0]} {root.name}/scripts/deploy_to_gcp.py status"
    )


def test_a_repository_inside_another_keeps_its_option(repository: Path) -> None:
    inner = repository / "vendor"
    (inner / ".git").mkdir(parents=True)
    command = Invocation(typed(), repo=str(repository)).of("backend").command("deploy")
    assert f"--repo '{repository}'" in shorter(command, inner)


def test_other_texts_stay_as_they_are() -> None:
    text = f"gcloud run --config {Path.cwd()}/x"
    assert shorter(text) == text


def test_a_command_line_is_remembered(tmp_path: Path) -> None:
    args = parse(["deploy", "--local", "--no-traffic", "--build-local", "--state", str(tmp_path), "--region", "r"])
    program = program_of(args, Path("config/local.yaml"), tmp_path)
    assert (program.config, program.state) == (str(Path.cwd() / "config/local.yaml"), str(tmp_path))
    assert (program.region, program.again) == ("r", ("--build-local", "local", "--no-traffic"))


@pytest.mark.parametrize(
    ("words", "released"),
    [
        ([], ()),
        (["--commit", "7cf72eb"], ("--commit", "7cf72eb")),
        (["--skip-build"], ("--skip-build",)),
        (["--skip-build", "a@sha256:1"], ("--skip-build", "a@sha256:1")),
    ],
)
def test_what_was_to_be_released_is_remembered(words: list[str], released: tuple[str, ...]) -> None:
    """The same release once more is of that; one after a mend is not."""
    program = program_of(parse(["deploy", "--local", *words]))
    assert program.released == released
    assert program.same_release("--force").endswith(" ".join(("--force", *released)))
    assert "--commit" not in program.command("deploy") and "--skip-build" not in program.command("deploy")


def test_the_interpreter_is_one_that_can_run_it() -> None:
    word = shlex.split(typed())[0]
    assert Path(shutil.which(word) or "").absolute() == Path(sys.executable).absolute()
