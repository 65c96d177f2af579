"""What a Dockerfile gets wrong, in words: one function per problem, each with its place and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Absence, Finding, Severity
from deploy_lib.source.dockerfile.syntax import Instruction

_WORDS = """
    app assets base build builder compile compiler deps dependencies development dist final frontend install prod
    production release runner runtime stage wheels
"""
_STAGE_WORDS = frozenset(_WORDS.split())
"""Names people give to stages and nobody to an image."""


def refused(file: str, line: int, reason: str) -> Finding:
    message = f"the builder refuses {file}:{line}: {reason}"
    return Finding(Code.DOCKERFILE_INVALID, Severity.ERROR, message, file=file, line=line, fix=f"correct {file}:{line}")


def target_missing(file: str, target: str, names: Sequence[str]) -> Finding:
    known = ", ".join(names) or "none of its stages has a name"
    return Finding(
        Code.STAGE_MISSING,
        Severity.ERROR,
        f"{file} has no stage {target}, which the configuration names as target; it has: {known}",
        file=file,
        fix=_instead(target, names, "target") or "correct target: in the configuration, or remove it",
    )


def stage_missing(file: str, instruction: Instruction, name: str, names: Sequence[str]) -> Finding | None:
    """None for a name that may well be an image."""
    later = name.lower() in names
    if not (later or name.isdigit() or (is_bare(name) and (name.lower() in _STAGE_WORDS or _near(name, names)))):
        return None
    why = "comes after this line" if later else "does not exist"
    return Finding(
        Code.STAGE_MISSING,
        Severity.ERROR,
        f"{file}:{instruction.line} copies from stage {name}, which {why}",
        file=file,
        line=instruction.line,
        fix=_instead(name, names, "--from") or "name a stage that stands above, or an image with its tag",
    )


def stage_misspelt(file: str, line: int, text: str, base: str, names: Sequence[str]) -> Finding | None:
    """A FROM whose image is all but the name of a stage."""
    if not is_bare(base) or not (_near(base, names) or base.lower() in names):
        return None
    return Finding(
        Code.STAGE_MISSING,
        Severity.ERROR,
        f"{file}:{line} says {text}, and no stage of that name stands above it",
        file=file,
        line=line,
        fix=_instead(base, names, "FROM") or f"put the stage {base} above line {line}",
    )


def base_argument_missing(file: str, line: int, name: str, *, declared: bool) -> Finding:
    lacks = "has no value" if declared else "is declared by no ARG above the first FROM"
    return Finding(
        Code.BUILD_ARG_MISSING,
        Severity.ERROR,
        f"the base image of {file}:{line} needs the build argument {name}, which {lacks}",
        file=file,
        line=line,
        fix=f"give it a value in the configuration (args: {{{name}: ...}})"
        + ("" if declared else f" and write ARG {name} above the first FROM"),
    )


def argument_missing(file: str, instruction: Instruction, name: str) -> Finding:
    return Finding(
        Code.BUILD_ARG_MISSING,
        Severity.WARNING,
        f"{file}:{instruction.line} uses the build argument {name}, which has no value and counts as empty",
        file=file,
        line=instruction.line,
        fix=f"give it a value in the configuration (args: {{{name}: ...}}) or a default: ARG {name}=...",
    )


def argument_unused(file: str, name: str) -> Finding:
    return Finding(
        Code.BUILD_ARG_UNUSED,
        Severity.WARNING,
        f"the configuration gives the build argument {name}, which {file} never declares, so it has no effect",
        file=file,
        fix=f"write ARG {name} in {file}, or remove it from args: in the configuration",
    )


def not_in_stage(file: str, instruction: Instruction, word: str) -> Finding:
    return Finding(
        Code.COPY_SOURCE_MISSING,
        Severity.ERROR,
        f"{file}:{instruction.line} copies {word}, which stage {instruction.flag('from')} does not hold",
        file=file,
        line=instruction.line,
        cause=Absence.ABSENT_EVERYWHERE,
        fix=f"copy it into that stage first, or correct the path in {file}:{instruction.line}",
    )


def pattern_matches_nothing(file: str, instruction: Instruction, word: str) -> Finding:
    """BuildKit copies nothing and goes on; other builders stop."""
    return Finding(
        Code.COPY_SOURCE_MISSING,
        Severity.WARNING,
        f"{file}:{instruction.line} copies {word}, which matches nothing in the build context",
        file=file,
        line=instruction.line,
        cause=Absence.ABSENT_EVERYWHERE,
        fix=f"correct or remove the pattern in {file}:{instruction.line}",
    )


def is_bare(name: str) -> bool:
    """A name that says nothing an image's would: no registry, path, tag or digest."""
    return not set("/:@.$") & set(name)


def _near(name: str, names: Sequence[str]) -> list[str]:
    return get_close_matches(name.lower(), names, 1, 0.75)


def _instead(name: str, names: Sequence[str], where: str) -> str:
    near = _near(name, names)
    return f"did you mean {where} {near[0]}?" if near else ""
