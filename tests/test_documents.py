"""What the documents tell to type is understood, and what they link to is there."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import dev
import fresh_machine
from rehearse.__main__ import arguments

from deploy_lib.cli.arguments import parse

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), ROOT / "deploy_lib" / "local_cloud" / "README.md")
    if "decisions" not in path.parts
)
SCRIPT = r"python3? (?:\S+/)?scripts/deploy_to_gcp\.py"


def commands(text: str) -> list[list[str]]:
    """The words after the tool's name: of lines of code, and of code in a sentence that names the tool in full."""
    lines = re.findall(rf"^(?:    |\$ )?(?:deploy|deploy-to-gcp|{SCRIPT})((?: .*)?)$", text, re.M)
    inline = re.findall(rf"`(?:deploy-to-gcp|{SCRIPT}) ([^`\n]+)`", text)
    found = [shlex.split(line.partition("  #")[0]) for line in (*lines, *inline)]
    return [words for words in found if "..." not in words and "[COMMAND]" not in words and words != ["--version"]]


def test_commands_are_found() -> None:
    assert commands(
        "```\ndeploy-to-gcp check  # no cloud\n```\n    deploy --all\nsee `deploy-to-gcp plan --local`\n"
        "python ../tools/scripts/deploy_to_gcp.py status\n"
    ) == [
        ["check"],
        ["--all"],
        ["status"],
        ["plan", "--local"],
    ]
    assert sum(len(commands(page.read_text(encoding="utf-8"))) for page in PAGES) > 40


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_is_understood(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in commands(page.read_text(encoding="utf-8")):
        try:
            parse(words)
        except SystemExit as ended:
            assert ended.code == 0, f"{shlex.join(words)}: {capsys.readouterr().err}"


def test_every_command_of_developers_is_one() -> None:
    pages = [page.read_text(encoding="utf-8") for page in (*PAGES, ROOT / "tests" / "README.md")]
    found = [match.split() for text in pages for match in re.findall(r"scripts/dev\.py ([a-z][^`#\n]*)", text)]
    assert len(found) > 10 and {words[0] for words in found} <= set(dev.COMMANDS)
    for words in found:
        if words[0] in ("demo", "incident", "bench"):
            arguments(words)


def test_what_a_fresh_machine_types_is_understood() -> None:
    """`dev.py fresh` takes minutes; that its commands are still commands takes none."""
    typed = [step.words for step in fresh_machine.steps()]
    found = [
        words.split() for line in typed for words in re.findall(r"(?:/deploy-to-gcp|to_gcp\.py) ([a-z][^&]*)", line)
    ]
    assert {"check", "init", "deploy", "status", "rollback", "plan", "doctor", "local"} <= {words[0] for words in found}
    for words in found:
        parse(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {slug(each) for each in headings}, target


def slug(heading: str) -> str:
    """As GitHub makes anchors of headings."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
