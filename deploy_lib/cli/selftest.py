"""selftest: every gate must reject its known-bad case; one that lets it through is reported, and the exit code is 1.

The gates that read the repository are run for real, on one made for it in a temporary directory; the others judge
the answer that their driver would bring. No cloud is touched.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from deploy_lib.cli.known_bad import CASES, RELEASE, SERVICE
from deploy_lib.cli.show.printing import say
from deploy_lib.config.catalogue import KINDS
from deploy_lib.drivers.fact_cache import NoFacts
from deploy_lib.drivers.source import GitSource
from deploy_lib.model import requests
from deploy_lib.model.release import Status

FILES = {
    "Dockerfile": 'FROM python:3.11-slim\nWORKDIR /app\nCOPY app/ app/\nCMD ["python", "-m", "app.main"]\n',
    ".gitignore": "llm_*.py\n",
    "app/__init__.py": "",
    "app/main.py": "from app.llm_config import MODEL\n",
    "app/llm_config.py": 'MODEL = "small"\n',
}


def main(args: argparse.Namespace) -> int:
    wrong = 0
    seen: set[str] = set()
    for kind, told, status, reason in (*_for_real(), *_judged()):
        rejected = status is not Status.PASSED
        wrong += not rejected
        seen.add(kind)
        say(f"{kind:<16} {'rejects' if rejected else 'LETS PASS'}  {told}: {reason}")
    untested = sorted(set(KINDS) - seen)
    if untested:
        say(f"without a known-bad case: {', '.join(untested)}")
    say("every gate rejects its known-bad case" if not wrong and not untested else "a gate is not a gate; see above")
    return 1 if wrong or untested else 0


def _judged() -> Iterator[tuple[str, str, Status, str]]:
    for case in CASES:
        kind = KINDS[case.kind]
        verdict = kind.judge(kind.settings.model_validate(case.settings), RELEASE, case.answer)
        yield case.kind, case.told, verdict.status, verdict.reason


def _for_real() -> Iterator[tuple[str, str, Status, str]]:
    """A module that is imported and that only the disk has, as both gates before the build see it."""
    with tempfile.TemporaryDirectory(prefix="selftest-") as name:
        root = Path(name)
        for path, text in FILES.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        release = replace(RELEASE, service=replace(SERVICE, entrypoint="app.main"), commit=_commit(root))
        source = GitSource(root, NoFacts())
        try:
            for label, answer in (
                ("git_clean", source.read_checkout(requests.ReadCheckout(release))),
                ("image_contents", source.read_source(requests.ReadSource(release))),
            ):
                kind = KINDS[label]
                verdict = kind.judge(kind.settings.model_validate({}), release, answer)
                yield label, "an imported module that git ignores", verdict.status, verdict.reason
        finally:
            source.close()


def _commit(root: Path) -> str:
    """The hash of a first commit of everything that is not ignored, made without anything of the person's own git."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = ["-c", "user.name=selftest", "-c", "user.email=selftest@example.invalid"]

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *who, *words], cwd=root, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    git("init", "--quiet", "--initial-branch=main")
    git("add", "--all")
    git("commit", "--quiet", "--message", "selftest")
    return git("rev-parse", "HEAD")
