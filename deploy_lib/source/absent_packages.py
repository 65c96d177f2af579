"""Of an import that nothing in the repository explains: which packages were asked for it, and how one gets there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Absence, Finding
from deploy_lib.source.dependencies.adding import adding
from deploy_lib.source.findings import doubted
from deploy_lib.source.imports.layout import Layout
from deploy_lib.source.model import ImageContents, ReadContext
from deploy_lib.source.ownership import Ownership

_NO_PROOF = "another release of what is declared, or a step that nothing here reads, may bring it"


@dataclass(frozen=True, slots=True)
class AbsentPackages:
    """`good_image` is the name of the image whose packages are known; "" where only the declarations are.

    `root` is the context's directory in the repository.
    """

    ownership: Ownership
    layout: Layout
    contents: ImageContents
    root: str
    read: ReadContext
    good_image: str

    def told(self, finding: Finding) -> Finding:
        """The finding with what is known of packages; others as they are."""
        if self.good_image:
            return self._added(finding, f"that is installed in {self.good_image}")
        module = finding.module or ""
        if not module or not self.ownership.comes_with_none(module.partition(".")[0]):
            return finding
        found = self._added(finding, "that is declared, or comes with one,")
        return doubted(found, _NO_PROOF) if self.ownership.rests_on_the_table(module) else found

    def _added(self, finding: Finding, where: str) -> Finding:
        module, top = finding.module or "", (finding.module or "").partition(".")[0]
        absent = finding.code is Code.MISSING_MODULE and finding.cause == Absence.ABSENT_EVERYWHERE
        if not absent or self.layout.find(module) is not None or self.layout.find(top) is not None:
            return finding
        message = f"{finding.message}; no package {where} brings it"
        return replace(finding, message=message, fix=adding(module, self.contents, self.root, self.read).fix)
