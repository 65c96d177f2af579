"""Golden cases of tests/cases/imports: the modules of an image, and what is found in them.

`files` lie in the context and are copied to /app; `uncopied` lie in the context only; `dropped` maps a path to the
ignore rule that keeps it from the builder, as "file:line kind"; `disk` maps to a state, `history` to deleted or other.
Each line of `found` is "severity code module[.name] importer:line[ cause][ lazy][ guarded]".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy_lib.model.findings import Finding
from deploy_lib.source.analyse import Analysis, analyse
from deploy_lib.source.entrypoint import GivenStart
from deploy_lib.source.model import (
    REGULAR,
    Context,
    DiskFile,
    ImageContents,
    MissingFileContext,
    PastFile,
    Rule,
    TreeFile,
)
from deploy_lib.source.model import Unknown as UnknownPart
from deploy_lib.source.stored_facts import FactCache
from tests.golden_file import read_cases

PLACE = Path(__file__).parents[2] / "cases/imports"


def cases() -> dict[str, dict[str, Any]]:
    return {f"{file.stem}: {case['name']}": case for file in sorted(PLACE.glob("*.yaml")) for case in read_cases(file)}


def analysed(case: Mapping[str, Any], cache: FactCache | None = None) -> Analysis:
    texts = {path: _bytes(text) for path, text in case["files"].items()}
    uncopied = {path: _bytes(text) for path, text in case.get("uncopied", {}).items()}
    held = {
        path: TreeFile(path, REGULAR, f"{path}{hash(text)}", len(text)) for path, text in (texts | uncopied).items()
    }
    dropped = {path: _rule(path, told) for path, told in case.get("dropped", {}).items()}
    disk = {
        path: DiskFile(path, state, Rule(".gitignore", 4, "*.x", "gitignored") if state == "ignored" else None)
        for path, state in case.get("disk", {}).items()
    }
    past = {path: PastFile("c" * 40, was == "deleted", "Tidy up") for path, was in case.get("history", {}).items()}
    python = case.get("python", "3.11")
    contents = ImageContents(
        {f"/app/{path}": path for path in texts},
        {f"/app/{path}": Rule("Dockerfile", 5, "COPY . .", "copied") for path in texts},
        unknown=tuple(UnknownPart(prefix, "RUN mv moves files", 7) for prefix in case.get("unknown", ())),
        workdir="/app",
        base=case.get("base"),
        env=case.get("env", {}),
        python=tuple(map(int, python.split("."))) if python else None,  # type: ignore[arg-type]
        command=tuple(case.get("command", ())),
    )

    def read_many(paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        return ((path, texts[path]) for path in paths)

    tracked = {**held, **{path: TreeFile(path, REGULAR, path, 1) for path in dropped}}
    around = MissingFileContext(tracked, disk, past.get)
    entry = case.get("entry", None if "command" in case else "main")
    return analyse(
        contents, Context("", held, dropped), read_many, lambda: around, GivenStart((entry,) if entry else ()), cache
    )


def line_of(finding: Finding) -> str:
    words = [finding.severity.value, finding.code, finding.module or "-", finding.place or "-", finding.cause or ""]
    words += ["lazy"] * finding.lazy + ["guarded"] * finding.guarded
    return " ".join(word for word in words if word)


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _rule(path: str, told: str) -> Rule:
    place, kind = told.split()
    file, _, line = place.rpartition(":")
    return Rule(file, int(line), path, kind)
