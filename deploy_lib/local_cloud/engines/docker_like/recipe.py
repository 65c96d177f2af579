"""The Dockerfile as docker or podman gets it: the user's, with bases under the names they have here. Pure.

A base image that had to be stood in for has a name of its own, so that a stand-in is never taken for the real
image by anything else on this machine; its FROM is written accordingly. Steps also get arguments that
say where the host's certificates and package index are: an ARG is seen by RUN and leaves nothing in the image.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...registry.oci import host_architecture
from ..dockerfile import Dockerfile, Instruction, Stage, expand_word


def list_bases(plan: Dockerfile, given: Mapping[str, str]) -> list[str | None]:
    """What each stage starts from: an image's name, or None for scratch and for an earlier stage. BuildFailed."""
    values = read_globals(plan, given)
    names: set[str] = set()
    found: list[str | None] = []
    for stage in plan.stages:
        _check_platform(stage, values, plan.escape)
        base = _expand(stage.origin, stage.base, values, plan.escape)
        if not base:
            raise stage.origin.failure(f"{stage.base} is empty; give its ARG a value")
        found.append(None if base == "scratch" or base.lower() in names else base)
        names |= {stage.name} if stage.name else set()
    return found


def read_globals(plan: Dockerfile, given: Mapping[str, str]) -> dict[str, str]:
    """The arguments before the first FROM, and those every build has."""
    here = {"OS": "linux", "ARCH": host_architecture(), "PLATFORM": f"linux/{host_architecture()}", "VARIANT": ""}
    values = {f"{side}{name}": value for side in ("TARGET", "BUILD") for name, value in here.items()}
    for instruction in plan.globals:
        for word in instruction.args:
            name, assigned, default = word.partition("=")
            if name in given:
                values[name] = given[name]
            elif assigned:
                values[name] = _expand(instruction, default, values, plan.escape)
    return values


def _expand(instruction: Instruction, word: str, values: Mapping[str, str], escape: str) -> str:
    try:
        return expand_word(word, values, escape)
    except ValueError as error:
        raise instruction.failure(str(error)) from None


def _check_platform(stage: Stage, values: Mapping[str, str], escape: str) -> None:
    here = f"linux/{host_architecture()}"
    if stage.platform and _expand(stage.origin, stage.platform, values, escape) != here:
        raise stage.origin.failure(f"--platform={stage.platform} is not {here}, the only one this machine runs")


def write_recipe(text: str, plan: Dockerfile, bases: list[str | None], args: Mapping[str, str]) -> str:
    """`bases` are the names to use; `args` are declared in every stage."""
    lines = text.removeprefix("\ufeff").splitlines()
    # From the last stage up, so that line numbers above stay true.
    for stage, base in reversed(list(zip(plan.stages, bases, strict=True))):
        origin = stage.origin
        declared = (
            ["ARG " + " ".join(f"{name}={_quote(value, plan.escape)}" for name, value in args.items())] if args else []
        )
        named = f" AS {stage.name}" if stage.name else ""
        opening = lines[origin.line - 1 : origin.end] if base is None else [f"FROM {base}{named}"]
        lines[origin.line - 1 : origin.end] = [*opening, *declared]
    return "\n".join(lines) + "\n"


def original_line(plan: Dockerfile, bases: list[str | None], args: Mapping[str, str], number: int) -> int:
    """The user's number of a line of what `write_recipe` made of these."""
    moved = 0
    for stage, base in zip(plan.stages, bases, strict=True):
        if number <= stage.origin.line + moved:
            break
        moved += bool(args) - (0 if base is None else stage.origin.end - stage.origin.line)
    return number - moved


def _quote(value: str, escape: str) -> str:
    if re.fullmatch(r"[\w./:,+=-]*", value):
        return value
    return '"' + "".join(escape + each if each in ('"', "$", escape) else each for each in value) + '"'


def refuse_heredocs(plan: Dockerfile, program: str) -> None:
    """BuildFailed for what an older builder would misread: it takes a heredoc's lines for instructions."""
    for stage in plan.stages:
        for instruction in stage.instructions:
            if instruction.heredocs:
                raise instruction.failure(f"heredocs are not known to {program}; build with namespaces or a newer one")
