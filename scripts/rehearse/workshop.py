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
from .repository import Repository
from .tool import Tool

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLE = CHECKOUT / "examples" / "backend"


@dataclass(frozen=True, slots=True)
class Workshop:
    root: Path
    repository: Repository
    tool: Tool
    console: Console

    def configuration(self, left_out: tuple[str, ...] = ()) -> Path:
        """A configuration without the named steps; the same ones give the same file."""
        name = "-".join(("without", *left_out)) if left_out else "all-steps"
        return configuration.write(self.root / f"{name}.yaml", left_out)


@contextmanager
def opened(console: Console, engine: str | None, keep: bool) -> Iterator[Workshop]:
    """A workshop with its local cloud up. With `keep`, the directory stays, and is named at the end."""
    root = Path(tempfile.mkdtemp(prefix="rehearsal-"))
    try:
        state = root / "state"
        state.mkdir()
        tool = Tool(state, engine)
        repository = Repository.copied_from(EXAMPLE, root / "shop")
        begun = time.monotonic()
        with tool.local_cloud() as said:
            console.print(said.strip(), highlight=False)
            console.print(f"the local cloud is up after {time.monotonic() - begun:.1f} s", highlight=False)
            yield Workshop(root, repository, tool, console)
    finally:
        if keep:
            console.print(f"kept: {root}", highlight=False, soft_wrap=True)
        else:
            shutil.rmtree(root, ignore_errors=True)
