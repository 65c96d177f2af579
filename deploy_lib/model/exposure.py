"""How a service is reached, and by whom: settings of the service as a whole, which meet all its users at once.

A release changes them with the step that gives its candidate all traffic, and restoring puts them back
(docs/decisions/034). What is None is not named in the YAML, and stays as the service has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

INVOKERS = "invokers"
"""The one that is not a field of the service, but in its IAM policy."""
Changes = Mapping[str, Sequence[Any]]
"""By the key of the YAML: what it was and what it became, as JSON holds it."""
WHEN = "once the candidate has all traffic"


@dataclass(frozen=True, slots=True)
class Exposure:
    """`public`: anybody may call the service, without an identity token. `invokers`: members of IAM that may."""

    ingress: str | None = None  # all, internal or internal-and-cloud-load-balancing
    custom_audiences: tuple[str, ...] | None = None
    default_url: bool | None = None
    public: bool | None = None
    invokers: tuple[str, ...] | None = None


def told(changes: Changes) -> tuple[str, ...]:
    """Each change in words: "ingress: all -> internal"."""
    return tuple(f"{key}: {value_words(was)} -> {value_words(now)}" for key, (was, now) in changes.items())


def opens(changes: Changes) -> str:
    """Which of them lets everybody call the service who could not before, in words; empty where none does."""
    was, now = changes.get(INVOKERS, ((), ()))
    if "allUsers" in {*now} - {*was}:
        return "invokers: allUsers lets anybody call the service, without a token"
    if [*changes.get("public", (None, None))] == [False, True]:
        return "public: true lets anybody call the service, without a token"
    return ""


def joined(earlier: Changes, later: Changes) -> dict[str, list[Any]]:
    """Both as one: from what was before the earlier to what is after the later."""
    found = {key: [*values] for key, values in earlier.items()}
    for key, (was, now) in later.items():
        found[key] = [found[key][0] if key in found else was, now]
    return found


def reverted(now: Mapping[str, Any], newest_first: Sequence[Changes]) -> dict[str, Any]:
    """What undoing these releases puts back, of those settings that still are as each left them.

    One that somebody changed since is theirs. Of the invokers, what a release added goes and what it removed comes
    back; who else was let in stays.
    """
    found = dict(now)
    for changes in newest_first:
        for key, (was, became) in changes.items():
            if key == INVOKERS and key in found:
                found[key] = sorted({*found[key], *was} - ({*became} - {*was}))
            elif key in found and _same(found[key], became):
                found[key] = was
    return {key: value for key, value in found.items() if not _same(value, now[key])}


def differing(now: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The changes from `now` to what is wanted of it. The order of a list means nothing."""
    return {key: [now[key], value] for key, value in wanted.items() if key in now and not _same(now[key], value)}


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return {*one} == {*other}
    return bool(one == other)


def value_words(value: Any) -> str:
    """As a terminal shows it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(value) or "none"
    return str(value)
