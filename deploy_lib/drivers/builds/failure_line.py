"""Why a build did not pass, in one line a person understands: the most helpful line of its log. Pure.

A failed `pip install` ends in pip's own ERROR lines, then BuildKit repeats the command and says that it failed;
the first of pip's lines is what helps. Nothing here changes what the builder said: it only picks the line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from deploy_lib.printable import without_escapes

_LONGEST = 300
_PREFIX = re.compile(r"#\d+ (?:\d+\.\d+ )?")  # BuildKit's step number and time
# In the order in which they are believed: the tool's own word before the builder's about it.
_FAILURE = tuple(
    re.compile(pattern)
    for pattern in (
        r"ERROR: (?:Could not find a version|No matching distribution|Cannot install|ResolutionImpossible|"
        r"Could not open requirements file|Failed building wheel|Package '|THESE PACKAGES|Invalid requirement|"
        r"Could not install packages|HTTP error)",
        r"(?:x|×) No solution found|error: Failed to (?:download|build|parse)",
        r"E: (?:Unable to locate package|Package .* has no installation candidate)",
        r"No space left on device|cannot allocate memory|Killed$",
        r"(?:failed to compute cache key|COPY failed|failed to calculate checksum)",
        r"(?:dockerfile parse error|unknown instruction|failed to read dockerfile)",
        r"(?:manifest for .* not found|pull access denied|failed to resolve source metadata)",
        r"\w*(?:Error|Exception): ",
        r"ERROR: (?!failed to build)",
        r"ERROR: failed to build",
        r"(?i)\b(?:error|fatal)\b",
    )
)


def failure_line(lines: Sequence[str]) -> str:
    """The line that says most about a failure, else the last one with words in it; "" for no words at all."""
    clean = [text for line in lines if (text := plain(line))]
    for pattern in _FAILURE:
        found = next((text for text in reversed(clean) if pattern.search(text)), None)
        if found:
            return found[:_LONGEST]
    return clean[-1][:_LONGEST] if clean else ""


def plain(line: str) -> str:
    """Without colours and BuildKit's counters."""
    return _PREFIX.sub("", without_escapes(line).strip(), count=1).strip()
