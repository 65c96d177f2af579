"""What is kept of a log that is longer than anybody reads."""

from __future__ import annotations

from datetime import UTC, datetime

from deploy_lib.journal import encode
from deploy_lib.model.cause import Cause
from deploy_lib.model.codes import Code
from deploy_lib.model.evidence import (
    FIRST_LINES,
    LAST_LINES,
    LINES_BEFORE,
    LONGEST_LINE,
    Evidence,
    LogLine,
    LogSource,
    bounded,
)
from deploy_lib.model.journal import Diagnosed


def test_a_short_log_is_kept_whole() -> None:
    lines = [LogLine(None, f"line {number}") for number in range(FIRST_LINES + LAST_LINES)]
    assert bounded(lines) == (tuple(lines), 0)


def test_a_crash_of_200_000_lines_makes_a_small_entry_that_still_tells_it() -> None:
    noise = [LogLine(None, "0: " + "x" * 5000)] * 200_000
    platform = LogLine(None, "Container terminated on signal 11.", LogSource.SYSTEM)
    lines = [LogLine(None, "starting"), *noise[:100_000], platform, *noise[100_000:], LogLine(None, "ValueError: no")]
    kept, left_out = bounded(lines)
    assert (kept[0].text, kept[-1].text, platform in kept) == ("starting", "ValueError: no", True)
    assert left_out == len(lines) - len(kept) == 200_003 - FIRST_LINES - LAST_LINES - 1 - LINES_BEFORE
    assert kept[kept.index(platform) - 1].text.startswith("0: "), "what stands before it is why it ended"
    assert kept[1].text.endswith(f"... ({5003 - LONGEST_LINE} more characters)")
    entry = Diagnosed(datetime(2026, 3, 2, tzinfo=UTC), Cause(Code.PYTHON_ERROR, "no"), Evidence(log=kept))
    assert len(encode(entry)) < 2_000_000
