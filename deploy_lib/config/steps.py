"""The `steps:` list: each entry becomes a step with checked settings.

The short form of a kind, such as `promote: {steps: [1, 10, 100]}`, is written out here, so that everything after this
file knows single steps only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from deploy_lib.config.lines import Document, Path
from deploy_lib.config.order import problems as order_problems
from deploy_lib.config.order import without_end
from deploy_lib.config.problems import ConfigProblem, unknown
from deploy_lib.config.wording import worded
from deploy_lib.plan import Step
from deploy_lib.steps.catalogue import KINDS
from deploy_lib.steps.job import KIND as JOB
from deploy_lib.steps.kind import NotWritten


def read_job_steps(document: Document, job: str) -> tuple[tuple[Step, ...], list[ConfigProblem]]:
    """The checks of a job that is released by itself, by default all that there are for one; its update comes last."""
    at: Path = ("jobs", job, "steps")
    entries = document.data["jobs"][job].get("steps")
    found: list[ConfigProblem] = []
    usual: list[tuple[str, Any, Path]] = [(kind.name, {}, at[:2]) for kind in KINDS.values() if kind.of_jobs]
    written = _entries(entries, at, document, found) if isinstance(entries, list) and entries else iter(usual)
    steps: list[Step] = []
    for name, settings, path in written:
        kind = KINDS.get(name)
        if kind is not None and not kind.of_jobs:
            taken = ", ".join(each.name for each in KINDS.values() if each.of_jobs)
            own = "is changed, and run, by itself after them" if kind is JOB else "has no traffic and no URL"
            why = f"{name} is not a step of a job, which {own}; it takes {taken}"
            found.append(ConfigProblem(document.place(path), why))
            continue
        steps += _step(name, settings, path, document, found)
    found.extend(ConfigProblem(step.place, why) for step, why in (() if found else order_problems(steps)))
    needs = JOB.position.needs
    if not found and needs and needs.kind not in [step.kind.name for step in steps]:
        found.append(ConfigProblem(document.place(at), f"the steps of a job need {needs.kind}: {needs.why}"))
    return tuple(steps), found


def read_steps(document: Document, *, to_release: bool) -> tuple[tuple[Step, ...], list[ConfigProblem]]:
    """The steps that could be read, and the problems of those that could not.

    With `to_release` a plan that could end neither live nor ready is a problem, too.
    """
    entries = document.data.get("steps")
    if not isinstance(entries, list):
        return (), []
    steps: list[Step] = []
    found: list[ConfigProblem] = []
    for name, settings, path in _entries(entries, ("steps",), document, found):
        steps += _step(name, settings, path, document, found)
    if not found:
        problems = [*order_problems(steps), *(without_end(steps) if to_release else ())]
        found.extend(ConfigProblem(step.place, why) for step, why in problems)
    return tuple(steps), found


def _entries(
    entries: list[Any], at: Path, document: Document, found: list[ConfigProblem]
) -> Iterator[tuple[str, Any, Path]]:
    for index, entry in enumerate(entries):
        yield from _written_out(entry, (*at, index), document, found)


def _step(name: str, settings: Any, path: Path, document: Document, found: list[ConfigProblem]) -> Iterator[Step]:
    """The step, or none where there is a problem with it."""
    kind = KINDS.get(name)
    if kind is None:
        found.append(ConfigProblem(document.place(path), unknown("step", name, KINDS)))
        return
    try:
        yield Step(kind, kind.settings.model_validate(settings), document.place(path))
    except ValidationError as error:
        found.extend(worded(error, path, document, kind.settings))


def _written_out(
    entry: Any, path: Path, document: Document, found: list[ConfigProblem]
) -> Iterator[tuple[str, Any, Path]]:
    if isinstance(entry, str):
        entry = {entry: None}
    if not isinstance(entry, dict) or len(entry) != 1:
        found.append(
            ConfigProblem(document.place(path), "a step is one name with its settings, e.g. - probe: {path: /health}")
        )
        return
    [(name, settings)] = entry.items()
    path = (*path, name) if (*path, name) in document.places else path
    settings = {} if settings is None else settings
    if not isinstance(settings, dict):
        found.append(ConfigProblem(document.place(path), f"the settings of {name} must be a mapping, not {settings!r}"))
        return
    short = KINDS[name].short_form if name in KINDS else None
    if short is None or short.key not in settings:
        yield name, settings, path
        return
    try:
        written = short.write_out(settings)
    except NotWritten as problem:
        found.append(ConfigProblem(document.place((*path, problem.key)), str(problem)))
        return
    yield from ((each, given, path) for each, given in written)
