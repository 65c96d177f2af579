"""selftest: every gate must reject its known-bad case; one that lets it through is reported, and the exit code is 1.

The gates that read the repository are run for real, on one made for it in a temporary directory; the others judge
the answer that their driver would bring. No cloud is touched.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy_lib.cli.show.console import say
from deploy_lib.drivers.fact_cache import NoFactCache
from deploy_lib.drivers.source.driver import GitSource
from deploy_lib.model.release import Status
from deploy_lib.release.perform import read
from deploy_lib.steps.catalogue import KINDS
from deploy_lib.steps.kind import Kind, Verdict
from deploy_lib.steps.known_bad import RELEASE, SERVICE, BadCase


def main(args: argparse.Namespace) -> int:
    wrong, untested = 0, []
    for name, kind in KINDS.items():
        for case in kind.known_bad:
            verdict = _judged(kind, case)
            rejected = verdict.status is not Status.PASSED
            wrong += not rejected
            say(f"{name:<16} {'rejects' if rejected else 'NOT REJECTED'}  {case.what}: {verdict.reason}")
        if not kind.known_bad:
            untested.append(name)
    if untested:
        say(f"without a known-bad case: {', '.join(untested)}")
    failed = "some gates pass a release that they must reject; see above"
    say("every gate rejects its known-bad case" if not wrong and not untested else failed)
    return 1 if wrong or untested else 0


def _judged(kind: Kind[Any, Any, Any], case: BadCase) -> Verdict:
    settings = kind.settings.model_validate(case.settings)
    if case.repository is None:
        return kind.verdict(settings, RELEASE, case.answer)
    with tempfile.TemporaryDirectory(prefix="selftest-") as name:
        root = Path(name)
        for path, text in case.repository.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        release = replace(RELEASE, service=replace(SERVICE, entrypoint="app.main"), commit=_commit(root))
        source = GitSource(root, NoFactCache())
        try:
            return kind.verdict(settings, release, read(kind.ask(settings, release), source))
        finally:
            source.close()


def _commit(root: Path) -> str:
    """The hash of a first commit of everything that is not ignored, made without anything of the person's git."""
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
