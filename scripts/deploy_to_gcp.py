#!/usr/bin/env python3
"""Deploys a service to Google Cloud Run; see --help. On a fresh machine it first makes its own environment."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from deploy_lib.cli.process import carry_out


def run(argv: list[str]) -> int:
    from deploy_lib.cli.bootstrap import run as start

    return start(argv)


if __name__ == "__main__":
    carry_out(sys.argv[1:], run)
