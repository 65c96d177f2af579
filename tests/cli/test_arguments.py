"""Mistyped command lines say what was most likely meant; --version says which commit of the tool this is."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from deploy_lib.cli.arguments import parse
from deploy_lib.cli.selection import config_path
from deploy_lib.cli.version import version_line
from deploy_lib.model.not_possible import NotPossible

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.fast
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["statsu"], "'statsu' is not a command; did you mean status?"),
        (["Rollback"], "'Rollback' is not a command; did you mean rollback?"),
        (["hystory", "--limit", "3"], "'hystory' is not a command; did you mean history?"),
        (["xyzzy"], "'xyzzy' is not a command\n"),
        (["--sevice", "a"], "unrecognized arguments: --sevice a; did you mean --service?"),
        (["status", "--sevice=a"], "unrecognized arguments: --sevice=a; did you mean --service?"),
        (["rollback", "--too", "x"], "unrecognized arguments: --too x; did you mean --to?"),
        (["--project", "p", "status"], "unrecognized arguments: status; a command comes first, its flags after it"),
        (["status", "backend"], "unrecognized arguments: backend; a service is named with --service\n"),
        (["report", "one", "two"], "unrecognized arguments: two; a service is named with --service\n"),
        (["--no-such-thing-at-all"], "unrecognized arguments: --no-such-thing-at-all\n"),
        (
            ["--sevice", "a", "--projct=p"],
            ": --sevice a --projct=p; did you mean --service?; did you mean --project?\n",
        ),
        (["local", "up", "--project", "p"], ": --project p; --project is a flag of deploy and others\n"),
        (["status", "--follow"], "unrecognized arguments: --follow; --follow is a flag of logs\n"),
        (["status", "--output", "jsno"], "did you mean json?"),
        (["local", "upp"], "did you mean up?"),
        (["report", "--format", "mdd"], "did you mean md?"),
        (["completion", "bsh"], "did you mean bash?"),
        (["\x1b]0;title\x07status"], "is not a command"),
        (["s" * 100_000], "is not a command"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_a_mistyped_word_is_told_with_what_was_meant(
    capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert told in said and "\x1b" not in said
    first, hint = said.splitlines()
    assert ": error: " in first and hint.endswith(" --help") and "usage" not in said


@pytest.mark.fast
@pytest.mark.parametrize(
    ("words", "told", "more"),
    [
        (["deploy", "--project"], "argument --project: expected one argument", "deploy --help"),
        (["--output", "yaml"], "argument --output: invalid choice: 'yaml'", "deploy --help"),
        (["approve"], "the following arguments are required: id", "approve --help"),
        (["history", "--limit", "x"], "argument --limit: 'x' is not a whole number", "history --help"),
        (["prune", "--keep", "2.5"], "argument --keep: '2.5' is not a whole number", "prune --help"),
        (["check", "--facts"], "argument --facts: expected one argument", "check --help"),
        (["logs", "--revision", "a", "--release", "b"], "argument --release: not allowed with", "logs --help"),
        (["nothing"], "'nothing' is not a command", "deploy_to_gcp.py --help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_stands_first_with_the_command_that_tells_more(
    capsys: pytest.CaptureFixture[str], words: list[str], told: str, more: str
) -> None:
    with pytest.raises(SystemExit):
        parse(words)
    first, hint = capsys.readouterr().err.splitlines()
    assert told in first and hint.endswith(more), (first, hint)
    with pytest.raises(SystemExit) as ended:
        parse(shlex.split(hint.partition("deploy_to_gcp.py")[2]))
    assert ended.value.code == 0


@pytest.mark.fast
@pytest.mark.parametrize(
    ("project", "ending"),
    [
        (
            "shop-staging",
            "known: local-cloud; init writes one: {init} --new --project shop-staging --region us-central1",
        ),
        ("local-clod", "'local-clod'; did you mean local-cloud?"),
    ],
)
def test_a_project_without_a_file_is_told_what_writes_it(tmp_path: Path, project: str, ending: str) -> None:
    """As after `init --local`: there is a file, and none of that project."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "local.yaml").write_text("project: local-cloud\n", encoding="utf-8")
    with pytest.raises(NotPossible) as told:
        config_path(parse(["plan", "--project", project]), tmp_path)
    init = r"\S+ \S*scripts/deploy_to_gcp.py init"
    assert re.search(re.escape(ending).replace(r"\{init\}", init), told.value.message), told.value.message


def _git(where: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    return subprocess.run(["git", *who, *words], cwd=where, capture_output=True, text=True, check=True).stdout.strip()


def test_the_version_is_the_commit_of_the_tool_wherever_it_lies(tmp_path: Path) -> None:
    """In a checkout of its own, vendored in a repository that went on without it, changed, and in no repository."""
    tool = tmp_path / "repository" / "tools"
    (tool / "deploy_lib").mkdir(parents=True)
    (tool / "pyproject.toml").write_text('[project]\nname = "deploy-to-gcp"\nversion = "9.8.7"\n')
    assert version_line(tool) == "deploy_to_gcp.py 9.8.7, commit unknown"
    _git(tool.parent, "init", "--quiet")
    _git(tool.parent, "add", ".")
    _git(tool.parent, "commit", "--quiet", "--message", "Vendor it")
    vendored = _git(tool.parent, "rev-parse", "HEAD")
    _git(tool.parent, "commit", "--quiet", "--allow-empty", "--message", "Go on")
    assert version_line(tool) == f"deploy_to_gcp.py 9.8.7, commit {vendored}"
    (tool / "deploy_lib" / "more.py").write_text("")
    assert version_line(tool) == f"deploy_to_gcp.py 9.8.7, commit {vendored}, with changes that are not committed"
    (tool / "deploy_lib" / "commit.txt").write_text("1f2e3d4c\n")  # as a package has it
    assert version_line(tool) == "deploy_to_gcp.py 9.8.7, commit 1f2e3d4c"


def test_the_version_needs_no_package() -> None:
    bare = [sys.executable, "-I", "-S", str(ROOT / "scripts" / "deploy_to_gcp.py"), "--version"]
    done = subprocess.run(bare, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"deploy_to_gcp\.py \d+\.\d+\.\d+, commit \S.*\n", done.stdout)
