"""What came of a build, and of the imports inside its image."""

from __future__ import annotations

from dataclasses import dataclass

from deploy_lib.model.evidence import BuildTrouble
from deploy_lib.model.findings import Finding
from deploy_lib.model.image import BuiltImage, InsideImage


@dataclass(frozen=True, slots=True)
class ImportsChecked:
    """`ran` is False when no result could be had; `why_not` says why. `verdict` is the check's word.

    `inside` is what it saw of the image; None where another answer has that.
    """

    ran: bool
    why_not: str = ""
    targets: int = 0
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()
    verdict: str = ""
    inside: InsideImage | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """`image` is None when nothing was pushed; `given`: it was named, and nothing was built.

    `checked` is the import check made inside the build. `refused` says why nothing was built: what would come of it
    cannot be started.
    """

    image: str | None
    build_id: str | None = None
    reused: bool = False
    trouble: BuildTrouble | None = None
    checked: ImportsChecked | None = None
    context_hash: str | None = None
    log_tail: tuple[str, ...] = ()
    log_url: str | None = None
    contents: BuiltImage = BuiltImage()
    given: bool = False
    refused: Finding | None = None
