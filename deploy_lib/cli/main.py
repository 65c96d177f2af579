"""Dispatches a command line, and turns every way a command can end into a message and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from deploy_lib.cli.arguments import Misuse, parse
from deploy_lib.cli.called import NAME
from deploy_lib.cli.show.streams import ReaderLeft, prepare_streams, put_line
from deploy_lib.model.not_possible import NotPossible

COMMAND_MODULES = {
    "deploy": "deploy_lib.cli.deploy",
    "plan": "deploy_lib.cli.plan",
    "check": "deploy_lib.cli.check",
    "resume": "deploy_lib.cli.resume",
    "rollback": "deploy_lib.cli.rollback",
    "approve": "deploy_lib.cli.approve",
    "hold": "deploy_lib.cli.hold",
    "status": "deploy_lib.cli.status",
    "history": "deploy_lib.cli.history",
    "report": "deploy_lib.cli.report",
    "logs": "deploy_lib.cli.logs",
    "open": "deploy_lib.cli.open",
    "prune": "deploy_lib.cli.prune",
    "local": "deploy_lib.cli.local_cloud",
    "init": "deploy_lib.cli.init",
    "doctor": "deploy_lib.cli.doctor",
    "guard": "deploy_lib.cli.guard",
    "selftest": "deploy_lib.cli.selftest",
    "completion": "deploy_lib.cli.completion",
}


def main(argv: list[str], **given: object) -> int:
    """The exit code of the command. Prints errors to standard error; never raises for what a user can cause.

    `given` is passed on to the command: another clock, say, as tests bring one.
    """
    prepare_streams()
    args = parsed(argv)
    result = None
    code, error = 0, ""
    try:
        if hasattr(args, "result"):
            from deploy_lib.cli.result import result_of

            result = result_of(args)
        if result is not None:
            result.begin()
            given["result"] = result
        code = import_module(COMMAND_MODULES[args.command]).main(args, **given)
    except ReaderLeft:
        pass
    except (Exception, KeyboardInterrupt) as problem:
        lines, code = _in_words(problem)
        _say(lines)
        error = "\n".join(lines)
    if result is not None:
        result.end(code, error)
    return code


def parsed(argv: list[str]) -> argparse.Namespace:
    """As `parse`. What is refused is told to whoever reads the command's result too."""
    try:
        return parse(argv)
    except Misuse as refused:
        from deploy_lib.cli.result import tell_misuse

        tell_misuse(argv, refused.message)
        raise


def _say(lines: list[str]) -> None:
    """The last line is what the command came to; GitHub shows those of a configuration in their places."""
    from deploy_lib.cli.program import shorter
    from deploy_lib.cli.show.console import say_error

    if lines[1:] and os.environ.get("GITHUB_ACTIONS") == "true":
        from deploy_lib.cli.show.github import configuration_annotation

        for line in map(configuration_annotation, lines[:-1]):
            put_line(line, sys.stderr)
    else:
        for line in lines[:-1]:
            say_error(line)
    say_error(f"{NAME}: {shorter(lines[-1])}")


def _in_words(problem: BaseException) -> tuple[list[str], int]:
    """The lines of an error and the exit code. Errors are of rooms that are loaded by now; anything else is a fault of
    the tool, kept whole for a bug report."""
    if isinstance(problem, NotPossible):
        return [problem.message], problem.code
    if isinstance(problem, KeyboardInterrupt):
        return ["interrupted"], 130
    from deploy_lib.config.problems import ConfigError
    from deploy_lib.drivers.interface import DriverError, Interrupted

    if isinstance(problem, Interrupted):
        return ["interrupted; nothing was changed"], 130
    if isinstance(problem, ConfigError):
        lines = [str(each) for each in problem.problems]
        return [*lines, f"{len(lines)} problem(s) in the configuration; nothing was done"], 2
    if isinstance(problem, DriverError):
        return [f"{problem.reason}\n  {problem.remedy}" if problem.remedy else problem.reason], 4
    if isinstance(problem, OSError) and problem.strerror:  # a directory that cannot be written, a disk that is full
        where = problem.filename or "standard output, or what is kept"
        return [f"{where}: {problem.strerror}; --state names another directory for what is kept"], 4
    from deploy_lib.cli.crash import keep

    return [f"a fault of this tool: {problem!r}\n  the details are in {keep(problem)}"], 4
