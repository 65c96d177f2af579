"""What a check of one service came to, for whatever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.analyse import Analysis
from deploy_lib.source.last_image import Learned
from deploy_lib.source.model import DiskFile, Staged, Unknown
from deploy_lib.source.unknowns import relevant


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`differs` are the files whose state on the disk is not the commit's; only a worktree check asks for them.
    `learned` is what the facts of the last good image taught, where some were given for this service."""

    service: str
    commit: str
    staged: Staged
    analysis: Analysis
    seconds: float
    worktree: bool = False
    differs: Mapping[str, DiskFile] = field(default_factory=dict)
    learned: Learned | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What stops a release first."""
        found = (*self.staged.context.findings, *self.staged.contents.findings, *self.analysis.findings)
        order = list(Severity)
        return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        """What could matter of what is not known of the image."""
        return tuple(relevant(self.staged.contents, self.analysis.roots, followed=bool(self.analysis.modules)))

    def count(self, severity: Severity) -> int:
        return sum(1 for finding in self.findings if finding.severity is severity)
