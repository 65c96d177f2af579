"""A start script followed as far as it can be known without running it: the programs it starts, and from where.

Functions run where they are called. A branch is followed with a doubt, since its condition is known only when the
script runs; so is a directory that only the running script knows.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploy_lib.source.entrypoint.branches import TESTS, chosen_case, chosen_if, truth_of_test
from deploy_lib.source.entrypoint.shell_state import DEEPEST, ShellState, assign, move, value_of
from deploy_lib.source.shell_text import Token, tokens, unquoted

_NAME = re.compile(r"[A-Za-z_]\w*")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_ACTIVATE = re.compile(r"(.+)/bin/activate")
_DEFAULT = re.compile(r"\$\{(\w+):?=([^{}]*)\}")
_OPENS = {"if", "for", "while", "until", "case", "select"}
_CLOSES = {"fi", "done", "esac"}
_BETWEEN = {"then", "do", "{", "}", "!", "time"}
_ALL = ("$@", "$*", "${@}", "${*}")
_FOUND_ON_PATH = re.compile(r"(?:\$\(|`)\s*(?:command -v|type -P|which)\s+([\w./-]+)\s*(?:\)|`)")
_WHOLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


@dataclass(frozen=True, slots=True)
class StartedCommand:
    """Words of one command, without quotes; variables in them are not put in. `doubt` is empty for what is sure."""

    words: tuple[str, ...]
    directory: str
    env: Mapping[str, str]
    assigned: tuple[tuple[str, str], ...] = ()
    branch: bool = False  # whether it runs depends on a condition
    doubt: str = ""


def follow(
    text: str,
    directory: str,
    env: Mapping[str, str],
    arguments: Sequence[str] = (),
    script: str = "",
    read: Callable[[str], str | None] = lambda path: None,
    assigned: tuple[tuple[str, str], ...] = (),
) -> Iterator[StartedCommand]:
    """What the text starts, in order. `arguments` stand for "$@", `script` is its own image path, for "$0"."""
    state = ShellState(directory, dict(env), tuple(arguments), script, read, assigned=assigned)
    yield from _run(tokens(text), state)


def _run(given: list[Token], state: ShellState, *, branch: bool = False) -> Iterator[StartedCommand]:
    """Follows a list of commands; the state is changed as they change it. `branch`: it depends on a condition."""
    position = 0
    open_branches: list[tuple[str, str]] = []  # where each began
    cases = 0  # how many of them are a `case`
    subshells: list[tuple[str, str]] = []
    tested = False  # `[ ... ] && this` depends on the test before it in its list
    status: bool | None = None  # of the last command, where it is known
    before = ""  # the operator before the command
    while position < len(given) and state.left and not state.ended and state.returned is not True:
        token = given[position]
        if token.operator:
            before = token.text
            tested = tested and before in ("&&", "||")
            if token.text == "(":
                subshells.append(state.place)
            elif token.text == ")" and subshells:
                state.go(subshells.pop())
            position += 1
            continue
        choose = {"case": chosen_case, "if": chosen_if}.get(token.text) if state.depth < DEEPEST else None
        if choose and (chosen := choose(given, position, state)):
            state.depth += 1
            yield from _run(chosen.body, state, branch=branch or bool(open_branches))
            state.depth -= 1
            position = chosen.end
            continue
        if token.text in _OPENS:
            open_branches.append(state.place)
            cases += token.text == "case"
            position = _after_head(given, position)
            continue
        if token.text in ("else", "elif") and open_branches:
            state.go(open_branches[-1])
            position = _after_head(given, position) if token.text == "elif" else position + 1
            continue
        if token.text in _CLOSES and open_branches:
            began = open_branches.pop()
            cases -= token.text == "esac"
            if state.place != began:
                state.go((began[0], state.lost or f"cd {state.directory} in a branch"))
            position += 1
            continue
        if token.text in _BETWEEN:
            position += 1
            continue
        defined = _function(given, position)
        if defined:
            name, body, position = defined
            state.functions[name] = body
            continue
        if cases and (after := _after_pattern(given, position)):
            state.go(open_branches[-1])
            position = after
            continue
        end = position
        while end < len(given) and not given[end].operator:
            end += 1
        state.left -= 1
        words = [each.text for each in given[position:end]]
        position = end
        if (before == "&&" and status is False) or (before == "||" and status is True):
            continue
        status = truth_of_test(words, state)
        unsure = branch or bool(open_branches) or state.returned is None
        beside = position < len(given) and given[position].text == "&"
        place, ended = state.place, state.ended
        yield from _command(words, state, branch=unsure, tested=tested)
        if beside:  # in a shell of its own
            state.go(place)
            state.ended = ended
            continue
        tested = tested or (words[0] in TESTS and status is None)
        certain = not (unsure or tested or subshells or (before == "||" and status is None))
        state.ended |= certain and (words[0] == "exit" or (words[0] == "exec" and len(words) > 1))
        if words[0] == "return":
            state.returned = True if certain and before != "&&" else None


def _after_head(given: list[Token], position: int) -> int:
    """Past the condition of an `if`, the list of a `for` or the word of a `case`."""
    ends = {"then", "do", "in"} if given[position].text != "for" else {"do"}
    while position < len(given) and (given[position].operator or given[position].text not in ends):
        position += 1
    return position + 1


def _after_pattern(given: list[Token], position: int) -> int:
    """Past `one|two)` of a case; 0 for anything else."""
    while position + 1 < len(given) and not given[position].operator:
        if given[position + 1] == Token(")", operator=True):
            return position + 2
        if given[position + 1] != Token("|", operator=True):
            break
        position += 2
    return 0


def _function(given: list[Token], position: int) -> tuple[str, list[Token], int] | None:
    """The name, the body, and where it ends."""
    texts = [each.text for each in given[position : position + 4]]
    named = texts[0] == "function"
    name = texts[1] if named and len(texts) > 1 else texts[0]
    after = position + (2 if named else 1)
    has_parentheses = [each.text for each in given[after : after + 2]] == ["(", ")"]
    if not _NAME.fullmatch(name.replace("-", "_")) or not (named or has_parentheses):
        return None
    after += 2 if has_parentheses else 0
    while after < len(given) and given[after].text == "\n":
        after += 1
    if after >= len(given) or given[after].text != "{":
        return None
    depth, end = 0, after
    while end < len(given):
        at_start = given[end - 1].operator or given[end - 1].text in ("then", "do", "else", "{", "}")
        depth += {"{": 1, "}": -1 if at_start else 0}.get(given[end].text, 0)
        end += 1
        if not depth:
            break
    return name, given[after + 1 : end - 1], end


def _command(words: list[str], state: ShellState, *, branch: bool, tested: bool) -> Iterator[StartedCommand]:
    while words and (match := _ASSIGNMENT.fullmatch(words[0])) and len(words) == 1:
        assign(match[1], match[2], state)
        words = words[1:]
    if not words:
        return
    name, rest = unquoted(words[0]), words[1:]
    if name in ("cd", "pushd", "popd"):
        move(name, rest, state, tested=tested)
    elif name in ("export", "declare", "typeset", "readonly", "local"):
        for each in filter(None, map(_ASSIGNMENT.fullmatch, rest)):
            assign(each[1], each[2], state)
    elif name == ":":
        for each in filter(None, map(_DEFAULT.search, rest)):
            if not state.env.get(each[1]):
                assign(each[1], each[2], state)
    elif name == "set" and "--" in rest:
        state.arguments = tuple(_words(rest[rest.index("--") + 1 :], state))
    elif name == "shift":
        state.arguments = state.arguments[1:]
    elif name in (".", "source") and rest:
        yield from _sourced(rest[0], state)
    elif name in state.functions and state.depth < DEEPEST:
        yield from _called(name, rest, state, branch=branch or tested)
    else:
        known = {name: value for name, value in state.env.items() if value is not None}
        place = f"the directory is known only when the script runs ({state.lost})" if state.lost else ""
        yield StartedCommand(
            tuple(_words(words, state)), state.directory, known, state.assigned, branch or tested, place
        )


def _words(words: Sequence[str], state: ShellState) -> Iterator[str]:
    for word in words:
        plain = unquoted(word)
        if plain in _ALL:
            yield from state.arguments
        elif plain in ("$1", "${1}") and state.arguments:
            yield state.arguments[0]
        elif found := _FOUND_ON_PATH.fullmatch(plain):
            yield found[1]
        elif (several := _split(word, state)) is not None:
            yield from several
        else:
            yield plain


def _split(word: str, state: ShellState) -> list[str] | None:
    """The words of a variable that stands alone and without quotes, where they are none or several."""
    found = _WHOLE.fullmatch(word)
    name = (found[1] or found[2]) if found else ""
    value = state.env.get(name) or state.guesses.get(name)
    parts = value.split() if value is not None else [word]
    return parts if len(parts) != 1 else None


def _called(name: str, rest: list[str], state: ShellState, *, branch: bool) -> Iterator[StartedCommand]:
    arguments, state.arguments = state.arguments, tuple(_words(rest, state))
    yield from _inner(state.functions[name], state, branch=branch)
    state.arguments = arguments


def _inner(given: list[Token], state: ShellState, *, branch: bool = False) -> Iterator[StartedCommand]:
    """A function or a sourced file, which `return` leaves."""
    returned, state.returned = state.returned, False
    state.depth += 1
    yield from _run(given, state, branch=branch or returned is None)
    state.depth -= 1
    state.returned = returned


def _sourced(word: str, state: ShellState) -> Iterator[StartedCommand]:
    file = value_of(word, state)
    if activated := _ACTIVATE.fullmatch(unquoted(word)):
        place = posixpath.normpath(posixpath.join(state.directory, activated[1]))
        assign("VIRTUAL_ENV", place, state)
        assign("PATH", f"{place}/bin:$PATH", state)
    elif file and state.depth < DEEPEST:
        text = state.read(posixpath.normpath(posixpath.join(state.directory, file)))
        yield from _inner(tokens(text or ""), state)
