"""Which module the server imports: named by the YAML, else read from the command the image would run."""

from __future__ import annotations

from deploy_lib.source.entrypoint.given import GivenStart, start_of, with_environment, with_pythonpath
from deploy_lib.source.entrypoint.model import Entrypoint, Launch
from deploy_lib.source.entrypoint.read import read_entrypoint

__all__ = ["Entrypoint", "GivenStart", "Launch", "read_entrypoint", "start_of", "with_environment", "with_pythonpath"]
