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
from deploy_lib.steps.kind import NotWritten


def read_steps(document: Document, *, to_release: bool) -> tuple[tuple[Step, ...], list[ConfigProblem]]:
    """The steps that could be read, and the problems of those that could not.

    With `to_release` a plan that could end neither live nor ready is a problem, too.
    """
    entries = document.data.get("steps")
    if not isinstance(entries, list):
        return (), []
    steps: list[Step] = []
    found: list[ConfigProblem] = []
    for index, entry in enumerate(entries):
        for name, settings, path in _written_out(entry, ("steps", index), document, found):
            kind = KINDS.get(name)
            if kind is None:
                found.append(ConfigProblem(document.place(path), unknown("step", name, KINDS)))
                continue
            try:
                steps.append(Step(kind, kind.settings.model_validate(settings), document.place(path)))
            except ValidationError as error:
                found.extend(worded(error, path, document, kind.settings))
    if not found:
        problems = [*order_problems(steps), *(without_end(steps) if to_release else ())]
        found.extend(ConfigProblem(step.place, why) for step, why in problems)
    return tuple(steps), found


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
