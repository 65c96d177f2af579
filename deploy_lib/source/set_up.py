"""What is imported by name once the entrypoint's module is: Django's settings and applications, Celery's tasks."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from deploy_lib.model.findings import Finding
from deploy_lib.source.entrypoint import Entrypoint
from deploy_lib.source.imports.closure import MAIN, Closure
from deploy_lib.source.imports.events import From, Import, imports
from deploy_lib.source.imports.frameworks import Done, Value, celery_worker, django_setup, values
from deploy_lib.source.imports.layout import modules_below
from deploy_lib.source.imports.names import is_module
from deploy_lib.source.model import ImageContents

DJANGO_SETTINGS = "DJANGO_SETTINGS_MODULE"

_WRITTEN = re.compile(
    rf"""^(?P<inside>[^\S\n]*)os\.environ(?:(?P<default>\.setdefault\()|\[)["']{DJANGO_SETTINGS}["']"""
    r"""(?:,|\] =)\s*["'](?P<module>[\w.]+)["']""",
    re.MULTILINE,
)
_SETS_UP = re.compile(r"get_[aw]sgi_application\(\)|^django\.setup\(\)", re.MULTILINE)
_NAMED_SETTINGS = re.compile(r"settings(_\w+)?|\w+_settings|dev|development|local|prod|production|stag(e|ing)")
_NOT_SERVED = frozenset({"ci", "migrations", "test", "testing", "tests"})
"""Folders whose modules no container is started with."""
_SETTING_UP = frozenset({"django", "django.core.asgi", "django.core.management", "django.core.wsgi"})
_MANAGES = re.compile(r"\bexecute_from_command_line\(")


@dataclass(frozen=True, slots=True)
class DjangoSettings:
    """The module that Django imports when it is set up; `default`: unless a variable names another one.

    `used`: something that is imported sets Django up; a variable alone does not.
    """

    module: str
    default: bool
    used: bool

    def doubt(self, closure: Closure) -> str:
        """What else may be so: nothing sets Django up, or a variable chooses other settings of the image."""
        if not self.used:
            return "nothing that is imported sets Django up"
        others = sorted(set(_other_settings(closure, self.module))) if self.default else []
        return f"{DJANGO_SETTINGS} may be set to another module, such as {others[0]}" if others else ""


def django_settings(entry: Entrypoint, contents: ImageContents, text: str, closure: Closure) -> DjangoSettings | None:
    """By a variable of the service or the image, or by `text`, the module that is started
    (https://docs.djangoproject.com/en/stable/topics/settings/). None where nothing tells it. `closure` is what is
    imported before the settings.
    """
    used = entry.worker or any(
        isinstance(event, Import | From) and event.module in _SETTING_UP
        for facts in closure.facts.values()
        for event in imports(facts.program)
    )
    assigned = dict(entry.launch.variables) if entry.launch else {}
    named = assigned.get(DJANGO_SETTINGS) or contents.env.get(DJANGO_SETTINGS)
    written = _written(entry, text)
    if written and (named is None or not written["default"]):
        return DjangoSettings(written["module"], written["default"] is not None, used)
    return DjangoSettings(named, False, used) if named and is_module(named) else None


def _written(entry: Entrypoint, text: str) -> re.Match[str] | None:
    manages = _MANAGES.search(text) is not None
    if not (manages or entry.worker or _SETS_UP.search(text)):
        return None
    found = _WRITTEN.search(text)
    return found if found and (manages or not found["inside"]) else None


def _other_settings(closure: Closure, default: str) -> Iterator[str]:
    """Modules of the image that look like settings that a service may be started with, and that nothing imports."""
    beside = default.rpartition(".")[0]
    for name, _ in modules_below(closure.layout.files, closure.layout.roots):
        package, _, module = name.rpartition(".")
        if name in closure.files or not is_module(name) or not _NOT_SERVED.isdisjoint(package.split(".")):
            continue
        near = package == beside and "settings" in module
        likely = package.rpartition(".")[2] == "settings" or re.fullmatch(r"[a-z]+settings", module)
        if near or likely or _NAMED_SETTINGS.fullmatch(module):
            yield name


def done_later(
    entry: Entrypoint, module: str, settings: str | None, closure: Closure
) -> tuple[list[Done], dict[str, list[Value]]]:
    """What the frameworks do once `module`, the entrypoint's, and the settings are imported, and the settings."""
    django = values(settings, closure) if settings else {}
    served = entry.script is not None and posixpath.basename(entry.script) == "manage.py"
    done = django_setup(django, closure, served=served)
    if entry.worker:
        started = MAIN if closure.main_file else module
        done += celery_worker(values(started, closure, given=django), django, closure)
    return done, django


def with_commas(findings: Iterable[Finding], settings: Mapping[str, list[Value]]) -> Iterator[Finding]:
    """Two strings of a list with no comma between them are one string, which names nothing."""
    joined = {(each.text, each.line) for those in settings.values() for each in those if each.joined}
    for finding in findings:
        starts = finding.module and any(
            f"{text}.".startswith(f"{finding.module}.") and line == finding.line for text, line in joined
        )
        comma = f"add the comma that is missing between the strings at line {finding.line}"
        yield replace(finding, fix=comma) if starts else finding
