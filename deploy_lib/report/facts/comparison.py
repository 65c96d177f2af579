"""This release beside the last successful one: image, commit, files, packages, settings; and what is not known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from deploy_lib.model.details import Inventory
from deploy_lib.model.image_names import digest_of
from deploy_lib.model.journal import Entry
from deploy_lib.model.journal_queries import latest_release, verdicts
from deploy_lib.report.facts import subject as subjects
from deploy_lib.report.facts.subject import Subject

SHOWN = 200  # lines of a difference; a change of everything is not worth more
_FACTS: tuple[tuple[str, Callable[[Inventory], str | int | None]], ...] = (
    ("base image", lambda known: known.base),
    ("base image digest", lambda known: known.base_digest),
    ("Python", lambda known: known.python),
    ("image size in bytes", lambda known: known.image_size),
    ("context hash", lambda known: known.context_hash),
    ("files in the image", lambda known: known.image_files),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact of two releases; None where it is not known."""

    what: str
    before: str | None
    now: str | None
    changed: bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """With the last successful release. `files`, `packages` and `settings` are lines such as "added: x"."""

    with_release: str | None
    facts: tuple[Difference, ...] = ()
    files: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def read(entries: Sequence[Entry], previous: Sequence[Entry] | None, subject: Subject) -> Comparison:
    """`previous` is the journal of the last release that went live, None when there is none to read."""
    settings = _settings(previous, entries)
    if not previous:
        alone = "no earlier release of this service that went live is in the journals read"
        served = _with_what_served(entries, subject)
        return Comparison(None, served, settings=settings, unknown=() if subject.first else (alone,))
    last = subjects.read(previous)
    rows = [
        _difference("commit", last.commit or None, subject.commit or None),
        _difference("image", digest_of(last.image), digest_of(subject.image)),
        _difference("revision", last.candidate, subject.candidate),
    ]
    had, has = _known_of(previous), _known_of(entries)
    both = (_difference(what, fact(had), fact(has)) for what, fact in _FACTS)
    rows += [row for row in both if row.before is not None or row.now is not None]
    files, packages, unknown = _inside(had, has)
    if not subject.image:
        unknown.append("this release has no image: none was built, or the build pushed none")
    if subject.stable and last.candidate and subject.stable != last.candidate:
        unknown.append(f"before this release {subject.stable} served, which is not the revision of that release")
    return Comparison(last.id, tuple(rows), files, packages, settings, tuple(unknown))


def _difference(what: str, *values: str | int | None) -> Difference:
    before, now = (None if value is None else str(value) for value in values)
    return Difference(what, before, now, None if before is None or now is None else before != now)


def _with_what_served(entries: Sequence[Entry], subject: Subject) -> tuple[Difference, ...]:
    """What the canary read of the revision that served before, when the journal of its release is not here."""
    known = _known_of(entries)
    rows = (
        _difference("image", digest_of(known.previous_image), digest_of(subject.image)),
        _difference("revision", known.previous_revision or subject.stable, subject.candidate),
    )
    return tuple(row for row in rows if row.before is not None)


def _inside(had: Inventory, has: Inventory) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    unknown: list[str] = []
    found: list[tuple[str, ...]] = []
    for what, before, now in (("files", had.files, has.files), ("packages", had.packages, has.packages)):
        if before is None or now is None:
            which = "that release" if before is None else "this release"
            unknown.append(f"which {what} changed: the journal of {which} lists none")
            found.append(())
        else:
            found.append(_changes(before, now, show_values=what == "packages"))
    return found[0], found[1], unknown


def _known_of(entries: Sequence[Entry]) -> Inventory:
    """What the steps know of a release's image; a later one knows better."""
    known = Inventory()
    for judged in verdicts(entries):
        found = judged.details.inventory() if judged.details else None
        if found is not None:
            values = {each.name: getattr(found, each.name) for each in fields(Inventory)}
            known = replace(known, **{name: value for name, value in values.items() if value is not None})
    release = latest_release(entries)
    return replace(known, context_hash=release.context_hash) if release and known.context_hash is None else known


def _changes(before: Mapping[str, str], now: Mapping[str, str], *, show_values: bool) -> tuple[str, ...]:
    """ "added: x", "removed: y", "changed: z 1 -> 2", sorted by name within each."""
    added = [f"added: {name}" + (f" {now[name]}" if show_values else "") for name in sorted(now.keys() - before.keys())]
    gone = [f"removed: {name}" for name in sorted(before.keys() - now.keys())]
    differ = [name for name in sorted(before.keys() & now.keys()) if before[name] != now[name]]
    changed = [f"changed: {name}" + (f" {before[name]} -> {now[name]}" if show_values else "") for name in differ]
    found = [*added, *gone, *changed]
    if len(found) > SHOWN:
        return (*found[:SHOWN], f"and {len(found) - SHOWN} more")
    return tuple(found)


def _settings(previous: Sequence[Entry] | None, entries: Sequence[Entry]) -> tuple[str, ...]:
    """As the configuration of both releases tells it, and what else the canary changed on the running service."""
    asked = (each.details.settings_changed() for each in verdicts(entries) if each.details)
    on_service = next((lines for lines in asked if lines is not None), ())
    before, now = latest_release(previous or ()), latest_release(entries)
    configured = tuple(_fields(before.service, now.service)) if before and now else ()
    return tuple(dict.fromkeys((*configured, *_besides(configured, on_service)))) if previous else on_service


def _besides(configured: Sequence[str], on_service: Sequence[str]) -> Iterator[str]:
    """What the canary changed, and neither the configuration's changes nor the table of facts say already."""
    variables = {line.split(": ", 1)[1].split(" ")[0] for line in configured if line.startswith(("env ", "secrets "))}
    for line in on_service:
        what = line.partition(":")[0]
        if what != "image" and what.removeprefix("variable ") not in variables:
            yield line


def _fields(before: Any, now: Any) -> Iterator[str]:
    """Two dataclasses field by field. Of variables only names: a value may be a secret nobody marked."""
    for field in (field for field in fields(before) if field.compare):
        old, new = getattr(before, field.name), getattr(now, field.name)
        if is_dataclass(old) and type(old) is type(new):
            prefix = "" if field.name == "source" else f"{field.name}."
            yield from (f"{prefix}{line}" for line in _fields(old, new))
        elif isinstance(old, Mapping) and isinstance(new, Mapping):
            name = "build argument" if field.name == "args" else field.name
            yield from (f"{name} {line}" for line in _changes(old, new, show_values=field.name == "secrets"))
        elif old != new:
            shown = ("not set" if value is None else str(value) for value in (old, new))
            yield f"{field.name}: {' -> '.join(shown)}"
