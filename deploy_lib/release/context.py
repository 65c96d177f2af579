"""What carrying out one release needs, and what it gathers on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from deploy_lib.drivers.interface import Drivers, Tell
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.journal import Entry
from deploy_lib.model.journal_queries import latest_release
from deploy_lib.model.release import Release
from deploy_lib.plan import Plan
from deploy_lib.release.explain import Diagnose
from deploy_lib.release.recorder import Note, Recorder


@dataclass(slots=True)
class ReleaseContext:
    """`holder` is who deploys, as others see it. `wait`: seconds to queue behind whoever has the service."""

    plan: Plan
    drivers: Drivers
    note: Note
    tell: Tell
    diagnose: Diagnose
    holder: str
    take_over: bool = False
    wait: float = 0.0
    recorder: Recorder = field(init=False)
    evidence: Evidence | None = None  # what a driver brought along of the step that failed
    known_rollback: str | None = None  # the newest one as the release began; None: not looked at

    def __post_init__(self) -> None:
        self.recorder = Recorder(self.note)

    def record(self, entry: Entry) -> bool:
        """Whether it was written down."""
        return self.recorder.record(entry)

    def now(self) -> datetime:
        """The time of the release's clock, aware, in UTC."""
        return self.drivers.clock.now()

    @property
    def entries(self) -> list[Entry]:
        """The journal so far, those entries too that could not be written."""
        return self.recorder.entries

    @property
    def release(self) -> Release:
        """The release with all that is known by now."""
        release = latest_release(self.entries)
        assert release is not None, "a release starts by recording itself"
        return release
