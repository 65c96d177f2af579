"""What a RUN executes: the words, and a script when it was written as a heredoc. Pure.

A lone heredoc is a script: given to the shell, or run by the interpreter its first line names. A heredoc that
feeds a command is left to the shell, which knows heredocs itself (BuildKit, dispatchRun).
"""

from __future__ import annotations

from dataclasses import dataclass

from e2b_dockerfile_utils import parse_heredoc

from ..dockerfile import Instruction
from .settings import DEFAULT_SHELL
from .state import BuildState

SCRIPT = "/dev/pipes/script"  # /dev is made anew for every command, so nothing of it is left in a layer


@dataclass(frozen=True, slots=True)
class RunCommand:
    argv: tuple[str, ...]
    script: str | None = None  # to be there, executable, as SCRIPT


def read_command(state: BuildState, instruction: Instruction) -> RunCommand:
    """Raises BuildFailed when there is nothing to run."""
    if instruction.exec_form:
        return RunCommand(instruction.args)
    shell = state.config.shell or DEFAULT_SHELL
    line = instruction.args[0] if instruction.args else ""
    if not line.strip():
        raise instruction.failure("there is no command")
    if not instruction.heredocs:
        return RunCommand((*shell, line))
    first = instruction.heredocs[0]
    if len(instruction.heredocs) == 1 and parse_heredoc(line.strip()) is not None:
        if first.content.startswith("#!"):
            return RunCommand((SCRIPT,), first.content)
        return RunCommand((*shell, first.content))
    documents = "".join(f"{heredoc.content}{heredoc.name}\n" for heredoc in instruction.heredocs)
    return RunCommand((*shell, f"{line}\n{documents}"))
