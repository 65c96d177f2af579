"""The table of the README: what we take beside what another program takes for the same, in one run on one machine.

`dev.py bench --record` writes what it measured to docs/bench.json, and the table that follows from it into the README.
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RECORDED, PAGE = ROOT / "docs" / "bench.json", ROOT / "README.md"
PLACE = re.compile(r"(?<=<!-- bench -->\n).*?(?=<!-- /bench -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Row:
    """`goal`: ours takes at most so many times what the peer takes; None where none is set."""

    work: str
    peer: str
    goal: float | None = None


ROWS: Mapping[str, Row] = {
    "release": Row("a whole release, from build to verify", "a bare script of the same API calls", 1.4),
    "rollback": Row(
        "`rollback --to REVISION`, lease, checks and answer included", "`gcloud run services update-traffic`", 1
    ),
    "move": Row("a tenth of the traffic to the candidate, read back", "`gcloud run services update-traffic`", 1),
    "status": Row("`status`", "`gcloud run services describe`", 1),
    "help": Row("`--help`", "`gcloud run --help`", 1),
    "check": Row("`check` of 9,000 files, facts known", "`gcloud meta list-files-for-upload`, same tree", 1),
    "check-cold": Row("the same, nothing known", "`ruff check --select F,E9 --no-cache`, same tree", None),
    "archive": Row("read, pack and compress a commit of 9,000 files", "`git archive HEAD \\| gzip`", 1),
    "archive-disk": Row("the same", "Python's `tarfile` from the disk, as gcloud packs", 1),
    "import": Row("the import check in an image", "`python -c 'import entry'` in it", None),
    "revision": Row("a revision on the local cloud, to ready", "its process, started by hand", 1.3),
}


def record(measured: Mapping[str, tuple[float, float]], load: float) -> None:
    """Keeps what was measured, `ours` and `theirs` in seconds by row, over what an earlier run recorded."""
    before = json.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.is_file() else {}
    about = {
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "load": round(load, 1),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
    }
    new = {
        key: {"ours": round(ours, 3), "theirs": round(theirs, 3)} | about for key, (ours, theirs) in measured.items()
    }
    rows = {**before, **new}
    kept = {key: rows[key] for key in ROWS if key in rows}
    RECORDED.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(PLACE.sub(lambda _: markdown(kept), page), encoding="utf-8")


def markdown(recorded: Mapping[str, Mapping[str, Any]]) -> str:
    """The table with its last line, which says where and when."""
    lines = ["| what | seconds | beside | seconds | ratio | goal |", "|---|--:|---|--:|--:|---|"]
    lines += [_line(ROWS[key], each) for key, each in recorded.items()]
    days = sorted({each["day"] for each in recorded.values()})
    where = {f"{each['processors']} processors, Python {each['python']}" for each in recorded.values()}
    load = max(each["load"] for each in recorded.values())
    when = " to ".join(dict.fromkeys((days[0], days[-1])))
    told = f"{', '.join(sorted(where))}; {when}, with a load of {load} at most before a run began."
    return "\n".join([*lines, "", told, ""])


def _line(row: Row, each: Mapping[str, Any]) -> str:
    ratio = each["ours"] / each["theirs"]
    goal = "" if row.goal is None else f"{row.goal:g}" + ("" if ratio <= row.goal else ", missed")
    return f"| {row.work} | {each['ours']:.2f} | {row.peer} | {each['theirs']:.2f} | {ratio:.2f} | {goal} |"
