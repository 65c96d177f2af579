"""From the Dockerfile and the build context to the files the image will hold, and what would stop the build.

Only the stages the final one rests on are read, back through FROM and COPY --from. Everything found wrong is a
Finding with its place and remedy; everything that cannot be known is an Unknown.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from deploy_lib.model.findings import Finding
from deploy_lib.source import missing_sources
from deploy_lib.source.dockerfile import problems
from deploy_lib.source.dockerfile.copying import resolve_links
from deploy_lib.source.dockerfile.stage import Origin, Reporter, Sources, read_instruction
from deploy_lib.source.dockerfile.stage_state import StageState
from deploy_lib.source.dockerfile.syntax import Dockerfile, Instruction, Refused, Stage, parse
from deploy_lib.source.dockerfile.tree import Tree, is_wild
from deploy_lib.source.dockerfile.variables import Variables, is_always_allowed, read_globals
from deploy_lib.source.model import Context, ImageContents, MissingFileContext, ReadContext

_PYTHON = re.compile(r"python[:-]?(\d)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Recipe:
    """`text` is None when the Dockerfile is not there; `file` is its repository path."""

    file: str
    text: str | None
    args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None


def read_contents(
    recipe: Recipe,
    context: Context,
    links: Mapping[str, str],
    missing_file_context: Callable[[], MissingFileContext],
    read: ReadContext,
) -> ImageContents:
    """`links` are the targets of the context's symlinks. `missing_file_context` is read once something is missing."""
    if recipe.text is None:
        finding = missing_sources.explain_dockerfile(recipe.file, missing_file_context())
        return ImageContents({}, {}, findings=(finding,))
    reading = _Reading(recipe, context, Tree.of_context(context.files, links), missing_file_context, read)
    try:
        return reading.read(parse(recipe.text))
    except Refused as refusal:
        findings = (*reading.findings, problems.refused(recipe.file, refusal.line, refusal.reason))
        return ImageContents({}, {}, findings=findings)


def _is_optional(pattern: str) -> bool:
    """`poetry.lock*` and `uv.loc[k]`: the name of one file, written so that it may be absent."""
    plain = re.sub(r"\[(.)\]", r"\1", pattern.removesuffix("*"))
    return not is_wild(plain) and "." in posixpath.basename(plain)


class _Reading:
    """One Dockerfile being read; stages are kept, since several may rest on the same one."""

    def __init__(
        self,
        recipe: Recipe,
        context: Context,
        tree: Tree,
        missing_file_context: Callable[[], MissingFileContext],
        read: ReadContext,
    ) -> None:
        self.recipe = recipe
        self.context = context
        self.tree = tree
        self.missing_file_context = missing_file_context
        self.read_file = read
        self.findings: list[Finding] = []
        self.done: dict[int, StageState] = {}
        self.declared: set[str] = set()

    def read(self, dockerfile: Dockerfile) -> ImageContents:
        self.file = dockerfile
        self.outer = read_globals(dockerfile.globals, self.recipe.args, dockerfile.escape)
        final = self._final_stage()
        if final is None:
            return ImageContents({}, {}, findings=tuple(self.findings))
        state = self._stage(final)
        self._note_unused_arguments()
        tree = state.tree
        copied = frozenset(path for each in self.done.values() for path in each.tree.files.values())
        unknown = [*tree.unknown, *resolve_links(tree)]
        python = _PYTHON.search(state.base or "")
        return ImageContents(
            files=tree.files,
            by=tree.by,
            unknown=tuple(dict.fromkeys(unknown)),
            workdir=state.workdir,
            env=dict(state.variables.env),
            base=state.base,
            python=(int(python[1]), int(python[2])) if python else None,
            command=state.started,
            entrypoint=state.entrypoint,
            installs=tuple(dict.fromkeys(state.requirements)),
            packages=tuple(dict.fromkeys(state.packages)),
            projects=tuple(dict.fromkeys(state.projects)),
            packed=state.brought,
            copied=copied,
            executable=tuple(dict.fromkeys(state.executable)),
            mentioned=frozenset(state.mentioned),
            findings=tuple(dict.fromkeys(self.findings)),
        )

    def _final_stage(self) -> int | None:
        stages = self.file.stages
        if self.recipe.target is None:
            return len(stages) - 1
        index = self._index(self.recipe.target, len(stages))
        if index is None:
            self.findings.append(problems.target_missing(self.recipe.file, self.recipe.target, self._names()))
        return index

    def _names(self) -> list[str]:
        return [stage.name for stage in self.file.stages if stage.name]

    def _index(self, name: str, before: int) -> int | None:
        """The stage of that name or number among the first `before`."""
        if name.isdigit():
            return int(name) if int(name) < before else None
        found = [at for at, stage in enumerate(self.file.stages[:before]) if stage.name == name.lower()]
        return found[-1] if found else None

    def _stage(self, index: int) -> StageState:
        if index not in self.done:
            self.done[index] = self._read_stage(index, self.file.stages[index])
        return self.done[index]

    def _read_stage(self, index: int, stage: Stage) -> StageState:
        variables = Variables(self.file.escape, self.recipe.args, self.outer.args)
        base = self._base(stage)
        parent = self._index(base, index) if not base.isdigit() else None
        if parent is not None:
            state = self._stage(parent).derived(variables)
        else:
            if finding := problems.stage_misspelt(self.recipe.file, stage.line, f"FROM {base}", base, self._names()):
                self.findings.append(finding)
            state = StageState.on_image(None if base == "scratch" else base, variables)
        sources = Sources(
            self.tree,
            lambda order: self._origin(index, state, order),
            lambda name: self._tree_of(name, index),
            self.read_file,
        )
        report = Reporter(self._missing_source, self._unset_argument)
        for instruction in stage.instructions:
            self.declared |= {arg.partition("=")[0] for arg in instruction.args if instruction.name == "ARG"}
            try:
                read_instruction(
                    state,
                    instruction,
                    self.recipe.file,
                    sources,
                    report,
                )
            except ValueError as error:
                raise Refused(instruction.line, f"{instruction.name}: {error}") from None
        return state

    def _base(self, stage: Stage) -> str:
        instruction = Instruction("FROM", stage.line, f"FROM {stage.base}", (stage.base,), (), False, ())
        base, missing = self.outer.expand_noting(instruction, stage.base)
        for name in sorted(missing):
            declared = name in self.outer.unset
            self.findings.append(problems.base_argument_missing(self.recipe.file, stage.line, name, declared=declared))
        return base or "scratch"

    def _origin(self, index: int, state: StageState, instruction: Instruction) -> Origin:
        name = instruction.flag("from")
        if name is None:
            return Origin(self.tree, known=True)
        name = state.variables.expand(instruction, name)
        found = self._index(name, index)
        if found is not None:
            source = self._stage(found)
            return Origin(source.tree, known=source.base is None and not source.tree.unknown, state=source)
        if finding := problems.stage_missing(self.recipe.file, instruction, name, self._names()):
            self.findings.append(finding)
        return Origin(Tree(), known=False)

    def _tree_of(self, name: str, before: int) -> Tree:
        found = self._index(name, before)
        return self._stage(found).tree if found is not None else Tree()

    def _missing_source(self, instruction: Instruction, word: str) -> None:
        if instruction.flag("from") is not None:
            self.findings.append(problems.not_in_stage(self.recipe.file, instruction, word))
        elif is_wild(word):
            if not _is_optional(word):
                self.findings.append(problems.pattern_matches_nothing(self.recipe.file, instruction, word))
        else:
            path = posixpath.normpath("/" + word).lstrip("/")
            self.findings.append(
                missing_sources.explain_source(
                    path, self.recipe.file, instruction.line, self.context, self.missing_file_context()
                )
            )

    def _unset_argument(self, instruction: Instruction, name: str) -> None:
        self.findings.append(problems.argument_missing(self.recipe.file, instruction, name))

    def _note_unused_arguments(self) -> None:
        declared = self.declared | {arg.partition("=")[0] for each in self.file.globals for arg in each.args}
        declared |= {
            arg.partition("=")[0]
            for stage in self.file.stages
            for each in stage.instructions
            if each.name == "ARG"
            for arg in each.args
        }
        for name in self.recipe.args:
            if name not in declared and not is_always_allowed(name):
                self.findings.append(problems.argument_unused(self.recipe.file, name))
