"""What the check of a service's settings has found so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from deploy_lib.model.answers import ContractRead
from deploy_lib.model.findings import Finding


@dataclass(slots=True)
class ContractFound:
    findings: list[Finding] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def answer(self) -> ContractRead:
        """All of it, as the step judges it."""
        return ContractRead(tuple(self.findings), tuple(self.checked), tuple(self.unknown))
