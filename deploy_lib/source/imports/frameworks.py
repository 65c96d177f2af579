"""What Django and Celery import when they are set up, as events of the modules whose settings name it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from deploy_lib.source.imports.closure import Closure, absolute
from deploy_lib.source.imports.events import Event, From, Load, Maybe, Program, imports
from deploy_lib.source.imports.loading import object_at
from deploy_lib.source.imports.names import is_module
from deploy_lib.source.imports.settings import TASK_MODULES, TASK_PACKAGES, Setting

Done = tuple[str, Program]
"""A module, and what is done later as if it stood there."""


class Value(NamedTuple):
    """A string of a setting: the module and the line where it stands; `joined` and `certain` as in its Setting."""

    module: str
    line: int
    text: str
    joined: bool
    certain: bool


def values(
    module: str, closure: Closure, above: tuple[str, ...] = (), *, given: Mapping[str, list[Value]] | None = None
) -> dict[str, list[Value]]:
    """The settings that a module has once it is imported, with those that its star imports bring, and with `given`."""
    facts = closure.facts.get(module)
    if facts is None or module in above:
        return {}
    found: dict[str, list[Value]] = dict(given or {})
    for event in imports(facts.program):
        if isinstance(event, From) and event.names[0][0] == "*":
            base = absolute(module, event.level, event.module, closure)
            inherited = values(base, closure, (*above, module)) if base else {}
            for name, those in inherited.items():
                sure = event in facts.program
                found[name] = those if sure else _doubtful((*found.get(name, []), *those))
    for setting in facts.settings:
        _apply(setting, module, found)
    return found


def _apply(setting: Setting, module: str, found: dict[str, list[Value]]) -> None:
    before, given = found.get(setting.name, []), list[Value]()
    for part in setting.parts:
        if part.name:
            given += found.get(part.text, [])
        else:
            given.append(Value(module, part.line, part.text, part.joined, setting.certain))
    if setting.how == "remove":
        gone = {each.text for each in given}
        found[setting.name] = [each for each in before if each.text not in gone]
    elif setting.how == "add":
        found[setting.name] = before + given
    elif setting.certain:
        found[setting.name] = given
    else:
        found[setting.name] = _doubtful((*before, *given))


def _doubtful(those: Iterable[Value]) -> list[Value]:
    return [each._replace(certain=False) for each in those]


def django_setup(found: Mapping[str, list[Value]], closure: Closure, *, served: bool) -> list[Done]:
    """django.setup(), the middleware, and the addresses that the first request looks up. `served`: by runserver, which
    also imports WSGI_APPLICATION (https://docs.djangoproject.com/en/stable/ref/applications/#initialization-process,
    https://docs.djangoproject.com/en/stable/topics/http/urls/)."""
    applications = found.get("INSTALLED_APPS", [])
    done = [_done(each, [object_at(each.text, each.line)]) for each in found.get("LOGGING", [])]
    done += [_done(each, _application(each, closure)) for each in applications]
    done += [_done(each, _below(_package(each.text, closure), "models", each.line, closure)) for each in applications]
    for name in ("MIDDLEWARE", *(("WSGI_APPLICATION",) if served else ())):
        done += [_done(each, [object_at(each.text, each.line)]) for each in found.get(name, [])]
    return done + [_done(each, [_module(each)]) for each in found.get("ROOT_URLCONF", [])]


def celery_worker(found: Mapping[str, list[Value]], django: Mapping[str, list[Value]], closure: Closure) -> list[Done]:
    """The task modules that a worker imports before it takes work: those it is told, and `tasks` of its packages
    (https://docs.celeryq.dev/en/stable/userguide/configuration.html#imports)."""
    modules = [*found.get(TASK_MODULES, []), *django.get("CELERY_IMPORTS", []), *django.get("CELERY_INCLUDE", [])]
    done = [_done(each, [_module(each)]) for each in modules]
    for each in found.get(TASK_PACKAGES, []):
        done.append(_done(each, [_module(each), *_below(each.text, "tasks", each.line, closure)]))
    return done


def _done(value: Value, events: Iterable[Event | None]) -> Done:
    program = tuple(event for event in events if event)
    return value.module, program if value.certain or not program else (Maybe(program),)


def _module(value: Value) -> Load | None:
    return Load(value.line, 0, value.text) if is_module(value.text) else None


def _application(value: Value, closure: Closure) -> Iterator[Event | None]:
    """A module, whose `apps` is imported too, or a configuration class."""
    if _is_class(value.text, closure):
        yield object_at(value.text, value.line)
        return
    yield _module(value)
    yield from _below(value.text, "apps", value.line, closure)


def _package(application: str, closure: Closure) -> str:
    """Where the models of an application are. That of a configuration class is as a rule the one above its module."""
    if _is_class(application, closure):
        return application.rpartition(".")[0].removesuffix(".apps")
    return application


def _is_class(application: str, closure: Closure) -> bool:
    return closure.layout.find(application) is None and application.rpartition(".")[2][:1].isupper()


def _below(package: str, name: str, line: int, closure: Closure) -> Iterator[Event]:
    below = f"{package}.{name}"
    if is_module(package) and closure.layout.find(below) is not None:
        yield Load(line, 0, below)
