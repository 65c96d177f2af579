"""Dispatches a command line, and turns every way a command can end into a message and an exit code."""

from __future__ import annotations

from importlib import import_module

from deploy_lib.cli.arguments import parse
from deploy_lib.cli.called import NAME
from deploy_lib.cli.show.streams import prepare_streams
from deploy_lib.model.not_possible import NotPossible

COMMAND_MODULES = {
    "deploy": "deploy_lib.cli.deploy",
    "plan": "deploy_lib.cli.plan",
    "check": "deploy_lib.cli.check",
    "resume": "deploy_lib.cli.resume",
    "rollback": "deploy_lib.cli.rollback",
    "hold": "deploy_lib.cli.hold",
    "status": "deploy_lib.cli.status",
    "history": "deploy_lib.cli.history",
    "report": "deploy_lib.cli.report",
    "logs": "deploy_lib.cli.logs",
    "open": "deploy_lib.cli.open",
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
    args = parse(argv)
    try:
        code: int = import_module(COMMAND_MODULES[args.command]).main(args, **given)
        return code
    except NotPossible as refused:
        return _say(refused.message, refused.code)
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return _say("interrupted", 130)
    except Exception as problem:
        return _unforeseen(problem)


def _unforeseen(problem: Exception) -> int:
    """Errors of rooms that are loaded by now; anything else is a fault of the tool, kept whole for a bug report."""
    from deploy_lib.cli.show.console import say_error
    from deploy_lib.config.problems import ConfigError
    from deploy_lib.drivers.interface import DriverError, Interrupted

    if isinstance(problem, Interrupted):
        return _say("interrupted; nothing was changed", 130)
    if isinstance(problem, ConfigError):
        for each in problem.problems:
            say_error(str(each))
        return _say(f"{len(problem.problems)} problem(s) in the configuration; nothing was done", 2)
    if isinstance(problem, DriverError):
        return _say(f"{problem.reason}\n  {problem.remedy}" if problem.remedy else problem.reason, 4)
    if isinstance(problem, OSError) and problem.strerror:  # a directory that cannot be written, a disk that is full
        where = problem.filename or "standard output, or what is kept"
        return _say(f"{where}: {problem.strerror}; --state names another directory for what is kept", 4)
    from deploy_lib.cli.crash import keep

    return _say(f"a fault of this tool: {problem!r}\n  the details are in {keep(problem)}", 4)


def _say(message: str, code: int) -> int:
    from deploy_lib.cli.program import shorter
    from deploy_lib.cli.show.console import say_error

    say_error(f"{NAME}: {shorter(message)}")
    return code
