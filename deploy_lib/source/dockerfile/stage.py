"""One stage of a Dockerfile, read instruction by instruction: its files, its variables, its command."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from deploy_lib.source.base_images import LAMBDA_ENTRYPOINT, LAMBDA_TASK_ROOT, is_of_lambda
from deploy_lib.source.dockerfile.copying import Copy, copy
from deploy_lib.source.dockerfile.packed import is_environment, packages_of
from deploy_lib.source.dockerfile.run_effects import read_effects
from deploy_lib.source.dockerfile.syntax import Instruction
from deploy_lib.source.dockerfile.tree import Tree, is_wild
from deploy_lib.source.dockerfile.variables import Variables
from deploy_lib.source.model import SITE_PACKAGES, Rule, Unknown
from deploy_lib.source.shell_text import tokens

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")
_USUAL = """
    /bin /dev /etc /home /lib /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr /usr/bin /usr/lib
    /usr/local /usr/local/bin /usr/local/lib /usr/sbin /usr/share /usr/src /var /var/lib /var/log /var/tmp
"""
_STANDARD = _USUAL.split()
_EXECUTABLE_MODE = re.compile(r"^0?[0-7]*[1357][0-7]{0,2}$|\+\w*x|=\w*x")
_WORD = re.compile(r"[\w.+-]+")
_OF_APPLICATIONS = frozenset({"/home", "/media", "/mnt", "/opt", "/srv", "/tmp", "/usr/src"})
_OF_THE_SYSTEM = frozenset({"/", *_STANDARD}) - _OF_APPLICATIONS


@dataclass(slots=True)
class StageState:
    """What is known so far. `base` is the image everything rests on, None for scratch."""

    tree: Tree
    variables: Variables
    base: str | None
    workdir: str = "/"
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    own_command: bool = False  # CMD stands in this stage, so an ENTRYPOINT leaves it
    takes_arguments: bool = True  # False after an ENTRYPOINT in shell form, whose shell drops them
    requirements: list[str] = field(default_factory=list)  # context paths
    packages: list[str] = field(default_factory=list)
    projects: list[str] = field(default_factory=list)  # image directories
    packed: list[str] = field(default_factory=list)  # those of them whose packages are copied into the environment
    brought: dict[str, str] = field(default_factory=dict)  # sources of packages that another stage packed
    executable: list[str] = field(default_factory=list)  # image paths and patterns
    mentioned: set[str] = field(default_factory=set)  # words of RUN steps

    @property
    def started(self) -> tuple[str, ...]:
        """The whole command line of a container."""
        return (*self.entrypoint, *self.command) if self.takes_arguments else self.entrypoint

    @classmethod
    def on_image(cls, base: str | None, variables: Variables) -> StageState:
        tree = Tree()
        for directory in _STANDARD if base else ():
            tree.add_directory(directory)
        if is_of_lambda(base):
            variables.env["LAMBDA_TASK_ROOT"] = LAMBDA_TASK_ROOT
            tree.add_directory(LAMBDA_TASK_ROOT)
            return cls(tree, variables, base, LAMBDA_TASK_ROOT, entrypoint=(LAMBDA_ENTRYPOINT,))
        return cls(tree, variables, base)

    def derived(self, variables: Variables) -> StageState:
        """Where a stage begins that is FROM this one. ENV is inherited; ARG is not."""
        variables.env.update(self.variables.env)
        return replace(
            self,
            tree=self.tree.copy(),
            variables=variables,
            own_command=False,
            requirements=list(self.requirements),
            packages=list(self.packages),
            projects=list(self.projects),
            packed=list(self.packed),
            brought=dict(self.brought),
            executable=list(self.executable),
            mentioned=set(self.mentioned),
        )


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


def read_instruction(
    state: StageState, instruction: Instruction, file: str, context: Tree, find: FindOrigin, report: Reporter
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
            _copy(state, instruction, file, find(instruction), report)
        case "RUN":
            _run(state, instruction, context)
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
        raise ValueError(f"with more than one source the destination {words[-1]} must end with /")
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
            for project in origin.state.packed:
                state.brought |= packages_of(project, origin.tree)
    if order.sources:
        for word in copy(order, origin.tree, state.tree):
            report.missing_source(instruction, word)


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


def _run(state: StageState, instruction: Instruction, context: Tree) -> None:
    bound = _bind_mounts(instruction, context, state.workdir)
    effects = read_effects(_scripts(instruction), state.workdir, state.variables.all(), state.tree.has_files)
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
    state.executable += effects.executable
    for text in _scripts(instruction):
        state.mentioned.update(_WORD.findall(text))
    for directory in effects.directories:
        state.tree.add_directory(directory)
    found = (bound.get(path) or state.tree.files.get(state.tree.resolve(path)) for path in effects.requirements)
    state.requirements += [path for path in found if path]
    state.packages += effects.packages


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
    import shlex

    return shlex.join(words)


def _bind_mounts(instruction: Instruction, context: Tree, workdir: str) -> dict[str, str]:
    """Image path -> context path of what RUN --mount=type=bind shows from the context for that step only."""
    bound: dict[str, str] = {}
    for mount in instruction.all_flags("mount"):
        keys = dict(part.partition("=")[::2] for part in mount.split(","))
        target = keys.get("target") or keys.get("dst") or keys.get("destination")
        if keys.get("type", "bind") != "bind" or "from" in keys or not target:
            continue
        target = posixpath.normpath(posixpath.join(workdir, target))
        source = posixpath.normpath("/" + (keys.get("source") or keys.get("src") or "")).replace("//", "/")
        if source in context.files:
            bound[target] = context.files[source]
        for path in context.below(source):
            bound[posixpath.join(target, posixpath.relpath(path, source))] = context.files[path]
    return bound
