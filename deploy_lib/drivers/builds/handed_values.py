"""What a build is handed over in the bucket, and its removal once the build has ended."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deploy_lib.drivers.builds.handover import Handover, handover, object_name
from deploy_lib.drivers.builds.job import BuildJob, CheckJob
from deploy_lib.drivers.builds.request import value_of
from deploy_lib.drivers.builds.submission import BuildLocation
from deploy_lib.drivers.interface import DriverError, Interrupted, Tell
from deploy_lib.drivers.storage import Bucket

if TYPE_CHECKING:
    from google.cloud.devtools.cloudbuild_v1 import Build


def hand_over(location: BuildLocation, job: BuildJob | CheckJob, arguments: Mapping[str, str]) -> Handover | None:
    """What the build is to know and no one else; in the bucket by then."""
    handed = handover(secrets.token_hex(8), job.plan.given if job.plan else {}, arguments)
    if not handed:
        return None
    location.bucket.put_once(handed.name, lambda: iter([handed.sealed()]))
    return handed


@contextmanager
def tidying(location: BuildLocation, build: Build, tell: Tell) -> Iterator[None]:
    """Nothing that was handed over outlives the build. One that goes on without us still needs it."""
    try:
        yield
    except Interrupted:
        _remove_handed(location, build, tell)
        raise
    _remove_handed(location, build, tell)


def _remove_handed(location: BuildLocation, build: Build, tell: Tell) -> None:
    handed = value_of("handover", list(build.tags))
    if handed:
        remove(location.bucket, object_name(handed), tell)


def remove(bucket: Bucket, name: str, tell: Tell) -> None:
    """What cannot be removed is reported as progress; a release does not end for it."""
    try:
        bucket.remove(name)
    except DriverError as problem:
        tell(f"gs://{bucket.name}/{name} could not be removed: {problem.reason}")
