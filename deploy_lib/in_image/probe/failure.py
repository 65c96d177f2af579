"""What an exception says: its kind, the frames that led to it, and whose they are."""

from __future__ import annotations

import os
from types import FrameType, TracebackType
from typing import Any

from deploy_lib.in_image.probe import Document
from deploy_lib.in_image.probe.image import list_distributions
from deploy_lib.in_image.probe.kinds import name_kind
from deploy_lib.in_image.probe.paths import Territory, read_lines
from deploy_lib.in_image.probe.watches import is_machinery


def describe_failure(error: BaseException, territory: Territory, reads: dict[str, Document]) -> Document:
    links = links_of(error)
    unset = [name for name, read in reads.items() if not read["found"]]
    described = [describe_link(link, territory, unset) for link in links]
    vague = ("other", "exit", "import_error")
    chosen = next((i for i, d in enumerate(described) if d["kind"] not in vague), 0)
    failure = described[chosen]
    exits = [link.code for link in links if isinstance(link, SystemExit)]
    chain = chain_of(links[: chosen + 1])
    failure["chain"] = chain
    failure["causes"] = [[type(link).__qualname__, d["message"][:500]] for link, d in zip(links, described)][:5]
    if exits:
        failure["exit_code"] = exits[0] if isinstance(exits[0], int) else 0 if exits[0] is None else 1
    if failure["kind"] == "circular_import":
        names = [frame["module"] for frame in chain if frame["function"] == "<module>"]
        start = names.index(failure["module"]) if failure["module"] in names else 0
        failure["cycle"] = [*names[start:], failure["module"]]
    failure.setdefault("party", territory.of_file(chain[-1]["file"]) if chain else None)
    place = chain[-1]["file"] if chain else ""
    failure["unset"] = [name for name in unset if place and reads[name]["place"].startswith(place + ":")][:10]
    if failure["party"] == "third" and "distribution" not in failure:
        top = (failure.get("module") or module_at(chain)).partition(".")[0]
        failure["distribution"] = distribution_of(top, territory.site)
    return failure


def describe_link(error: BaseException, territory: Territory, unset: list[str]) -> Document:
    """Kind, message and what is missing, from one exception alone."""
    message = text_of(error)
    kind, found = name_kind(error, message, unset)
    message = found.pop("message", message)
    module = found.get("module")
    if module and kind in ("missing_module", "missing_name", "circular_import"):
        found["party"] = territory.of_module(module)
    if kind == "missing_module" and found["party"] != "first":
        kind = "missing_dependency"
    return dict(found, kind=kind, exception=type(error).__qualname__, message=message[:2000])


def text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "(its message cannot be printed)"


def links_of(error: BaseException) -> list[BaseException]:
    """The exception and those behind it, outermost first."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links and len(links) < 20:
        links.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return links


def distribution_of(top: str, site: list[str]) -> str | None:
    """name==version of the installed distribution that holds a top-level module."""
    for name, version, metadata in list_distributions(site):
        tops = {line.strip() for line in read_lines(os.path.join(metadata, "top_level.txt"))}
        tops |= {line.partition("/")[0] for line in read_lines(os.path.join(metadata, "RECORD"))}
        if top and (name.replace("-", "_") == top or top in tops or top + ".py" in {t.partition(",")[0] for t in tops}):
            return "%s==%s" % (name, version)
    return None


def module_at(chain: list[Document]) -> str:
    return str(chain[-1]["module"] or "") if chain else ""


def chain_of(links: list[BaseException]) -> list[Document]:
    """Frames from the target's first line to the failing statement, the import system's left out.

    The frames of an exception caught and followed by another start where it was caught; the outer one's lead there.
    """
    frames: list[tuple[FrameType, int]] = []
    for link in links:
        inner = frames_of(link.__traceback__)
        if inner:
            shared = next((i for i, (frame, _) in enumerate(frames) if frame is inner[0][0]), len(frames))
            frames = frames[:shared] + inner
    if len(frames) > 60:
        frames = frames[:20] + frames[-40:]
    chain = [
        describe_frame(frame.f_code.co_filename, line, frame.f_globals.get("__name__"), frame.f_code.co_name)
        for frame, line in frames
    ]
    last = links[-1]
    if isinstance(last, SyntaxError) and last.filename:
        chain.append(describe_frame(last.filename, last.lineno or 0, None, ""))
    return chain


def frames_of(trace: TracebackType | None) -> list[tuple[FrameType, int]]:
    frames = []
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if trace.tb_frame.f_globals is not globals() and not is_machinery(file):
            frames.append((trace.tb_frame, trace.tb_lineno or 0))
        trace = trace.tb_next
    return frames


def describe_frame(file: str, line: int, module: Any, function: str) -> Document:
    lines = read_lines(file)
    text = lines[line - 1].strip()[:200] if 0 < line <= len(lines) else ""
    return {"file": file, "line": line, "module": module, "function": function, "text": text}
