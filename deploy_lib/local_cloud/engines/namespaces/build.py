"""Carries out a Dockerfile: stage after stage, instruction after instruction, and one image at the end.

Only the stages the target needs are built. Nothing is named or visible in the store before the last instruction
is done.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace

from ...registry.oci import describe_config, describe_manifest, host_architecture
from ..dockerfile import Dockerfile, Instruction, Stage, expand_word, parse_dockerfile
from ..model import BuildFailed, BuildSpec, EngineError, Image
from .add import add
from .base_image import open_base
from .build_session import BuildSession
from .copy import copy, make_workdir
from .overlay_tree import OverlayTree
from .run_step import run
from .settings import apply, declare_args, is_setting
from .state import BuildState, open_tree
from .store import ImageStore


def build(store: ImageStore, spec: BuildSpec, log: Callable[[str], None], cancelled: Callable[[], bool]) -> Image:
    """Raises BuildFailed, Cancelled or EngineError; then no image and no name was made."""
    path = spec.context / spec.dockerfile
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BuildFailed(f"the Dockerfile {path} cannot be read: {error}") from None
    plan = parse_dockerfile(text)
    try:
        with store.workspace() as directory:
            context = OverlayTree([spec.context])
            session = BuildSession(store, directory, context, plan.escape, spec.use_cache, log, cancelled)
            return _Build(session, plan, spec).run()
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise EngineError(f"the disk that holds {store.root} is full") from error
        raise EngineError(f"the build could not go on: {error}") from error


class _Build:
    def __init__(self, session: BuildSession, plan: Dockerfile, spec: BuildSpec) -> None:
        self._session = session
        self._plan = plan
        self._spec = spec
        self._done: dict[int, BuildState] = {}
        self._globals = self._read_globals()

    def run(self) -> Image:
        state = self._build_stage(self._find_target())
        labels = {**state.config.labels, **self._spec.labels}
        state = replace(state, config=replace(state.config, labels=labels))
        config = describe_config(state.config, state.layers, state.history)
        manifest = describe_manifest(config, state.layers)
        self._session.check_cancelled()
        return self._session.store.add_image(config, manifest, self._spec.tags)

    def _read_globals(self) -> dict[str, str]:
        machine = host_architecture()
        platform = {"OS": "linux", "ARCH": machine, "PLATFORM": f"linux/{machine}", "VARIANT": ""}
        values = {f"{side}{name}": value for side in ("TARGET", "BUILD") for name, value in platform.items()}
        for instruction in self._plan.globals:
            state = declare_args(BuildState(args=values), instruction, self._plan.escape, self._spec.args, {})
            values = dict(state.args)
        return values

    def _find_target(self) -> int:
        target = self._spec.target
        if target is None:
            return len(self._plan.stages) - 1
        found = self._find_stage(target, len(self._plan.stages))
        if found is None:
            names = ", ".join(stage.name for stage in self._plan.stages if stage.name) or "none"
            raise BuildFailed(f"the Dockerfile has no stage {target!r}; its named stages: {names}")
        return found

    def _find_stage(self, name: str, before: int) -> int | None:
        """The last stage of that name, or number, above the one that asks."""
        for index in reversed(range(before)):
            if self._plan.stages[index].name == name.lower():
                return index
        return int(name) if name.isdigit() and int(name) < before else None

    def _build_stage(self, index: int) -> BuildState:
        if index not in self._done:
            self._done[index] = self._run_stage(index, self._plan.stages[index])
        return self._done[index]

    def _run_stage(self, index: int, stage: Stage) -> BuildState:
        base = expand_word(stage.base, self._globals, self._plan.escape)
        if not base:
            raise stage.origin.failure(f"{stage.base} is empty; give its ARG a value")
        self._check_platform(stage)
        parent = self._find_stage(base, index) if not base.isdigit() else None
        if parent is not None:
            state = self._build_stage(parent)
        else:
            self._session.log(f"[{index + 1}/{len(self._plan.stages)}] FROM {base}")
            state = self._open_base(stage.origin, base)
        state = replace(state, own_cmd=False, args={})
        for number, instruction in enumerate(stage.instructions, 1):
            self._session.check_cancelled()
            label = f"{stage.name or index + 1} {number}/{len(stage.instructions)}"
            self._session.log(f"[{label}] {instruction.text}")
            state = self._carry_out(index, state, instruction)
        return state

    def _check_platform(self, stage: Stage) -> None:
        here = f"linux/{host_architecture()}"
        if stage.platform and expand_word(stage.platform, self._globals, self._plan.escape) != here:
            raise stage.origin.failure(f"--platform={stage.platform} is not {here}, the only one this machine runs")

    def _open_base(self, instruction: Instruction, base: str) -> BuildState:
        try:
            return open_base(self._session.store, base, self._session.log)
        except BuildFailed:
            raise
        except EngineError as error:
            raise instruction.failure(error.reason, output=error.output) from error

    def _carry_out(self, index: int, state: BuildState, instruction: Instruction) -> BuildState:
        escape = self._plan.escape
        if is_setting(instruction.name):
            return apply(state, instruction, escape)
        match instruction.name:
            case "ARG":
                return declare_args(state, instruction, escape, self._spec.args, self._globals)
            case "WORKDIR":
                return make_workdir(self._session, state, instruction)
            case "COPY":
                return copy(self._session, state, instruction, self._open_from(index, instruction))
            case "RUN":
                return run(self._session, state, instruction, lambda name: self._open_source(index, instruction, name))
            case "ADD":
                return add(self._session, state, instruction)
        raise instruction.failure("is not supported here")

    def _open_from(self, index: int, instruction: Instruction) -> OverlayTree | None:
        name = instruction.flag("from")
        return None if name is None else self._open_source(index, instruction, name)

    def _open_source(self, index: int, instruction: Instruction, name: str) -> OverlayTree:
        """An earlier stage by name or number, else an image."""
        stage = self._find_stage(name, index)
        state = self._open_base(instruction, name) if stage is None else self._build_stage(stage)
        return open_tree(self._session.store, state.layers)
