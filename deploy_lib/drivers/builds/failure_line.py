"""Why a build did not pass, in one line a person understands: the most helpful line of its log. Pure.

A failed `pip install` ends in pip's ERROR lines, then BuildKit repeats the command and says that it failed;
the first of pip's lines is what helps. Nothing here changes what the builder said: it only picks the line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from deploy_lib.diagnose.build_words import BASE, COPY, DOCKERFILE, OTHERS, PIP
from deploy_lib.printable import without_escapes

_LONGEST = 300
_PREFIX = re.compile(r"#\d+ (?:\d+\.\d+ )?")  # BuildKit's step number and time
# In the order in which they are believed: the tool's word before the builder's about it.
_FAILURE = (
    PIP,
    *OTHERS,
    COPY,
    DOCKERFILE,
    BASE,
    re.compile(r"\w*(?:Error|Exception): "),
    re.compile(r"ERROR: (?!failed to build)"),
    re.compile(r"ERROR: failed to build"),
    re.compile(r"\b(?:error|fatal)\b", re.IGNORECASE),
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
