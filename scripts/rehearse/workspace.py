"""Where a rehearsal takes place: a directory of its own, removed at the end, with repository, state and local cloud."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from . import configuration
from .command import Command
from .repository import Repository

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLE = CHECKOUT / "examples" / "backend"


@dataclass(frozen=True, slots=True)
class Workspace:
    root: Path
    repository: Repository
    command: Command
    console: Console

    def configuration(self, left_out: tuple[str, ...] = ()) -> Path:
        """A configuration without the named steps; the same ones give the same file."""
        name = "-".join(("without", *left_out)) if left_out else "all-steps"
        return configuration.write(self.root / f"{name}.yaml", left_out)


@contextmanager
def opened(console: Console, engine: str | None, keep: bool) -> Iterator[Workspace]:
    """A workspace with its local cloud up. With `keep`, the directory stays, and is named at the end."""
    root = Path(tempfile.mkdtemp(prefix="rehearsal-"))
    try:
        state = root / "state"
        state.mkdir()
        command = Command(state, engine)
        repository = Repository.copied_from(EXAMPLE, root / "shop")
        begun = time.monotonic()
        with command.local_cloud() as said:
            console.print(said.strip(), highlight=False)
            console.print(f"the local cloud is up after {time.monotonic() - begun:.1f} s", highlight=False)
            yield Workspace(root, repository, command, console)
    finally:
        if keep:
            console.print(f"kept: {root}", highlight=False, soft_wrap=True)
        else:
            shutil.rmtree(root, ignore_errors=True)
