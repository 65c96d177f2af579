"""Runs a check: reads the repository, follows the imports, shows what was found in the form that was asked for."""

from __future__ import annotations

import argparse
import gc
import time
from dataclasses import replace

from deploy_lib.cli.check.facts import GivenFacts
from deploy_lib.cli.check.result import CheckResult
from deploy_lib.cli.check.subjects import CheckSubject, subjects
from deploy_lib.cli.check.text import last_line, text
from deploy_lib.cli.paths import state_directory
from deploy_lib.cli.repository import commit_of, repository
from deploy_lib.cli.show.console import say, say_as_is, say_json
from deploy_lib.drivers.fact_cache import open_cache
from deploy_lib.drivers.parse_workers import side_by_side
from deploy_lib.drivers.source.driver import GitSource
from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Severity
from deploy_lib.source.analyse import analyse
from deploy_lib.source.stored_facts import FactCache


def run(args: argparse.Namespace) -> int:
    """The exit code. Raises NotPossible, ConfigError and DriverError."""
    started = time.perf_counter()
    gc.disable()  # the run is short, and syntax trees are freed without it
    try:
        return _run(args, started)
    finally:
        gc.enable()


def _run(args: argparse.Namespace, started: float) -> int:
    root = repository(args.repo)
    chosen = subjects(args, root)
    commit = commit_of(root, args.commit)
    facts = GivenFacts.read(args.facts, chosen) if args.facts else None
    cache = open_cache(state_directory(args.state))
    source = GitSource(root, cache)
    try:
        outcomes = []
        for subject in chosen:
            outcomes.append(_check(subject, source, commit, args.worktree, cache, started, facts))
            started = time.perf_counter()
        if args.why:
            return _why(args, outcomes, source, commit, str(root))
        _show(args, outcomes, str(root))
    finally:
        source.close()
        cache.close()
    stopping = (Severity.ERROR, Severity.WARNING) if args.warnings else (Severity.ERROR,)
    stopped = any(
        finding.severity in stopping or (args.strict and finding.code is Code.UNKNOWN_START)
        for outcome in outcomes
        for finding in outcome.findings
    )
    return 1 if stopped else 0


def _check(
    subject: CheckSubject,
    source: GitSource,
    commit: str,
    worktree: bool,
    cache: FactCache,
    started: float,
    facts: GivenFacts | None,
) -> CheckResult:
    if worktree:
        staged = source.stage_worktree(subject.source, subject.cloud_build)
    else:
        staged = source.stage_commit(commit, subject.source, subject.cloud_build)
    learned = facts.about(subject, staged, source) if facts else None
    staged = replace(staged, contents=learned.contents) if learned else staged
    analysis = analyse(
        staged.contents,
        staged.context,
        staged.read_many,
        lambda: source.missing_file_context(commit),
        subject.start,
        cache,
        subject.undeclared,
        learned.known if learned else None,
        side_by_side,
    )
    differs = dict(source.differences()) if worktree else {}
    return CheckResult(
        subject.service, commit, staged, analysis, time.perf_counter() - started, worktree, differs, learned
    )


def _show(args: argparse.Namespace, outcomes: list[CheckResult], root: str) -> None:
    match args.output:
        case "json":
            from deploy_lib.cli.check.document import document

            documents = [document(outcome, files=args.files) for outcome in outcomes]
            say_json(documents[0] if len(documents) == 1 else documents, indent=2)
        case "sarif":
            from deploy_lib.cli.check.sarif import sarif

            say_json(sarif(outcomes), indent=2)
        case "github":
            from deploy_lib.cli.show.github import annotation

            for outcome in outcomes:
                for finding in outcome.findings:
                    say_as_is(annotation(finding))
                say(last_line(outcome))
        case "text":
            for outcome in outcomes:
                say(*text(outcome, root, files=args.files))


def _why(args: argparse.Namespace, outcomes: list[CheckResult], source: GitSource, commit: str, root: str) -> int:
    """0 when it is in the image of every service that was asked about."""
    from deploy_lib.cli.check.why import answer, answer_lines

    answers = [answer(args.why, outcome, source.missing_file_context(commit)) for outcome in outcomes]
    if args.output == "json":
        say_json(answers[0] if len(answers) == 1 else answers, indent=2)
    else:
        say(*(line for each in answers for line in answer_lines(each, root)))
    return 0 if all(each["in_image"] for each in answers) else 1
