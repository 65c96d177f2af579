"""The command that an installed package brings: deploy-to-gcp."""

from __future__ import annotations

import sys

from deploy_lib.cli.process import carry_out


def main() -> None:
    """Ends the process with the command's exit code."""
    carry_out(sys.argv[1:], _run)


def _run(argv: list[str]) -> int:
    from deploy_lib.cli.main import main as command

    return command(argv)
