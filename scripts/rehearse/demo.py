"""The demo: six releases of the example service, well and badly, and what users got meanwhile."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection

from rich.console import Console
from rich.markup import escape

from . import tables
from .command import Event, Unexpected
from .load import Load
from .progress import Progress
from .stories import STORIES, Story
from .tables import Result
from .workspace import Workspace, opened

PATHS = ("/orders?limit=5", "/orders/1001", "/health")  # three, so that a tenth of the requests meets each of them
_SETTLING = 1.0  # seconds of load after a release; before it, the command's own start is long enough


def play(console: Console, *, engine: str | None = None, keep: bool = False, only: Collection[str] = ()) -> int:
    """Plays the stories and prints the closing table. 0 when every release ended as it must, else 1."""
    begun = time.monotonic()
    url: str | None = None
    results: list[Result] = []
    with opened(console, engine, keep) as workspace:
        for story in STORIES:
            if only and story.name not in only and story.users:
                if story.before:
                    story.before(workspace.repository)
                continue
            result, url = _tell(workspace, story, url)
            results.append(result)
    console.print()
    console.print(tables.closing(results))
    faults = [fault for result in results for fault in result.faults()]
    for fault in faults:
        console.print(f"[bold red]wrong:[/] {escape(fault)}", highlight=False, soft_wrap=True)
    console.print(f"{len(results)} releases in {time.monotonic() - begun:.0f} s", highlight=False)
    return 1 if faults else 0


def _tell(workspace: Workspace, story: Story, url: str | None) -> tuple[Result, str | None]:
    console = workspace.console
    console.print(f"\n[bold]({story.name}) {story.title}[/]")
    console.print(f"  {story.description}", style="italic", highlight=False, soft_wrap=True)
    if story.before:
        story.before(workspace.repository)
    progress = Progress(console)
    load = Load(url, PATHS) if story.users and url else None

    def seen(event: Event) -> None:
        progress.tell(event)
        if load and event.get("type") in ("asked", "restore_asked"):
            load.phase = str(event.get("label", "restoring"))

    with load or contextlib.nullcontext():
        run = workspace.command.release(workspace.configuration(story.left_out), workspace.repository.root, seen)
        if load:
            load.phase = "after"
            time.sleep(_SETTLING)
    if load:
        console.print(tables.users(load.stats.rows()))
    if not run.of_type("stopped"):
        raise Unexpected(f"the release ended with {run.code} and no last word: {run.errors.strip()}")
    main = run.release.get("url")
    result = Result(
        name=story.name,
        title=story.title,
        expected=story.expected,
        rejected_by=run.stopped_by,
        live=run.code == 0,
        seconds=run.seconds,
        stats=load.stats if load else None,
        harmless=story.harmless,
    )
    return result, str(main) if main else url
