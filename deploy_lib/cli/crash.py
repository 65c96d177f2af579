"""A fault of the tool itself is kept in a file for a bug report, instead of being poured over the user's terminal."""

from __future__ import annotations

import os
import tempfile
import traceback


def keep(problem: BaseException) -> str:
    """The path of a new file, readable by its owner only, with the traceback."""
    handle, path = tempfile.mkstemp(prefix="deploy_to_gcp-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        traceback.print_exception(problem, file=out)
    return path
