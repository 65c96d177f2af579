"""Every command a build step may give to the local cloud through the shim."""

from __future__ import annotations

from .copying import gcloud, gsutil
from .docker import docker
from .shim_server import CommandFailed, ShimCall
from .step_context import StepContext

_TOOLS = {"docker": docker, "gsutil": gsutil, "gcloud": gcloud}


def serve(step: StepContext, call: ShimCall) -> int:
    """The command's exit code. Raises CommandFailed."""
    tool = _TOOLS.get(call.tool)
    if tool is None:
        raise CommandFailed(f"{call.tool}: the local cloud does not know this command", 127)
    return tool(step, call)
