"""Branches of a start script whose condition is known before it runs: `case` and `if` over arguments and variables.

A condition that only the running script can answer is None, and the script's reader follows every branch with a doubt.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from deploy_lib.source.entrypoint.shell_state import ShellState, value_of
from deploy_lib.source.shell_text import Token, unquoted

TESTS = frozenset({"[", "[[", "test"})
_OPENS = {"if": "fi", "case": "esac", "for": "done", "while": "done", "until": "done", "select": "done"}
_EQUAL, _UNEQUAL = frozenset({"=", "=="}), frozenset({"!="})
_NUMBERS = {"-eq": 0, "-ne": 0, "-gt": 1, "-ge": 1, "-lt": -1, "-le": -1}


@dataclass(frozen=True, slots=True)
class ChosenBranch:
    """The commands that run, and where the whole of it ends."""

    body: list[Token]
    end: int


def chosen_case(given: list[Token], position: int, state: ShellState) -> ChosenBranch | None:
    """None where the word or a pattern is not known, and for text that is no `case`."""
    end = _end(given, position)
    if end is None or position + 2 >= end or given[position + 2].text != "in":
        return None
    value = value_of(given[position + 1].text, state)
    if value is None:
        return None
    at = position + 3
    while at < end - 1:
        if given[at].operator and given[at].text in ("\n", ";", ";;", "("):
            at += 1
            continue
        patterns: list[str | None] = []
        while at < end and given[at].text != ")":
            if not given[at].operator:
                patterns.append(value_of(given[at].text, state))
            at += 1
        body_ends = _after_body(given, at + 1, end)
        if None in patterns and not any(each is not None and fnmatchcase(value, each) for each in patterns):
            return None
        if any(each is not None and fnmatchcase(value, each) for each in patterns):
            return ChosenBranch(given[at + 1 : body_ends], end)
        at = body_ends
    return ChosenBranch([], end)


def chosen_if(given: list[Token], position: int, state: ShellState) -> ChosenBranch | None:
    """None where a condition before the one that holds is not known."""
    end = _end(given, position)
    if end is None:
        return None
    at = position
    while at < end:
        word = given[at].text
        if word == "fi":
            return ChosenBranch([], end)
        then = _next(given, at + 1, end, ("then",)) if word in ("if", "elif") else at
        until = _next(given, then + 1, end, ("elif", "else", "fi"))
        holds = True if word == "else" else truth_of(given[at + 1 : then], state)
        if holds is None:
            return None
        if holds:
            return ChosenBranch(given[then + 1 : until], end)
        at = until
    return None


def truth_of(condition: Sequence[Token], state: ShellState) -> bool | None:
    """Of tests that && and || put together."""
    commands: list[tuple[str, list[str]]] = [("", [])]
    for token in condition:
        if not token.operator:
            commands[-1][1].append(token.text)
        elif token.text in ("&&", "||"):
            commands.append((token.text, []))
        elif token.text not in (";", "\n"):
            return None
    answer: bool | None = None
    for operator, words in commands:
        if (operator == "&&" and answer is False) or (operator == "||" and answer is True):
            continue
        found = truth_of_test(words, state)
        if operator == "&&" and answer is None:
            answer = False if found is False else None
        elif operator == "||" and answer is None:
            answer = True if found is True else None
        else:
            answer = found
    return answer


def truth_of_test(words: Sequence[str], state: ShellState) -> bool | None:
    """`[ "$1" = "web" ]` and its kin; None for any other command."""
    if not words or words[0] not in TESTS:
        return None if not words or words[0] not in ("true", "false", ":") else words[0] != "false"
    inner = [word for word in words[1:] if word not in ("]", "]]")]
    negated = False
    while inner[:1] == ["!"]:
        inner, negated = inner[1:], not negated
    found = _answer(inner, words[0] == "[[", state)
    return None if found is None else found is not negated


def _answer(words: Sequence[str], patterns: bool, state: ShellState) -> bool | None:
    match words:
        case [("-z" | "-n") as how, word]:
            value = value_of(word, state)
            return None if value is None else bool(value) is (how == "-n")
        case [("-f" | "-e" | "-r" | "-x" | "-s"), word]:
            path = value_of(word, state)
            there = path and not state.lost and state.read(posixpath.normpath(posixpath.join(state.directory, path)))
            return True if there else None
        case [left, how, right]:
            values = value_of(left, state), value_of(right, state)
            if values[0] is None or values[1] is None:
                return None
            if how in _NUMBERS:
                return _compared(values[0], how, values[1])
            if how in _EQUAL | _UNEQUAL:
                plain = not patterns or right != unquoted(right)
                equal = values[0] == values[1] if plain else fnmatchcase(values[0], values[1])
                return equal is (how in _EQUAL)
        case [word] if not word.startswith("-"):
            value = value_of(word, state)
            return None if value is None else bool(value)
    return None


def _compared(left: str, how: str, right: str) -> bool | None:
    if not left.lstrip("-").isdigit() or not right.lstrip("-").isdigit():
        return None
    difference = int(left) - int(right)
    match how:
        case "-eq" | "-ne":
            return (difference == 0) is (how == "-eq")
        case "-gt" | "-lt":
            return difference * _NUMBERS[how] > 0
    return difference * _NUMBERS[how] >= 0


def _starts_command(given: list[Token], at: int) -> bool:
    before = given[at - 1] if at else None
    return before is None or before.operator or before.text in ("then", "do", "else", "{", "!", "in", "if", "elif")


def _end(given: list[Token], position: int) -> int | None:
    """Behind what closes it."""
    waiting: list[str] = []
    for at in range(position, len(given)):
        token = given[at]
        if token.operator or not (at == position or _starts_command(given, at)):
            continue
        if token.text in _OPENS:
            waiting.append(_OPENS[token.text])
        elif waiting and token.text == waiting[-1]:
            waiting.pop()
            if not waiting:
                return at + 1
    return None


def _next(given: list[Token], at: int, end: int, words: tuple[str, ...]) -> int:
    """Where one of the words stands that belongs to the same `if`."""
    while at < end:
        token = given[at]
        if not token.operator and _starts_command(given, at):
            if token.text in words:
                return at
            if token.text in _OPENS:
                at = _end(given, at) or end
                continue
        at += 1
    return end


def _after_body(given: list[Token], at: int, end: int) -> int:
    """Where ;; ends the commands of a pattern, or esac."""
    while at < end - 1:
        token = given[at]
        if token.operator and token.text == ";;":
            return at
        if not token.operator and token.text in _OPENS and _starts_command(given, at):
            at = _end(given, at) or end
            continue
        at += 1
    return end - 1
