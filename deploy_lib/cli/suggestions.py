"""What someone who mistyped a command, a flag or one of its values most likely meant. Standard library only."""

from __future__ import annotations

from collections.abc import Collection, Iterable

_LONGEST = 60  # characters of a word that are compared: nobody mistypes more, and comparing is quadratic


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ "; did you mean status?", and nothing where none is near."""
    from difflib import get_close_matches  # loaded for those who mistype

    close = get_close_matches(word[:_LONGEST].lower(), sorted(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def unknown_arguments(words: Iterable[str], flags: Iterable[str], commands: Collection[str]) -> str:
    """ "unrecognized arguments: --sevice backend; did you mean --service?": of the first flag among the words,
    or where there is none how a service is named."""
    given = list(words)
    if given and given[0] in commands:
        return f"unrecognized arguments: {' '.join(given)}; a command comes first, its flags after it"
    first = next((word.partition("=")[0] for word in given if word.startswith("--")), "")
    hint = did_you_mean(first, (flag for flag in flags if flag.startswith("--"))) if first else ""
    if "--service" in flags and not any(word.startswith("-") for word in given):
        hint = "; a service is named with --service"
    return f"unrecognized arguments: {' '.join(given)}{hint}"
