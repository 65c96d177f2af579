"""The pictures of the live table in the README, drawn by the tool's own code from what a real release did.

    python scripts/pictures.py            draw them again from docs/pictures/*.jsonl, in this version's form
    python scripts/pictures.py --record   first release the example on a local cloud, and keep what happened there

A file of events has a line for each, as `--output json` wrote it, and when it came (`after`, in seconds). What a step
found, and the evidence of a cause, are left out of it: the table shows neither.
"""

from __future__ import annotations

import io
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from rich.console import Console  # noqa: E402
from rich.terminal_theme import MONOKAI  # noqa: E402
from rich.text import Text  # noqa: E402

from deploy_lib.cli.show.live_screen import LiveScreen  # noqa: E402
from deploy_lib.cli.show.table import Line  # noqa: E402
from deploy_lib.journal import decode  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 110, 40  # of the terminal
_SERVICE = "backend"
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Picture:
    """`story` is one of the demo's; it is drawn as it stands when that step had run for a while, else at its end."""

    name: str
    story: str
    title: str
    during: str = ""


RECORDED = (
    Picture("running", "b", "a good release, while it is compared with what served before", during="compare 6 s"),
    Picture("rejected", "d", "a release that is rejected before its image is pushed"),
)


def main(arguments: list[str]) -> int:
    if arguments == ["--record"]:
        record()
    elif arguments:
        print(__doc__)
        return 2
    for path, text in drawings().items():
        path.write_text(text, encoding="utf-8")
    return 0


def drawings() -> dict[Path, str]:
    """Each picture as this version draws it."""
    return {PICTURES / f"{each.name}.svg": draw(each, read(each)) for each in RECORDED}


def read(picture: Picture) -> list[Event]:
    lines = (PICTURES / f"{picture.name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def draw(picture: Picture, events: Iterable[Event]) -> str:
    """The terminal as SVG, which needs nothing from elsewhere."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="standard")
    for line in lines_of(picture, events):
        console.print(Text.assemble(*line), soft_wrap=False)
    svg = console.export_svg(title=picture.title, theme=MONOKAI, unique_id=picture.name)
    return re.sub(r"\s*@font-face \{.*?\}\n", "\n", svg, flags=re.DOTALL).replace("Fira Code", "ui-monospace")


def lines_of(picture: Picture, events: Iterable[Event]) -> list[Line]:
    screen, after = LiveScreen((_SERVICE,)), 0.0
    for event in _until(picture.during, events):
        after = event["after"]
        if event["type"] == "progress":
            screen.line(_SERVICE, event["text"])
        else:
            kept = {name: value for name, value in event.items() if name not in ("after", "service", "exit_code")}
            screen.entry(_SERVICE, decode(json.dumps(kept).encode()), after)
    if picture.during:
        return [*screen.staying(), *screen.drawn(after, WIDTH - 1, HEIGHT)]
    return screen.closing(after, WIDTH - 1)


def _until(step: str, events: Iterable[Event]) -> Iterator[Event]:
    """All; or those before the verdict of the step."""
    for event in events:
        if step and event.get("type") == "judged" and event.get("label") == step:
            return
        yield event


def record() -> None:
    """Plays the demo's first stories on a local cloud of its own."""
    from rehearse.stories import STORIES
    from rehearse.workspace import opened

    wanted = {each.story: each for each in RECORDED}
    PICTURES.mkdir(parents=True, exist_ok=True)
    with opened(Console(), None, keep=False) as workspace:
        for story in STORIES:
            if story.before:
                story.before(workspace.repository)
            if story.name in wanted or story.name == "a":  # the first one, to have something to compare with
                events: list[Event] = []
                run = workspace.command.release(
                    workspace.configuration(story.left_out), workspace.repository.root, _keeper(events)
                )
                if (run.code == 0) is (story.expected is not None):
                    raise SystemExit(f"story {story.name} ended with {run.code}: {run.errors}")
                if story.name in wanted:
                    path = PICTURES / f"{wanted[story.name].name}.jsonl"
                    path.write_text(_as_lines(events, workspace.root), encoding="utf-8")
            if wanted.keys() <= {each.name for each in STORIES[: STORIES.index(story) + 1]}:
                return


def _keeper(events: list[Event]) -> Callable[[Event], None]:
    began = time.monotonic()
    return lambda event: events.append({"after": round(time.monotonic() - began, 3), **event})


def _as_lines(events: Iterable[Event], root: Path) -> str:
    """Without what the table does not show, and with a place that stands on no machine."""
    text = ""
    for event in events:
        if event["type"] == "judged":
            event = {**event, "facts": {}}
        if event["type"] == "diagnosed":
            event = {**event, "evidence": {}}
        text += json.dumps(event) + "\n"
    command = f"{sys.executable} {ROOT / 'scripts' / 'deploy_to_gcp.py'}"
    for real, shown in ((command, "deploy-to-gcp"), (f" --state {root / 'state'}", ""), (str(root), "~")):
        text = text.replace(real, shown)
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
