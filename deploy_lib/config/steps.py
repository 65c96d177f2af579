"""The `steps:` list: each entry becomes a step with checked settings.

`promote: {steps: [1, 10, 100], bake: 2m, watch: {...}}` is written out as single promotions here, each followed by
its comparison, so that everything after this file knows one kind of promotion only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from deploy_lib.config.catalogue import KINDS
from deploy_lib.config.lines import Document, Path
from deploy_lib.config.order import problems as order_problems
from deploy_lib.config.order import without_end
from deploy_lib.config.problems import Problem, unknown
from deploy_lib.config.wording import worded
from deploy_lib.plan import Step


def read_steps(document: Document, *, to_release: bool) -> tuple[tuple[Step, ...], list[Problem]]:
    """The steps that could be read, and the problems of those that could not.

    With `to_release` a plan that could end neither live nor ready is a problem, too.
    """
    entries = document.data.get("steps")
    if not isinstance(entries, list):
        return (), []
    steps: list[Step] = []
    found: list[Problem] = []
    for index, entry in enumerate(entries):
        for name, settings, path in _written_out(entry, ("steps", index), document, found):
            kind = KINDS.get(name)
            if kind is None:
                found.append(Problem(document.place(path), unknown("step", name, KINDS)))
                continue
            try:
                steps.append(Step(kind, kind.settings.model_validate(settings), document.place(path)))
            except ValidationError as error:
                found.extend(worded(error, path, document, kind.settings))
    if not found:
        told = [*order_problems(steps), *(without_end(steps) if to_release else ())]
        found.extend(Problem(step.place, why) for step, why in told)
    return tuple(steps), found


def _written_out(entry: Any, path: Path, document: Document, found: list[Problem]) -> Iterator[tuple[str, Any, Path]]:
    if isinstance(entry, str):
        entry = {entry: None}
    if not isinstance(entry, dict) or len(entry) != 1:
        found.append(
            Problem(document.place(path), "a step is one name with its settings, e.g. - probe: {path: /health}")
        )
        return
    [(name, settings)] = entry.items()
    path = (*path, name) if (*path, name) in document.places else path
    settings = {} if settings is None else settings
    if not isinstance(settings, dict):
        found.append(Problem(document.place(path), f"the settings of {name} are a mapping, not {settings!r}"))
        return
    if name == "promote" and "steps" in settings:
        yield from _promotions(settings, path, document, found)
    else:
        yield name, settings, path


def _promotions(
    settings: dict[str, Any], path: Path, document: Document, found: list[Problem]
) -> Iterator[tuple[str, Any, Path]]:
    percents, watch = settings["steps"], settings.get("watch")
    rest = {key: value for key, value in settings.items() if key not in ("steps", "watch")}
    if not isinstance(percents, list) or not percents:
        found.append(Problem(document.place((*path, "steps")), "steps is a list of whole percents, e.g. [1, 10, 100]"))
        return
    if "percent" in settings:
        found.append(Problem(document.place((*path, "percent")), "give percent or steps, not both"))
        return
    if watch is not None and not isinstance(watch, dict):
        found.append(Problem(document.place((*path, "watch")), "watch holds the settings of compare"))
        return
    for percent in percents:
        last = percent == percents[-1]
        baked = {key: value for key, value in rest.items() if watch is None or key != "bake"}
        yield "promote", {**baked, "percent": percent}, path
        if watch is not None and not last:
            duration = {"for": rest["bake"]} if "bake" in rest and "for" not in watch else {}
            yield "compare", {**duration, **watch}, path
