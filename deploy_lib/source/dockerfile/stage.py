"""One stage of a Dockerfile, read instruction by instruction: its files, its variables, its command."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from deploy_lib.source.dockerfile.copying import Copy, copy
from deploy_lib.source.dockerfile.packed import is_environment
from deploy_lib.source.dockerfile.run_step import FindStage, bring, run
from deploy_lib.source.dockerfile.stage_state import STANDARD, StageState
from deploy_lib.source.dockerfile.syntax import Instruction
from deploy_lib.source.dockerfile.tree import Tree, is_wild
from deploy_lib.source.model import SITE_PACKAGES, ReadContext, Rule

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")
_EXECUTABLE_MODE = re.compile(r"^0?[0-7]*[1357][0-7]{0,2}$|\+\w*x|=\w*x")


@dataclass(frozen=True, slots=True)
class Reporter:
    """Where problems go: a COPY source that is nowhere, a stage that is not there, an argument without a value."""

    missing_source: Callable[[Instruction, str], None]
    unset_argument: Callable[[Instruction, str], None]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a COPY takes from. `known`: what it does not hold is nowhere. `state` is None for the context."""

    tree: Tree
    known: bool
    state: StageState | None = None


FindOrigin = Callable[[Instruction], Origin]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where instructions take files from: the context, a COPY's own origin, a stage that a mount names. `read` gives
    the content of a context path."""

    context: Tree
    origin: FindOrigin
    stage: FindStage
    read: ReadContext


def read_instruction(
    state: StageState, instruction: Instruction, file: str, sources: Sources, report: Reporter
) -> None:
    """Carries one instruction out on `state`. Raises Refused and ValueError for what BuildKit refuses."""
    match instruction.name:
        case "ARG":
            state.variables.declare(instruction)
        case "ENV":
            state.variables.set(instruction)
        case "WORKDIR":
            wanted = _expand(state, instruction, instruction.args[0], report)
            state.workdir = "/" + posixpath.normpath(posixpath.join(state.workdir, wanted)).lstrip("/")
            if state.tree.resolve(state.workdir) in state.tree.files:
                raise ValueError(f"{state.workdir} is a file in the image")
            state.tree.add_directory(state.workdir)
        case "COPY" | "ADD":
            _copy(state, instruction, file, sources.origin(instruction), report)
        case "RUN":
            rule = Rule(file, instruction.line, instruction.text)
            run(state, instruction, rule, sources.context, sources.stage, sources.read)
        case "SHELL":
            state.shell = instruction.args
        case "CMD":
            state.command = _command(state, instruction)
            state.own_command = True
        case "ENTRYPOINT":
            state.entrypoint = _command(state, instruction)
            state.takes_arguments = instruction.exec_form
            # What the base image would have started is not an argument for another program.
            state.command = state.command if state.own_command else ()


def _command(state: StageState, instruction: Instruction) -> tuple[str, ...]:
    if instruction.exec_form or not instruction.args:
        return instruction.args
    return (*state.shell, instruction.args[0])


def _expand(state: StageState, instruction: Instruction, word: str, report: Reporter) -> str:
    expanded, missing = state.variables.expand_noting(instruction, word)
    for name in sorted(missing & state.variables.unset.keys()):
        report.unset_argument(instruction, name)
    return expanded


def _copy(state: StageState, instruction: Instruction, file: str, origin: Origin, report: Reporter) -> None:
    words = [_expand(state, instruction, word, report) for word in instruction.paths()]
    given = len(words) - 1 + len(instruction.heredocs)
    if not given:
        raise ValueError("needs a source and a destination")
    order = Copy(
        sources=tuple(words[:-1]),
        destination=words[-1],
        workdir=state.workdir,
        rule=Rule(file, instruction.line, instruction.text),
        excludes=tuple(_expand(state, instruction, each, report) for each in instruction.all_flags("exclude")),
        parents=instruction.is_set("parents"),
        fresh=instruction.is_set("link"),
        sources_known=origin.known,
    )
    if given > 1 and not order.names_directory:
        if _is_no_directory(order, state):
            raise ValueError(f"with more than one source the destination {words[-1]} must end with /")
        order = replace(order, destination=f"{order.destination}/")
    if instruction.name == "ADD":
        order = _without_special(state, instruction, order)
    for name, _ in instruction.heredocs:
        path = posixpath.join(order.target, name) if order.names_directory else order.target
        state.tree.unknown.append(order.unknown(path, "its content stands in the Dockerfile"))
    if _EXECUTABLE_MODE.search(instruction.flag("chmod") or ""):
        state.executable.append(order.target)
    if origin.state is not None:
        state.executable += [order.target] if origin.state.executable else []
        state.requirements += origin.state.requirements
        state.packages += origin.state.packages
        state.tree.unknown += [each for each in origin.tree.unknown if each.prefix == SITE_PACKAGES]
        if any(is_environment(word) for word in order.sources):
            state.brought |= origin.state.brought
            bring(origin.state.packed, origin.tree, state)
        elif origin.state.wheels:
            state.wheels += [(project, origin.tree) for project, _ in origin.state.wheels]
    if order.sources:
        for word in copy(order, origin.tree, state.tree):
            report.missing_source(instruction, word)


def _is_no_directory(order: Copy, state: StageState) -> bool:
    """BuildKit takes several sources for a directory that is there, with a slash at its end or without one
    (https://github.com/moby/buildkit, dockerfile2llb/convert_copy.go); a base image may bring one."""
    target = state.tree.resolve(order.target)
    own = state.base is None or posixpath.dirname(target) in state.tree.directories - set(STANDARD)
    return own and target not in state.tree.directories and not any(each.covers(target) for each in state.tree.unknown)


def _without_special(state: StageState, instruction: Instruction, order: Copy) -> Copy:
    """ADD also fetches and unpacks: what comes of that is unknown, and the rest is as with COPY."""
    unpacked = instruction.flag("unpack") not in ("false", "0")
    plain = []
    for word in order.sources:
        if "://" in word or word.startswith("git@"):
            state.tree.unknown.append(order.unknown(order.target, f"ADD fetches {word}"))
        elif word.endswith(_ARCHIVES) and unpacked and not is_wild(word):
            state.tree.unknown.append(order.unknown(order.target, f"ADD unpacks {word}"))
        else:
            plain.append(word)
    return replace(order, sources=tuple(plain))
