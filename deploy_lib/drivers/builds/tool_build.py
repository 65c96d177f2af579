"""A build that runs this tool: one step makes an image of what it needs, the next one runs it there.

A step may run in an image that a step before it made
(https://cloud.google.com/build/docs/build-config-file-schema#name: what the machine's Docker has is not pulled).
Pure over the client's messages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deploy_lib.drivers.builds.cloud_check import literal
from deploy_lib.drivers.builds.request import DOCKER, build_options
from deploy_lib.drivers.builds.tool_archive import HandedArchive
from deploy_lib.model.program import TYPED_AS, Invocation
from deploy_lib.model.requests import Worker

if TYPE_CHECKING:
    from google.cloud.devtools.cloudbuild_v1 import Build

WORKSPACE = "/workspace"
_COMMAND = "from deploy_lib.cli.installed import main; main()"
_IMAGE = "deploy-to-gcp-tool"


@dataclass(frozen=True, slots=True)
class ToolOrder:
    """`words` is the command line behind the program's name, `step` the id of the step that runs it.

    `archive` is where the tool is. `program` is how the tool was typed where the build was
    asked for: commands that it prints are for there. `image` None: it is made. `timeout` in seconds.
    """

    words: tuple[str, ...]
    step: str
    tags: tuple[str, ...]
    project: str
    archive: HandedArchive
    program: Invocation
    timeout: float
    worker: Worker = Worker()
    image: str | None = None
    repository: str = ""  # directory of a repository in the archive, whose files are checked out first
    environment: Mapping[str, str] = field(default_factory=dict)


def tool_order(order: ToolOrder) -> Build:
    """The whole build."""
    from google.cloud.devtools.cloudbuild_v1 import Build, BuildStep, Source, StorageSource

    archive = order.archive
    storage = StorageSource(bucket=archive.bucket, object_=archive.name, generation=archive.generation)
    env = [f"{TYPED_AS}={json.dumps(asdict(order.program))}", f"PYTHONPATH={WORKSPACE}/tool", "PYTHONUNBUFFERED=1"]
    env += [f"{name}={value}" for name, value in order.environment.items()]
    args = [literal(word) for word in ("-c", _COMMAND, *order.words)]
    make = BuildStep(id="tool", name=DOCKER, args=["build", "--tag", _IMAGE, "image"], env=["DOCKER_BUILDKIT=1"])
    run = BuildStep(
        id=order.step,
        name=order.image or _IMAGE,
        entrypoint="python3",
        args=args,
        env=[*map(literal, env), "BUILD_ID=$BUILD_ID"],
    )
    steps = [run] if order.image else [make, run]
    if order.repository:
        words = ["-C", f"{WORKSPACE}/{order.repository}", "reset", "--quiet", "--hard"]
        steps.insert(-1, BuildStep(id="checkout", name=run.name, entrypoint="git", args=words))
    return Build(
        source=Source(storage_source=storage),
        steps=steps,
        tags=list(order.tags),
        timeout=timedelta(seconds=order.timeout),
        **build_options(_readable(order.worker), order.project, archive.bucket),
    )


def _readable(worker: Worker) -> Worker:
    """With a log as an object, which is what is followed."""
    return replace(worker, logging="GCS_ONLY") if worker.logging == "CLOUD_LOGGING_ONLY" else worker
