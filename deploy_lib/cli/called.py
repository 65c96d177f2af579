"""The name by which this program speaks of itself. Imports next to nothing, for the first lines of a command use it."""

from __future__ import annotations

import sys

INSTALLED = "deploy-to-gcp"
"""The command that an installed package brings."""
SCRIPT_NAME = "deploy_to_gcp.py"
INTERPRETER = "DEPLOY_TO_GCP_INTERPRETER"
"""The variable in which the bootstrap keeps the interpreter that the user typed, before it starts another one."""


def name_of(started: str) -> str:
    """`started` is how the process was started: its first word."""
    last = started.replace("\\", "/").rpartition("/")[2]
    return INSTALLED if last.removesuffix(".exe") == INSTALLED else SCRIPT_NAME


NAME = name_of(sys.argv[0] if sys.argv else "")
