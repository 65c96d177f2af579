"""completion: prints the script with which a shell completes this command, and answers that script.

The script asks this program at each Tab, so it never lags behind it, and names of services and projects come from the
YAML that the words before name. Standard library only, but for those names; why no library: docs/decisions/031.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from deploy_lib.cli.arguments import COMMANDS, command_parsers, parser
from deploy_lib.cli.called import INSTALLED, SCRIPT_NAME
from deploy_lib.cli.program import typed
from deploy_lib.cli.show.console import say_as_is
from deploy_lib.printable import clean

Names = Callable[[str, argparse.Namespace], Iterable[str]]
"""The names of a kind ("service", "job", "project") under the options typed so far."""

_KINDS = {"service": "service", "named": "service", "job": "job", "project": "project"}
"""Which names a value is one of, by where argparse puts it."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A word that may come next, and what it means."""

    word: str
    meaning: str = ""


def main(args: argparse.Namespace) -> int:
    if args.words is None:
        say_as_is(script(args.shell, typed(), tuple(dict.fromkeys((INSTALLED, SCRIPT_NAME, *args.name)))))
        return 0
    for found in complete(args.words or [""], names_of_files, splits_at_equals=args.shell == "bash"):
        say_as_is(_LINES[args.shell](found))
    return 0


def complete(words: Sequence[str], names: Names, *, splits_at_equals: bool = False) -> list[Suggestion]:
    """What may stand for the last word, after the ones before it. `splits_at_equals`: "--x=y" comes as three words."""
    before, current = list(words[:-1]), words[-1]
    if splits_at_equals:
        if current == "=":
            before, current = [*before, "="], ""
        before = [word for word in before if word != "="]
    command = before[0] if before and before[0] in COMMANDS else "deploy"
    used = command_parsers(parser())[command]
    flags: Mapping[str, argparse.Action] = used._option_string_actions
    start = ""
    if current.startswith("--") and "=" in current:
        flag, _, current = current.partition("=")
        before, start = [*before, flag], f"{flag}="
    found = [*_found(before, current, used, flags, command, lambda kind: names(kind, _typed(before)))]
    return [Suggestion(f"{start}{each.word}", each.meaning) for each in found if each.word.startswith(current)]


def _found(
    before: Sequence[str],
    current: str,
    used: argparse.ArgumentParser,
    flags: Mapping[str, argparse.Action],
    command: str,
    names: Callable[[str], Iterable[str]],
) -> Iterator[Suggestion]:
    last = flags.get(before[-1]) if before else None
    if last is not None and last.nargs != 0:
        yield from _values(last, names)
        if last.nargs != "?":
            return
    if current.startswith("-"):
        for flag, action in flags.items():
            if flag.startswith("--") and action.help is not argparse.SUPPRESS:
                yield Suggestion(flag, action.help or "")
        if not before:
            yield Suggestion("--version", "show the version and the commit of this tool")
        return
    if not before:
        yield from (Suggestion(name, text) for name, text in COMMANDS.items())
    for action in used._actions:
        if not action.option_strings:
            yield from _values(action, names)


def _values(action: argparse.Action, names: Callable[[str], Iterable[str]]) -> Iterator[Suggestion]:
    yield from (Suggestion(str(choice)) for choice in action.choices or ())
    kind = _KINDS.get(action.dest)
    if kind is not None:
        yield from (Suggestion(name, kind) for name in names(kind))


def _typed(words: Sequence[str]) -> argparse.Namespace:
    """The options that decide which files count, as far as they are whole."""
    found = argparse.Namespace(project=None, config=None, repo=None, local="--local" in words)
    for flag, value in pairwise(words):
        if flag in ("--project", "--config", "--repo") and not value.startswith("--"):
            setattr(found, flag.removeprefix("--"), value)
    return found


def names_of_files(kind: str, given: argparse.Namespace) -> Iterator[str]:
    """Those of the configuration files; none where none can be read: a Tab is no time for errors."""
    with suppress(Exception):
        from deploy_lib.cli import selection

        root = selection.somewhere(given.repo)
        files = selection.candidates(root)
        if kind == "project":
            yield from sorted({project for path in files if (project := selection.project_of(path))})
            return
        if given.project or given.config or given.local:
            files = [selection.config_path(given, root)]
        yield from dict.fromkeys(name for path in files for name in _names(kind, path))


def _names(kind: str, path: Path) -> Iterator[str]:
    with suppress(Exception):
        from deploy_lib.config import load

        config = load(path, to_release=False, with_steps=False)
        yield from config.jobs() if kind == "job" else config.services()


def _plain(found: Suggestion) -> str:
    return clean(found.word)


def _with_colon(found: Suggestion) -> str:
    word = clean(found.word).replace("\\", "\\\\").replace(":", "\\:")
    return f"{word}:{_brief(found)}" if found.meaning else word


def _with_tab(found: Suggestion) -> str:
    return f"{clean(found.word)}\t{_brief(found)}"


def _brief(found: Suggestion) -> str:
    return " ".join(clean(found.meaning.replace("%%", "%")).split())[:100]


_LINES: dict[str, Callable[[Suggestion], str]] = {"bash": _plain, "zsh": _with_colon, "fish": _with_tab}
"""How each shell's script reads a candidate."""


def script(shell: str, program: str, names: Sequence[str]) -> str:
    """The script; `program` is asked at each Tab, and `names` are the commands that are completed."""
    return _SCRIPTS[shell].replace("PROGRAM", program).replace("NAMES", " ".join(names))


_BASH = """\
# eval "$(PROGRAM completion bash)"
_deploy_to_gcp() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        [[ -n $line ]] && COMPREPLY+=("$line")
    done < <(PROGRAM completion bash --for "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _deploy_to_gcp NAMES"""
_ZSH = """\
# eval "$(PROGRAM completion zsh)"
_deploy_to_gcp() {
    local -a found
    found=("${(@f)$(PROGRAM completion zsh --for "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n ${found[1]} ]]; then
        _describe 'deploy-to-gcp' found
    else
        _files
    fi
}
compdef _deploy_to_gcp NAMES"""
_FISH = """\
# PROGRAM completion fish | source
function __deploy_to_gcp
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    PROGRAM completion fish --for $before[2..] "$current" 2>/dev/null
end
for name in NAMES
    complete -c $name -a '(__deploy_to_gcp)'
end"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
