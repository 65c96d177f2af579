"""How the lists and the settings of two releases differ, as lines: "added: x", "memory: 256Mi -> 512Mi"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace

from deploy_lib.model.journal import Entry
from deploy_lib.model.journal_queries import latest_release, verdicts
from deploy_lib.model.service import Service

SHOWN = 200  # lines of a difference; a change of everything is not worth more


def changes(before: Mapping[str, str], now: Mapping[str, str], *, show_values: bool) -> tuple[str, ...]:
    """ "added: x", "removed: y", "changed: z 1 -> 2", sorted by name within each."""
    added = [f"added: {name}" + (f" {now[name]}" if show_values else "") for name in sorted(now.keys() - before.keys())]
    gone = [f"removed: {name}" for name in sorted(before.keys() - now.keys())]
    differ = [name for name in sorted(before.keys() & now.keys()) if before[name] != now[name]]
    changed = [f"changed: {name}" + (f" {before[name]} -> {now[name]}" if show_values else "") for name in differ]
    found = [*added, *gone, *changed]
    if len(found) > SHOWN:
        return (*found[:SHOWN], f"and {len(found) - SHOWN} more")
    return tuple(found)


def settings_changed(previous: Sequence[Entry] | None, entries: Sequence[Entry]) -> tuple[str, ...]:
    """As the configuration of both releases tells it, and what else the canary changed on the running service."""
    on_service = _changed_on_service(entries)
    if not previous:
        return on_service
    configured = _configured(previous, entries)
    return tuple(dict.fromkeys((*configured, *_besides(configured, on_service))))


def _changed_on_service(entries: Sequence[Entry]) -> tuple[str, ...]:
    """What the canary changed on the running service, as the service itself said."""
    for judged in verdicts(entries):
        changed = judged.details.settings_changed() if judged.details else None
        if changed is not None:
            return changed
    return ()


def _besides(configured: Sequence[str], on_service: Sequence[str]) -> Iterator[str]:
    """What the canary changed, and neither the configuration's changes nor the table of facts say already."""
    variables = {line.split(": ", 1)[1].split(" ")[0] for line in configured if line.startswith(("env ", "secrets "))}
    for line in on_service:
        what = line.partition(":")[0]
        if what != "image" and what.removeprefix("variable ") not in variables:
            yield line


def _configured(previous: Sequence[Entry], entries: Sequence[Entry]) -> tuple[str, ...]:
    """Differences of the configured service. Of variables only names: a value may be a secret nobody marked."""
    before, now = latest_release(previous), latest_release(entries)
    if before is None or now is None:
        return ()
    found: list[str] = []
    for field in fields(Service):
        old, new = getattr(before.service, field.name), getattr(now.service, field.name)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            shown = changes(_text(old), _text(new), show_values=field.name == "secrets")
            found += [f"{field.name} {line}" for line in shown]
        elif field.name == "source":
            found += _source(before.service, now.service)
        else:
            found.append(f"{field.name}: {_worded(old)} -> {_worded(new)}")
    return tuple(found)


def _source(before: Service, now: Service) -> list[str]:
    plain = [replace(service.source, args={}) for service in (before, now)]
    found = [
        f"{field.name}: {_worded(getattr(plain[0], field.name))} -> {_worded(getattr(plain[1], field.name))}"
        for field in fields(plain[0])
        if getattr(plain[0], field.name) != getattr(plain[1], field.name)
    ]
    return found + [
        f"build argument {line}"
        for line in changes(_text(before.source.args), _text(now.source.args), show_values=False)
    ]


def _text(values: Mapping[str, str]) -> dict[str, str]:
    return {str(name): str(value) for name, value in values.items()}


def _worded(value: object) -> str:
    return "not set" if value is None else str(value)
