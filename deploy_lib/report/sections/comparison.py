"""This release beside the last successful one: image, commit, files, packages, settings; and what is not known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace

from deploy_lib.model.details import Inventory
from deploy_lib.model.image_names import digest_of
from deploy_lib.model.journal import Entry
from deploy_lib.model.journal_queries import latest_release
from deploy_lib.model.service import Service
from deploy_lib.report.model import Comparison, Difference, Subject
from deploy_lib.report.sections import subject as subjects
from deploy_lib.report.sections.inventory import changes

_FACTS: tuple[tuple[str, Callable[[Inventory], str | int | None]], ...] = (
    ("base image", lambda known: known.base),
    ("base image digest", lambda known: known.base_digest),
    ("Python", lambda known: known.python),
    ("image size in bytes", lambda known: known.image_size),
    ("context hash", lambda known: known.context_hash),
    ("files in the image", lambda known: known.image_files),
)


def read(entries: Sequence[Entry], previous: Sequence[Entry] | None, subject: Subject) -> Comparison:
    """`previous` is the journal of the last release that went live, None when there is none to read."""
    settings = _settings_told(entries)
    if not previous:
        alone = "no earlier release of this service that went live is in the journals read"
        served = _with_what_served(entries, subject)
        return Comparison(None, served, settings=settings, unknown=() if subject.first else (alone,))
    last = subjects.read(previous)
    rows = [
        Difference("commit", last.commit or None, subject.commit or None),
        Difference("image", digest_of(last.image), digest_of(subject.image)),
        Difference("revision", last.candidate, subject.candidate),
    ]
    had, has = known_of(previous), known_of(entries)
    for what, fact in _FACTS:
        before, now = _text_of(fact(had)), _text_of(fact(has))
        if before is not None or now is not None:
            rows.append(Difference(what, before, now))
    files, packages, unknown = _inside(had, has)
    if not subject.image:
        unknown.append("this release has no image: none was built, or the build pushed none")
    if subject.stable and last.candidate and subject.stable != last.candidate:
        unknown.append(f"before this release {subject.stable} served, which is not the revision of that release")
    configured = _settings_changed(previous, entries)
    both = dict.fromkeys((*configured, *_besides(configured, settings)))
    return Comparison(last.id, tuple(rows), files, packages, tuple(both), tuple(unknown))


def _with_what_served(entries: Sequence[Entry], subject: Subject) -> tuple[Difference, ...]:
    """What the canary read of the revision that served before, when the journal of its release is not here."""
    known = known_of(entries)
    rows = (
        Difference("image", digest_of(known.previous_image), digest_of(subject.image)),
        Difference("revision", known.previous_revision or subject.stable, subject.candidate),
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
            found.append(changes(before, now, show_values=what == "packages"))
    return found[0], found[1], unknown


def known_of(entries: Sequence[Entry]) -> Inventory:
    """What the steps know of a release's image; a later one knows better."""
    known = Inventory()
    for judged in subjects.verdicts(entries):
        found = judged.details.inventory() if judged.details else None
        if found is not None:
            told = {each.name: getattr(found, each.name) for each in fields(Inventory)}
            known = replace(known, **{name: value for name, value in told.items() if value is not None})
    release = latest_release(entries)
    return replace(known, context_hash=release.context_hash) if release and known.context_hash is None else known


def _text_of(value: str | int | None) -> str | None:
    return None if value is None else str(value)


def _settings_told(entries: Sequence[Entry]) -> tuple[str, ...]:
    """What the canary changed on the running service, as it said itself."""
    for judged in subjects.verdicts(entries):
        told = judged.details.settings_changed() if judged.details else None
        if told is not None:
            return told
    return ()


def _besides(configured: Sequence[str], told: Sequence[str]) -> Iterator[str]:
    """What the canary told and neither the configuration's changes nor the table of facts say already."""
    variables = {line.split(": ", 1)[1].split(" ")[0] for line in configured if line.startswith(("env ", "secrets "))}
    for line in told:
        what = line.partition(":")[0]
        if what != "image" and what.removeprefix("variable ") not in variables:
            yield line


def _settings_changed(previous: Sequence[Entry], entries: Sequence[Entry]) -> tuple[str, ...]:
    """Differences of the configured service. Of variables only names: a value may be a secret nobody marked."""
    before, now = latest_release(previous), latest_release(entries)
    if before is None or now is None:
        return ()
    told: list[str] = []
    for field in fields(Service):
        old, new = getattr(before.service, field.name), getattr(now.service, field.name)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            shown = changes(_text(old), _text(new), show_values=field.name == "secrets")
            told += [f"{field.name} {line}" for line in shown]
        elif field.name == "source":
            told += [f"{line}" for line in _source(before.service, now.service)]
        else:
            told.append(f"{field.name}: {_worded(old)} -> {_worded(new)}")
    return tuple(told)


def _source(before: Service, now: Service) -> list[str]:
    plain = [replace(service.source, args={}) for service in (before, now)]
    told = [
        f"{field.name}: {_worded(getattr(plain[0], field.name))} -> {_worded(getattr(plain[1], field.name))}"
        for field in fields(plain[0])
        if getattr(plain[0], field.name) != getattr(plain[1], field.name)
    ]
    return told + [
        f"build argument {line}"
        for line in changes(_text(before.source.args), _text(now.source.args), show_values=False)
    ]


def _text(values: Mapping[str, str]) -> dict[str, str]:
    return {str(name): str(value) for name, value in values.items()}


def _worded(value: object) -> str:
    return "not set" if value is None else str(value)
