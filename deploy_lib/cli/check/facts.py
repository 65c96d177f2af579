"""--facts FILE: the last good image of one of the services that are checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy_lib.cli.check.subjects import CheckSubject
from deploy_lib.cli.paths import given_path
from deploy_lib.drivers.source.driver import GitSource
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.source.last_image import Learned
from deploy_lib.source.model import Staged

if TYPE_CHECKING:  # a check without facts is in a hurry
    from deploy_lib.source.last_image.record import LastImage


@dataclass(frozen=True, slots=True)
class GivenFacts:
    """`shown` is the file as the user named it."""

    shown: str
    image: LastImage

    @classmethod
    def read(cls, shown: str, subjects: Sequence[CheckSubject]) -> GivenFacts:
        """Raises NotPossible for a file that holds none, and for those of no service that is checked."""
        from deploy_lib.cli.image_facts import read_facts

        image = read_facts(given_path(shown), shown)
        if not any(image.is_of(each.source) for each in subjects):
            here = ", ".join(f"{each.service} ({each.source.dockerfile})" for each in subjects)
            raise NotPossible(
                f"--facts {shown}: it is of {image.service}, built from {image.dockerfile} over "
                f"{image.context or '.'}; what is checked is {here}"
            )
        return cls(shown, image)

    def about(self, subject: CheckSubject, staged: Staged, source: GitSource) -> Learned | None:
        """None for another service than theirs. Raises NotPossible where the repository does not have their commit."""
        if not self.image.is_of(subject.source):
            return None
        learned = source.learned(self.image, staged, subject.source, subject.cloud_build)
        if learned is None:
            raise NotPossible(
                f"--facts {self.shown}: it is of commit {self.image.commit[:12]}, which this repository does not have; "
                "it is another repository's, or the clone is not whole (git fetch --unshallow)"
            )
        return learned
