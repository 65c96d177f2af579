"""One image to build, or to check, with everything that both ways to do it need."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deploy_lib.drivers.builds.check import CheckPlan
from deploy_lib.drivers.builds.findings import Explain, ResultContext
from deploy_lib.model.image import BuiltImage
from deploy_lib.model.release import Release
from deploy_lib.source.model import Staged
from deploy_lib.steps.build import BuildImage
from deploy_lib.steps.import_check import CheckImports


@dataclass(frozen=True, slots=True)
class BuildJob:
    """`plan` is None when the plan has no import check."""

    request: BuildImage
    staged: Staged
    context_hash: str
    plan: CheckPlan | None
    explain: Explain = lambda module: None
    foreseen: BuiltImage = BuiltImage()  # what is known of the image before it is built

    @property
    def release(self) -> Release:
        """The release that the image is for."""
        return self.request.release

    def result_context(self, nonce: str | None = None) -> ResultContext | None:
        """What a result is read with; `nonce` is that of an earlier check with the same plan."""
        return None if self.plan is None else _result_context(self.plan, self.release, self.staged, self.explain, nonce)


@dataclass(frozen=True, slots=True)
class CheckJob:
    """An image that is in the registry, checked by itself."""

    request: CheckImports
    image: str  # name@sha256:...
    plan: CheckPlan
    staged: Staged | None
    explain: Explain = lambda module: None

    @property
    def release(self) -> Release:
        """The release whose image is checked."""
        return self.request.release

    def result_context(self, nonce: str | None = None) -> ResultContext:
        """What a result is read with; `nonce` is that of an earlier check with the same plan."""
        return _result_context(self.plan, self.release, self.staged, self.explain, nonce)


def _result_context(
    plan: CheckPlan, release: Release, staged: Staged | None, explain: Explain, nonce: str | None
) -> ResultContext:
    if nonce is not None:
        plan = replace(plan, options=replace(plan.options, nonce=nonce))
    return ResultContext(plan, release.service.place, staged, explain)
