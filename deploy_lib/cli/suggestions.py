"""What someone who mistyped a command, a flag or one of its values most likely meant. Standard library only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

_NAMED = 4  # commands that one flag is said to be of
_LONGEST = 60  # characters of a word that are compared: nobody mistypes more, and comparing is quadratic


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ "; did you mean status?", and nothing where none is near."""
    near = _near(word, known)
    return f"; did you mean {near}?" if near else ""


def unknown_arguments(words: Iterable[str], command: str, flags: Mapping[str, Collection[str]]) -> str:
    """ "unrecognized arguments: --sevice backend; did you mean --service?": of each flag among the words, or where
    there is none how a service is named. `flags` are those of every command."""
    given = list(words)
    told = f"unrecognized arguments: {' '.join(given)}"
    if given and given[0] in flags:
        return f"{told}; a command comes first, its flags after it"
    if "--service" in flags[command] and not any(word.startswith("-") for word in given):
        return f"{told}; a service is named with --service"
    mistyped = [word.partition("=")[0] for word in given if word.startswith("--")]
    return "; ".join([told, *dict.fromkeys(_meant(mistyped, command, flags))])


def _meant(mistyped: Iterable[str], command: str, flags: Mapping[str, Collection[str]]) -> Iterator[str]:
    own = [flag for flag in flags[command] if flag.startswith("--")]
    for flag in mistyped:
        others = [name for name, theirs in flags.items() if flag in theirs]
        if others:
            yield f"{flag} is a flag of {' and '.join(others if len(others) <= _NAMED else [others[0], 'others'])}"
        elif near := _near(flag, own):
            yield f"did you mean {near}?"


def _near(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # loaded for those who mistype

    return next(iter(get_close_matches(word[:_LONGEST].lower(), sorted(known), n=1)), "")
