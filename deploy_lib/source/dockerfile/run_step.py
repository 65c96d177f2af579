"""RUN on a stage: what it installs, what it copies, and what of the image is unknown after it."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Iterator

from deploy_lib.source.dockerfile.packed import described_by, packages_of, unknown_of
from deploy_lib.source.dockerfile.run_effects import read_effects
from deploy_lib.source.dockerfile.stage_state import STANDARD, StageState
from deploy_lib.source.dockerfile.syntax import Instruction
from deploy_lib.source.dockerfile.tree import Tree
from deploy_lib.source.model import SITE_PACKAGES, ReadContext, Rule, Unknown
from deploy_lib.source.shell_text import tokens

FindStage = Callable[[str], Tree]
"""The files of a stage by its name or number; none of an image that nobody read."""

_WORD = re.compile(r"[\w.+-]+")
_OF_APPLICATIONS = frozenset({"/home", "/media", "/mnt", "/opt", "/srv", "/tmp", "/usr/src"})
_OF_THE_SYSTEM = frozenset({"/", *STANDARD}) - _OF_APPLICATIONS


def run(
    state: StageState, instruction: Instruction, rule: Rule, context: Tree, find: FindStage, read: ReadContext
) -> None:
    """Carries the step out on `state`. `read` gives the content of a context path."""
    bound = _bind_mounts(instruction, context, state.workdir, find)

    def text(path: str) -> str | None:
        """Of a file that no step may have changed."""
        source = bound.get(path) or state.tree.files.get(state.tree.resolve(path))
        changed = any(each.covers(path) for each in state.tree.unknown)
        content = read(source) if source and not changed else None
        return content.decode("utf-8", "replace") if content is not None else None

    effects = read_effects(_scripts(instruction), state.workdir, state.variables.all(), state.tree.has_files, text)
    for source, target in effects.copies:
        _copy_one(state, source, target, rule)
    for path, reason in effects.unknown.items():
        if path not in bound and not _is_the_systems(path, state.tree):
            state.tree.unknown.append(Unknown(path, reason, instruction.line))
    if effects.projects:
        reason = "RUN installs the project itself"
        state.tree.unknown.append(Unknown(SITE_PACKAGES, reason, instruction.line))
    state.projects += _package_directories(effects.projects, state.tree)
    packed = list(_package_directories(effects.packed, state.tree))
    state.packed += packed if len(packed) == len(effects.packed) else []
    state.projects += effects.roots
    state.wheels += [(project, state.tree) for project in _package_directories(effects.wheels, state.tree)]
    if effects.from_wheels:
        for project, tree in state.wheels:
            bring([project], tree, state)
    state.executable += effects.executable
    for script in _scripts(instruction):
        state.mentioned.update(_WORD.findall(script))
    for directory in effects.directories:
        state.tree.add_directory(directory)
    found = (bound.get(path) or state.tree.files.get(state.tree.resolve(path)) for path in effects.requirements)
    state.requirements += [path for path in found if path]
    state.packages += effects.packages


def _copy_one(state: StageState, source: str, target: str, rule: Rule) -> None:
    """A start script or a conf file that a step puts in its place. What it is stays in doubt, and a module that is made
    so is told as unknown only."""
    tree = state.tree
    origin = tree.files.get(tree.resolve(source))
    target = posixpath.join(target, posixpath.basename(source)) if target in tree.directories else target
    if origin and not target.endswith(".py") and not tree.holds(target):
        tree.put(target, origin, rule)


def _package_directories(projects: Iterable[str], tree: Tree) -> Iterator[str]:
    """The layout with src/ is the one every build backend finds by itself; else packages lie at the top."""
    for project in projects:
        yield from [path for path in (f"{project.rstrip('/')}/src", project) if path in tree.directories][:1]


def _scripts(instruction: Instruction) -> list[str]:
    """The shell text that it runs. Here-documents are the script where nothing else stands in the line, else they are
    what a command reads (https://docs.docker.com/reference/dockerfile/#here-documents)."""
    if instruction.exec_form:
        return [_quoted(instruction.args)]
    line = " ".join(instruction.args)
    alone = instruction.heredocs and not tokens(line, outputs=True)
    return [content for _, content in instruction.heredocs] if alone else [line]


def _is_the_systems(path: str, tree: Tree) -> bool:
    """What an installer unpacks into the system's own directories is none of an application that is not there yet."""
    return path in _OF_THE_SYSTEM and not tree.has_files(path)


def _quoted(words: tuple[str, ...]) -> str:
    return shlex.join(words)


def _bind_mounts(instruction: Instruction, context: Tree, workdir: str, find: FindStage) -> dict[str, str]:
    """Image path -> context path of what RUN --mount=type=bind shows for that step only, of the context or a stage."""
    bound: dict[str, str] = {}
    for mount in instruction.all_flags("mount"):
        keys = dict(part.partition("=")[::2] for part in mount.split(","))
        target = keys.get("target") or keys.get("dst") or keys.get("destination")
        if keys.get("type", "bind") != "bind" or not target:
            continue
        tree = find(keys["from"]) if "from" in keys else context
        target = posixpath.normpath(posixpath.join(workdir, target))
        source = posixpath.normpath("/" + (keys.get("source") or keys.get("src") or "")).replace("//", "/")
        if source in tree.files:
            bound[target] = tree.files[source]
        for path in tree.below(source):
            bound[posixpath.join(target, posixpath.relpath(path, source))] = tree.files[path]
    return bound


def bring(projects: Iterable[str], tree: Tree, state: StageState) -> None:
    """What was packed of projects that lie in another stage."""
    for project in projects:
        state.brought |= packages_of(project, tree) | described_by(project, tree)
        state.tree.unknown += unknown_of(project, tree)
