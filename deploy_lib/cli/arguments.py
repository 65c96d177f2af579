"""The command line: every command, what it is for, and what its flags mean.

Standard library only: nothing of the tool is read but the words below and the names of the report's formats, so
`--help` answers at once even where no package is installed yet.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from deploy_lib.cli.called import NAME
from deploy_lib.cli.reading_arguments import add_reading_arguments, whole_number
from deploy_lib.cli.releasing_arguments import add_deploy_arguments, add_release_arguments
from deploy_lib.cli.setting_up_arguments import add_init_arguments, add_local_arguments
from deploy_lib.cli.show.streams import put_line
from deploy_lib.cli.suggestions import did_you_mean, unknown_arguments

DESCRIPTION = """\
Deploy a service to Google Cloud Run through staged steps. A bad release is stopped at the earliest step that can
know, users never see it, and you are told what is wrong, why, and what to type next."""

EPILOG = f"""\
examples:
  {NAME} --project netra-staging --service backend      deploy the commit that is checked out
  {NAME} plan --project netra-staging --service backend what would happen; changes nothing
  {NAME} check --worktree                               what would be missing from the image, no cloud needed
  {NAME} rollback --project netra-staging --service backend
  {NAME} --config config/local.yaml --service backend   the same for real, on this machine

exit codes:
  0 live, or ready as asked   1 rejected, users unaffected   2 usage or configuration   3 held, a person must decide
  4 could not find out, nothing left half moved   5 busy or frozen, nothing was done
  130 interrupted and restored; with --on cloud-build: left, and the release goes on"""

COMMANDS = {
    "deploy": "release a commit (the default when no command is named)",
    "plan": "everything a release would do, without doing it",
    "check": "what the image will hold and which import will fail; needs no cloud",
    "resume": "go on with a release that was held or whose client died",
    "rollback": "put the last good traffic back",
    "approve": "say yes to a release that waits for it",
    "hold": "block deployments of a service for a while",
    "status": "what serves, who deploys, the last releases",
    "history": "releases with outcome, cause and duration",
    "report": "the audit report of a release",
    "logs": "what a service, a revision or a release wrote, and what it writes now",
    "open": "the address of a service, in a browser where there is one",
    "prune": "delete revisions and images that nothing needs; says which, and deletes with --yes",
    "local": "the local cloud: up, down, status, env",
    "guard": "watch a release that others make, and put its traffic back if its client dies; what `guard:` runs",
    "init": "write the YAML of a service: one that runs, one of a Knative file, or a new one",
    "doctor": "whether the project has all that a release will need; changes nothing",
    "selftest": "every gate must reject its known-bad case",
    "completion": "a script for your shell that completes commands, flags, services and projects",
}


def _is_plain(message: str) -> bool:
    """Whether there is nothing in it to be made fit, as in our own words."""
    return message.isascii() and message.replace("\n", "").isprintable() and "##" not in message and "::" not in message


class Misuse(SystemExit):
    """A command line that cannot be read; `message` has been printed."""

    def __init__(self, message: str) -> None:
        super().__init__(2)
        self.message = message


class _Parser(argparse.ArgumentParser):
    """Says what is wrong and where more stands, without the flags; repeats what was given only in a form that no
    terminal and no CI log obeys."""

    def error(self, message: str) -> NoReturn:
        from deploy_lib.cli.program import shorter, typed

        command = self.prog.removeprefix(NAME)
        self._print_message(f"{self.prog}: error: {message}\n", sys.stderr)
        self._print_message(f"  {shorter(typed())}{command} --help\n", sys.stderr)
        raise Misuse(message)

    def _print_message(self, message: str, file: Any = None) -> None:
        if not _is_plain(message):
            from deploy_lib.printable import shown

            message = shown(message)
        out = file or sys.stderr
        if message and out is not None:
            put_line(message, out, end="")  # an output that is full is told, which newer versions of argparse pass over

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            error.message += did_you_mean(str(value), map(str, action.choices or ()))
            raise


class _Version(argparse.Action):
    """Prints it and ends, as --help does; nothing is read of the tool before."""

    def __call__(self, parser: argparse.ArgumentParser, *given: object) -> NoReturn:
        from deploy_lib.cli.version import version_line

        put_line(version_line(), sys.stdout)
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """The whole command line. `args.command` names the command."""
    top = _Parser(
        prog=NAME,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="show the version and the tool's commit, and exit")
    commands = top.add_subparsers(dest="command", metavar="command", title="commands")
    made = {
        name: commands.add_parser(name, help=text, description=f"{name}: {text}.") for name, text in COMMANDS.items()
    }
    for name in ("deploy", "plan"):
        _where(made[name], services=True)
        add_release_arguments(made[name])
    made["plan"].add_argument(
        "--explain",
        metavar="KEY",
        help="only which file a setting is from, and what it replaced, e.g. memory or services.backend.env",
    )
    add_deploy_arguments(made["deploy"])
    for name in ("deploy", "resume", "rollback"):
        made[name].add_argument(
            "--result", metavar="FILE", help="write how the command ended, what serves and where, as JSON"
        )
    for name in ("deploy", "resume", "rollback", "hold"):
        made[name].add_argument(
            "--wait", metavar="TIME", help="when somebody else has the service, queue for this long, e.g. 10m"
        )
    for name in (
        "resume",
        "rollback",
        "approve",
        "hold",
        "status",
        "history",
        "report",
        "logs",
        "open",
        "prune",
        "doctor",
        "guard",
    ):
        _where(made[name], services=name != "report")
    _others(made)
    return top


def parse(argv: list[str]) -> argparse.Namespace:
    """Exits with code 2 on misuse. A command line without a command deploys."""
    named = argv and (argv[0] in COMMANDS or argv[0] in ("-h", "--help", "--version"))
    top = parser()
    if argv and not named and not argv[0].startswith("-"):
        top.error(f"{argv[0]!r} is not a command{did_you_mean(argv[0], COMMANDS)}")
    args, unknown = top.parse_known_args(argv if named else ["deploy", *argv])
    if unknown:
        known = {name: tuple(each._option_string_actions) for name, each in command_parsers(top).items()}
        command_parsers(top)[args.command].error(unknown_arguments(unknown, args.command, known))
    if getattr(args, "named", None):
        args.service.insert(0, args.named)
    given = {name: value for name, value in vars(args).items() if name != "words"}  # a Tab comes before a word, too
    empty = [name for name, value in given.items() if value == "" or (isinstance(value, list) and "" in value)]
    if empty:
        flags = ", ".join(FLAGS.get(name, f"--{name.replace('_', '-')}") for name in empty)
        top.error(f"empty value for {flags}; is a variable of the script not set?")
    return args


def command_parsers(top: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The parser of each command, by its name."""
    found: Mapping[str, argparse.ArgumentParser] = next(
        action.choices for action in top._actions if isinstance(action, argparse._SubParsersAction)
    )
    return found


FLAGS = {"lasts": "--for", "from_file": "--from", "id": "ID", "named": "SERVICE"}
"""Names of values whose flag is called otherwise."""


def _where(command: argparse.ArgumentParser, *, services: bool) -> None:
    group = command.add_argument_group("which service")
    group.add_argument("--project", metavar="P", help="Google Cloud project; picks the file in config/ that names it")
    group.add_argument("--config", metavar="FILE", help="configuration file, instead of picking one by project")
    group.add_argument(
        "--local",
        action="store_true",
        help="the local cloud, with config/local.yaml or a --config that has local: true",
    )
    if services:
        group.add_argument(
            "--service", metavar="S", action="append", default=[], help="a service of the file; may be repeated"
        )
        group.add_argument("--all", action="store_true", help="every service of the file")
        group.add_argument(
            "--job", metavar="J", action="append", default=[], help="instead: a job of the file; may be repeated"
        )
    group.add_argument("--repo", metavar="DIR", help="the repository to release (default: the one you are in)")
    group.add_argument("--region", help="instead of the file's region; of a service that has several, this one alone")
    show = command.add_argument_group("output")
    show.add_argument("--output", choices=("text", "json"), default="text", help="json: one event per line")
    show.add_argument("--state", metavar="DIR", help="where journals are kept (default: your state directory)")


def _others(made: Mapping[str, argparse.ArgumentParser]) -> None:
    rollback = made["rollback"]
    rollback.add_argument(
        "--to",
        nargs="?",
        const="?",
        metavar="NAME",
        help="a revision, a release id, a commit, or last-release: what the last good release left, whatever was "
        "changed by hand since; without a name it lists what there is, with outcome and date, the good first "
        "(default: the last traffic that was live before what serves now)",
    )
    rollback.add_argument("--now", action="store_true", help="do not probe the target first")
    rollback.add_argument(
        "--unpin",
        action="store_true",
        help="move no user, but let the traffic follow the latest revision again, for other tools to deploy",
    )
    rollback.add_argument(
        "--force", action="store_true", help="also to a revision recorded as failed, or while someone else deploys"
    )
    made["approve"].add_argument("id", help="release id, or the end of one")
    made["approve"].add_argument("--why", metavar="TEXT", help="the reason, kept with who and when")
    made["hold"].add_argument("--for", dest="lasts", metavar="TIME", default="1h", help="how long (default: 1h)")
    made["hold"].add_argument("--why", metavar="TEXT", help="the reason, shown to whoever is refused")
    made["hold"].add_argument("--release", action="store_true", help="release the hold before its time is up")
    made["resume"].add_argument(
        "--accept",
        action="store_true",
        help="go on from the traffic that serves now, although somebody else put it there; it is also what is put "
        "back when the release fails",
    )
    made["resume"].add_argument("--force", action="store_true", help="take over although the lease has not expired")
    prune = made["prune"]
    prune.add_argument(
        "--keep", type=whole_number, default=20, metavar="N", help="of the newest at least (default: 20)"
    )
    prune.add_argument("--images", action="store_true", help="images too, of services in this file's repository")
    prune.add_argument("--yes", action="store_true", help="delete what is listed without it")
    add_reading_arguments(made)
    made["guard"].add_argument("id", help="the release, by its whole id")
    _where(made["init"], services=False)
    add_local_arguments(made["local"])
    add_init_arguments(made["init"])
    made["selftest"].add_argument("--state", metavar="DIR", help=argparse.SUPPRESS)
    _check(made["check"])


def _check(command: argparse.ArgumentParser) -> None:
    from deploy_lib.cli.check import add_arguments

    add_arguments(command)
