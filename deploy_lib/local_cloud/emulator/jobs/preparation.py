"""What the tasks of a job need and where it comes from: images, secrets, volumes, ways out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from google.cloud.run_v2.types import RevisionTemplate, TaskTemplate

from ...engines.model import Engine, EngineError
from ..reach.reach import Reach
from ..registry.images import RegistryImages, RegistryRefusal
from ..run import requirements
from ..run.conditions import ConditionFailure
from ..run.names import ServiceName
from ..run.volumes import Volumes, open_volumes
from ..secrets.store import Secrets
from . import template
from .attempt import Provided
from .names import JobName


class NotPrepared(Exception):
    """The sentence of why no task can be started."""


@dataclass(frozen=True, slots=True)
class Preparation:
    engine: Engine
    images: RegistryImages
    secrets: Secrets
    reach: Reach

    def missing_image(self, task: TaskTemplate) -> ConditionFailure | None:
        for container in task.containers:
            if requirements.find_image(self.images, container.image) is None:
                return requirements.image_missing(container.image)
        return None

    def provide(self, name: JobName, task: TaskTemplate) -> Provided:
        """What every try of an execution gets. Raises NotPrepared."""
        revision, place = template.as_revision(task), ServiceName(name.project, name.location, name.job)
        failure = self.missing_image(task) or requirements.check_secrets(self.secrets, revision, place)
        if failure is not None:
            raise NotPrepared(failure.message)
        try:
            return self._provided(revision, place)
        except (EngineError, RegistryRefusal, requirements.SecretGone) as error:
            raise NotPrepared(str(error)) from error

    def _provided(self, revision: RevisionTemplate, place: ServiceName) -> Provided:
        def volumes(complain: Callable[[str], None]) -> Volumes:
            read = requirements.secret_reader(self.secrets, revision, place)
            return open_volumes(revision.volumes, read, self.reach, complain)

        count = len(revision.containers)
        return Provided(
            tuple(self._load(container.image) for container in revision.containers),
            tuple(requirements.read_secrets(self.secrets, revision, place, number) for number in range(count)),
            self.reach,
            volumes,
        )

    def _load(self, image: str) -> str:
        digest = requirements.find_image(self.images, image)
        if digest is None:
            raise NotPrepared(requirements.image_missing(image).message)
        return requirements.load_image(self.engine, self.images, image, digest)
