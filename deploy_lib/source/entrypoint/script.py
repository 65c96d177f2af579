"""A start script followed as far as it can be known without running it: the programs it starts, and from where.

Functions run where they are called. A branch is followed with a doubt, since its condition is known only when the
script runs; so is a directory that only the running script knows.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from deploy_lib.source.entrypoint.shell_text import Token, quoted_parts, tokens, unquoted

_NAME = re.compile(r"[A-Za-z_]\w*")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_ACTIVATE = re.compile(r"(.+)/bin/activate")
_DEFAULT = re.compile(r"\$\{(\w+):?=([^{}]*)\}")
_EXPANSION = re.compile(
    r"\$\((?P<command>.*)\)$|\$\{(?P<braced>\w+|@|\*)(?P<how>:?[-=+?]|%%?/\*|##?\*/)?(?P<other>[^{}]*)\}"
    r"|\$(?P<name>\w+)",
    re.DOTALL,
)
_OPENS = {"if", "for", "while", "until", "case", "select"}
_CLOSES = {"fi", "done", "esac"}
_BETWEEN = {"then", "do", "{", "}", "!", "time"}
_TESTS = {"[", "[[", "test"}
_ALL = ("$@", "$*", "${@}", "${*}")
_DEEPEST = 8  # functions and sourced files within each other
_MOST = 5_000  # commands that are followed, those of functions each time; no start script comes near it


@dataclass(frozen=True, slots=True)
class Started:
    """Words of one command, without quotes; variables in them are not put in. `doubt` is empty for what is sure."""

    words: tuple[str, ...]
    directory: str
    env: Mapping[str, str]
    assigned: tuple[tuple[str, str], ...] = ()
    branch: bool = False  # whether it runs depends on a condition
    doubt: str = ""


@dataclass(slots=True)
class _State:
    """`directory` is the last one known; `lost` says what took it elsewhere since, empty while it is right."""

    directory: str
    env: dict[str, str | None]
    arguments: tuple[str, ...]
    script: str
    read: Callable[[str], str | None]
    lost: str = ""
    before: list[tuple[str, str]] = field(default_factory=list)  # of pushd
    assigned: tuple[tuple[str, str], ...] = ()
    functions: dict[str, list[Token]] = field(default_factory=dict)
    depth: int = 0
    left: int = _MOST

    @property
    def place(self) -> tuple[str, str]:
        return self.directory, self.lost

    def go(self, place: tuple[str, str]) -> None:
        self.directory, self.lost = place


def follow(
    text: str,
    directory: str,
    env: Mapping[str, str],
    arguments: Sequence[str] = (),
    script: str = "",
    read: Callable[[str], str | None] = lambda path: None,
    assigned: tuple[tuple[str, str], ...] = (),
) -> Iterator[Started]:
    """What the text starts, in order. `arguments` stand for "$@", `script` is its own image path, for "$0"."""
    state = _State(directory, dict(env), tuple(arguments), script, read, assigned=assigned)
    yield from _run(tokens(text), state)


def _run(given: list[Token], state: _State) -> Iterator[Started]:
    """Follows a list of commands; the state is changed as they change it."""
    position = 0
    open_branches: list[tuple[str, str]] = []  # where each began
    cases = 0  # how many of them are a `case`
    subshells: list[tuple[str, str]] = []
    tested = False  # `[ ... ] && this` depends on the test before it in its list
    while position < len(given) and state.left:
        token = given[position]
        if token.operator:
            tested = tested and token.text in ("&&", "||")
            if token.text == "(":
                subshells.append(state.place)
            elif token.text == ")" and subshells:
                state.go(subshells.pop())
            position += 1
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
        yield from _command(words, state, branch=bool(open_branches), tested=tested)
        tested = tested or words[0] in _TESTS
        position = end


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


def _command(words: list[str], state: _State, *, branch: bool, tested: bool) -> Iterator[Started]:
    while words and (match := _ASSIGNMENT.fullmatch(words[0])) and len(words) == 1:
        _assign(match[1], match[2], state)
        words = words[1:]
    if not words:
        return
    name, rest = unquoted(words[0]), words[1:]
    if name in ("cd", "pushd", "popd"):
        _move(name, rest, state, tested=tested)
    elif name in ("export", "declare", "typeset", "readonly", "local"):
        for each in filter(None, map(_ASSIGNMENT.fullmatch, rest)):
            _assign(each[1], each[2], state)
    elif name == ":":
        for each in filter(None, map(_DEFAULT.search, rest)):
            if not state.env.get(each[1]):
                _assign(each[1], each[2], state)
    elif name == "set" and "--" in rest:
        state.arguments = tuple(_words(rest[rest.index("--") + 1 :], state))
    elif name == "shift":
        state.arguments = state.arguments[1:]
    elif name in (".", "source") and rest:
        yield from _sourced(rest[0], state)
    elif name in state.functions and state.depth < _DEEPEST:
        yield from _called(name, rest, state, branch=branch or tested)
    else:
        known = {name: value for name, value in state.env.items() if value is not None}
        place = f"the directory is known only when the script runs ({state.lost})" if state.lost else ""
        yield Started(tuple(_words(words, state)), state.directory, known, state.assigned, branch or tested, place)


def _words(words: Sequence[str], state: _State) -> Iterator[str]:
    for word in words:
        plain = unquoted(word)
        if plain in _ALL:
            yield from state.arguments
        elif plain in ("$1", "${1}") and state.arguments:
            yield state.arguments[0]
        else:
            yield plain


def _called(name: str, rest: list[str], state: _State, *, branch: bool) -> Iterator[Started]:
    arguments, state.arguments = state.arguments, tuple(_words(rest, state))
    state.depth += 1
    for each in _run(state.functions[name], state):
        yield replace(each, branch=each.branch or branch)
    state.depth -= 1
    state.arguments = arguments


def _sourced(word: str, state: _State) -> Iterator[Started]:
    file = _value(word, state)
    if activated := _ACTIVATE.fullmatch(unquoted(word)):
        place = posixpath.normpath(posixpath.join(state.directory, activated[1]))
        _assign("VIRTUAL_ENV", place, state)
        _assign("PATH", f"{place}/bin:$PATH", state)
    elif file and state.depth < _DEEPEST:
        text = state.read(posixpath.normpath(posixpath.join(state.directory, file)))
        state.depth += 1
        yield from _run(tokens(text or ""), state)
        state.depth -= 1


def _assign(name: str, raw: str, state: _State) -> None:
    state.env[name] = _value(raw, state)
    state.assigned = (*state.assigned, (name, unquoted(raw)))


def _move(name: str, rest: list[str], state: _State, *, tested: bool = False) -> None:
    if name == "popd":
        state.go(state.before.pop() if state.before else (state.directory, "popd"))
        return
    if name == "pushd":
        state.before.append(state.place)
    words = [word for word in rest if not word.startswith("-") or word == "-"]
    wanted = _value(words[0], state) if words else None
    if wanted is None or wanted == "-" or (state.lost and not wanted.startswith("/")):
        state.lost = state.lost or " ".join([name, *rest])
        return
    before = state.directory
    state.go((posixpath.normpath(posixpath.join(before, wanted)), ""))
    if tested and state.directory != before:
        state.go((before, f"cd {wanted} after a test"))


def _value(word: str, state: _State) -> str | None:
    """What a shell makes of the word; None when only the running script knows."""
    parts: list[str] = []
    for quote, text in quoted_parts(word):
        part = text if quote == "'" else _expanded(text, state)
        if part is None:
            return None
        parts.append(part)
    return "".join(parts)


def _expanded(text: str, state: _State) -> str | None:
    parts: list[str] = []
    position = 0
    while position < len(text):
        if text[position] != "$" and text[position] != "`":
            end = next((at for at in range(position, len(text)) if text[at] in "$`"), len(text))
            parts.append(re.sub(r"\\(.)", r"\1", text[position:end]))
            position = end
            continue
        end = _end_of_expansion(text, position)
        part = _substituted(text[position:end], state)
        if part is None:
            return None
        parts.append(part)
        position = end
    return "".join(parts)


def _end_of_expansion(text: str, position: int) -> int:
    if text[position] == "`":
        return (text.find("`", position + 1) + 1) or len(text)
    if text.startswith("$(", position):
        depth = 0
        for at in range(position, len(text)):
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            if text[at] == ")" and not depth:
                return at + 1
        return len(text)
    found = re.compile(r"\$\{[^{}]*\}|\$\w+|\$.|\$").match(text, position)
    return found.end() if found else len(text)


def _substituted(text: str, state: _State) -> str | None:
    if text.startswith("`"):
        return _printed(text.strip("`"), state)
    found = _EXPANSION.fullmatch(text)
    if found is None:
        return None
    if found["command"] is not None:
        return _printed(found["command"], state)
    name, how, other = found["braced"] or found["name"], found["how"] or "", found["other"] or ""
    value = _variable(name, state)
    match how:
        case "":
            return value if not other or other.startswith("[0]") else None
        case "-" | ":-" | "=" | ":=":
            return value or _expanded(other, state)
        case "%/*":
            return value.rpartition("/")[0] if value is not None and not other else None
        case "##*/":
            return value.rpartition("/")[2] if value is not None and not other else None
    return None


def _variable(name: str, state: _State) -> str | None:
    if name in ("0", "BASH_SOURCE"):
        return state.script or None
    if name == "PWD":
        return None if state.lost else state.directory
    if name.isdigit():
        return state.arguments[int(name) - 1] if 0 < int(name) <= len(state.arguments) else None
    return state.env.get(name)


def _printed(command: str, state: _State) -> str | None:
    """What one of the commands prints by which scripts find their own directory."""
    if state.depth >= _DEEPEST:
        return None
    inner = replace(state, env=dict(state.env), before=[], functions={}, depth=state.depth + 1)
    printed: str | None = None
    current: list[str] = []
    for token in (*tokens(command), Token(";", operator=True)):
        if not token.operator:
            current.append(token.text)
            continue
        if current:
            name, rest = unquoted(current[0]), [word for word in current[1:] if not word.startswith("-")]
            if token.text in ("|", "||"):
                return None
            if name == "cd":
                _move("cd", rest, inner)
            else:
                printed = _prints(name, rest, inner)
                if printed is None:
                    return None
        current = []
    return printed


def _prints(name: str, rest: list[str], state: _State) -> str | None:
    if name == "pwd":
        return None if state.lost else state.directory
    value = _value(rest[0], state) if rest else None
    if value is None or (state.lost and not value.startswith("/")):
        return None
    match name:
        case "dirname":
            return posixpath.dirname(value) or "."
        case "basename":
            return posixpath.basename(value)
        case "readlink" | "realpath":
            return posixpath.normpath(posixpath.join(state.directory, value))
        case "echo":
            return value
    return None
