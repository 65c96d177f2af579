"""Every command a build step may give to the local cloud through the shim."""

from __future__ import annotations

from .bench import Bench
from .calls import Call, CommandFailed
from .copying import gcloud, gsutil
from .docker import docker

_TOOLS = {"docker": docker, "gsutil": gsutil, "gcloud": gcloud}


def serve(bench: Bench, call: Call) -> int:
    """The command's exit code. Raises CommandFailed."""
    tool = _TOOLS.get(call.tool)
    if tool is None:
        raise CommandFailed(f"{call.tool}: the local cloud does not know this command", 127)
    return tool(bench, call)
