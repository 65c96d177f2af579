"""What a shell knows while it runs a script: its directory and variables, and what a word stands for by them.

Only what needs no running is known: variables, and the few commands by which a script finds its own directory.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from deploy_lib.source.shell_text import Token, quoted_parts, tokens, unquoted

_EXPANSION = re.compile(
    r"\$\((?P<command>.*)\)$|\$\{(?P<braced>\w+|@|\*)(?P<how>:?[-=+?]|%%?|##?)?(?P<other>[^{}]*)\}"
    r"|\$(?P<name>\w+|#)",
    re.DOTALL,
)
DEEPEST = 8  # functions and sourced files within each other
_LONGEST = 131_072  # characters of a value; Linux gives a program no longer one (MAX_ARG_STRLEN of execve(2))
_MOST = 5_000  # commands that are followed, those of functions each time; no start script comes near it


@dataclass(slots=True)
class ShellState:
    """`directory` is the last one known; `lost` says what took it elsewhere since, empty while it is right. `guesses`
    are values of which a part is known only when the script runs, which stands there as it is written."""

    directory: str
    env: dict[str, str | None]
    arguments: tuple[str, ...]
    script: str
    read: Callable[[str], str | None]
    lost: str = ""
    before: list[tuple[str, str]] = field(default_factory=list)  # of pushd
    assigned: tuple[tuple[str, str], ...] = ()
    functions: dict[str, list[Token]] = field(default_factory=dict)
    guesses: dict[str, str] = field(default_factory=dict)
    depth: int = 0
    left: int = _MOST
    ended: bool = False  # it has exited, or has become another program
    returned: bool | None = False  # from the function that runs; None where a condition decides

    @property
    def place(self) -> tuple[str, str]:
        return self.directory, self.lost

    def go(self, place: tuple[str, str]) -> None:
        self.directory, self.lost = place


def assign(name: str, raw: str, state: ShellState) -> None:
    """`raw` is the value as it is written, with its quotes."""
    value = value_of(raw, state)
    guess = "" if value is not None else _guessed(raw, state)
    state.env[name] = value if value is None or len(value) <= _LONGEST else None
    state.guesses[name] = guess if len(guess) <= _LONGEST else ""
    state.assigned = (*state.assigned, (name, unquoted(raw)))


def _guessed(raw: str, state: ShellState) -> str:
    """Empty where nothing is known of how the value begins."""
    parts: list[str] = []
    for quote, text in quoted_parts(raw):
        position = 0
        while quote != "'" and position < len(text):
            end = _end_of_expansion(text, position) if text[position] in "$`" else _next_expansion(text, position)
            part = text[position:end]
            name = part.strip("${}")
            known = _expanded(part, state)
            parts.append(known if known is not None else state.guesses.get(name) or part)
            position = end
        parts += [text] if quote == "'" else []
    value = "".join(parts)
    return "" if value[:1] in ("$", "`") else value


def _next_expansion(text: str, position: int) -> int:
    return next((at for at in range(position, len(text)) if text[at] in "$`"), len(text))


def move(name: str, rest: list[str], state: ShellState, *, tested: bool = False) -> None:
    """cd, pushd or popd; `tested`: only after a test, so that where it leads is not sure."""
    if name == "popd":
        state.go(state.before.pop() if state.before else (state.directory, "popd"))
        return
    if name == "pushd":
        state.before.append(state.place)
    words = [word for word in rest if not word.startswith("-") or word == "-"]
    wanted = value_of(words[0], state) if words else None
    if wanted is None or wanted == "-" or (state.lost and not wanted.startswith("/")):
        state.lost = state.lost or " ".join([name, *rest])
        return
    before = state.directory
    state.go((posixpath.normpath(posixpath.join(before, wanted)), ""))
    if tested and state.directory != before:
        state.go((before, f"cd {wanted} after a test"))


def value_of(word: str, state: ShellState) -> str | None:
    """What a shell makes of the word; None when only the running script knows."""
    parts: list[str] = []
    for quote, text in quoted_parts(word):
        part = text if quote == "'" else _expanded(text, state)
        if part is None:
            return None
        parts.append(part)
    return "".join(parts)


def _expanded(text: str, state: ShellState) -> str | None:
    parts: list[str] = []
    position = 0
    while position < len(text):
        if text[position] != "$" and text[position] != "`":
            end = _next_expansion(text, position)
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


def _substituted(text: str, state: ShellState) -> str | None:
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
        case "%" | "%%" | "#" | "##" if value is not None:
            return _shortened(value, how, other)
    return None


def _shortened(value: str, how: str, pattern: str) -> str:
    """Without the shortest or the longest beginning or end that the pattern matches."""
    ends = range(len(value) + 1) if how in ("#", "%%") else range(len(value), -1, -1)
    for at in ends:
        head, tail = value[:at], value[at:]
        if fnmatchcase(head if how.startswith("#") else tail, pattern):
            return tail if how.startswith("#") else head
    return value


def _variable(name: str, state: ShellState) -> str | None:
    if name in ("0", "BASH_SOURCE"):
        return state.script or None
    if name == "PWD":
        return None if state.lost else state.directory
    if name.isdigit():
        return state.arguments[int(name) - 1] if 0 < int(name) <= len(state.arguments) else ""
    if name == "#":
        return str(len(state.arguments))
    return state.env.get(name)


def _printed(command: str, state: ShellState) -> str | None:
    """What one of the commands prints by which scripts find their own directory."""
    if state.depth >= DEEPEST:
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
                move("cd", rest, inner)
            else:
                printed = _prints(name, rest, inner)
                if printed is None:
                    return None
        current = []
    return printed


def _prints(name: str, rest: list[str], state: ShellState) -> str | None:
    if name == "pwd":
        return None if state.lost else state.directory
    value = value_of(rest[0], state) if rest else None
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
