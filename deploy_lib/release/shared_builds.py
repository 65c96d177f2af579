"""One image for all regions of a service: built, checked and pushed once, by whichever region comes to it first.

All is asked in the name of the first region's release, whoever asks: so builds are found by one id, and the image is
where `images` says, whatever region it runs in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, TypeVar

from deploy_lib.drivers.interface import Builds, Clock, DriverError, Tell
from deploy_lib.model.answers import Built, ImportsChecked, LeaseTaken
from deploy_lib.model.release import Release
from deploy_lib.model.service import Service
from deploy_lib.steps.build import BuildImage
from deploy_lib.steps.import_check import CheckImports

EVERY = 0.1
"""Seconds between two looks at what another region asked for."""
Request = TypeVar("Request", BuildImage, CheckImports)
Answer = TypeVar("Answer")


@dataclass(slots=True)
class SharedBuilds:
    """`first` is the release in whose name is asked. Safe to share between threads."""

    first: Release
    clock: Clock
    _builds: Builds | None = None  # of the region that came first
    _asking: dict[type, str] = field(default_factory=dict)  # the region that asks, by the kind of request
    _answers: dict[type, Any] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def for_region(self, service: Service, builds: Builds) -> RegionBuilds:
        """As one region asks; all ask the same driver, which knows what it was asked before."""
        with self._lock:
            self._builds = self._builds or builds
            return RegionBuilds(self, service.label, self._builds)

    def as_first(self, request: Request) -> Request:
        """The same request in the name of the first region's release."""
        release = replace(request.release, id=self.first.id, service=self.first.service)
        return replace(request, release=release)

    def once(self, kind: type, region: str, ask: Callable[[], Answer], tell: Tell) -> Answer:
        """What the first who asks is answered, DriverError too. Raises Interrupted; then the next one asks."""
        told = False
        while True:
            with self._lock:
                if kind in self._answers:
                    break
                by = self._asking.setdefault(kind, region)
            if by == region:
                self._ask(kind, ask)
                break
            if not told:
                told = True
                tell(f"one image for all regions: {by} has this done")
            self.clock.sleep(EVERY)
        answer = self._answers[kind]
        if isinstance(answer, DriverError):
            raise answer
        found: Answer = answer
        return found

    def _ask(self, kind: type, ask: Callable[[], object]) -> None:
        try:
            self._answers[kind] = ask()
        except DriverError as problem:
            self._answers[kind] = problem
        finally:
            with self._lock:
                del self._asking[kind]


@dataclass(frozen=True, slots=True)
class RegionBuilds:
    """Implements drivers.interface.Builds."""

    shared: SharedBuilds
    region: str
    builds: Builds

    def build(self, request: BuildImage, tell: Tell) -> Built:
        """The one image. Raises DriverError and Interrupted."""
        return self.shared.once(
            BuildImage, self.region, lambda: self.builds.build(self.shared.as_first(request), tell), tell
        )

    def check_imports(self, request: CheckImports, tell: Tell) -> ImportsChecked:
        """The import check of the one image. Raises DriverError and Interrupted."""
        return self.shared.once(
            CheckImports, self.region, lambda: self.builds.check_imports(self.shared.as_first(request), tell), tell
        )

    def under_way(self, request: BuildImage) -> LeaseTaken:
        """Who builds the service for another release than this one of all regions; reads only."""
        return self.builds.under_way(self.shared.as_first(request))
