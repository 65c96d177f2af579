"""The words by which tools and builders say why a build did not pass: one table for who picks the telling line of a log
and for who reads a cause from it.

What is in parentheses says what failed, where the words name it.
"""

from __future__ import annotations

import re

PIP = re.compile(
    r"Could not find a version that satisfies the requirement ([^\s(]+)"
    r"|No matching distribution found for ([^\s(]+)"
    r"|Cannot install ([^\n]+?) because"
    r"|ResolutionImpossible|conflicting dependencies"
    r"|Could not open requirements file(?::.*?'([^']+)')?"
    r"|Failed building wheel for ([\w.-]+)"
    r"|requires a different Python: ([^\n]+)"
    r"|No solution found when resolving dependencies"
    r"|THESE PACKAGES DO NOT MATCH THE HASHES"
)
COPY = re.compile(
    r"(?:failed to compute cache key|COPY failed|failed to calculate checksum|ADD failed).{0,200}?"
    r"[\"' ]([\w./*-]+)[\"']?: (?:file )?(?:not found|does not exist|no such)|"
    r"COPY failed: (?:file not found in build context or excluded by \.dockerignore: stat )?([\w./*-]+)|"
    r"COPY: \"([\w./*-]+)\" is not in the build context|"  # the engine of namespaces
    r"building at STEP \"(?:COPY|ADD) [^\"]*\": .{0,300}?\"([\w./*-]+)\": no such file|"  # podman
    r"no source files were specified",
    re.IGNORECASE,
)
DOCKERFILE = re.compile(
    r"(?:failed to read dockerfile|Cannot locate specified Dockerfile|unable to prepare context|"
    r"dockerfile parse error|unknown instruction)[^\n]*",
    re.IGNORECASE,
)
BASE = re.compile(
    r"(?:pull access denied for|manifest for|failed to resolve source metadata for|not found: manifest unknown)"
    r"\s*([\w./:@-]*)",
    re.IGNORECASE,
)


OTHERS = tuple(
    re.compile(pattern)
    for pattern in (
        r"ERROR: (?:Package '|Invalid requirement|Could not install packages|HTTP error)",
        r"error: Failed to (?:download|build|parse)",  # uv
        r"E: (?:Unable to locate package|Package .* has no installation candidate)",  # apt
        r"No space left on device|cannot allocate memory|Killed$",
    )
)
"""Of tools, where no cause is read from the words alone."""


def named(match: re.Match[str]) -> str:
    """What failed; "" where the words do not name it."""
    return next((group for group in match.groups() if group), "")
