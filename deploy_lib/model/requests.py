"""What the run itself needs done, as data: nothing happens until a driver is handed a request. What a kind of step asks
stands in its file; here is also what several of them ask in one way.

Every request is safe to repeat: revision names are deterministic, a build is found again by its tags, and a
traffic map is put in place as a whole. Times are seconds.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass

from deploy_lib.model.outcome import Outcome
from deploy_lib.model.program import Invocation
from deploy_lib.model.release import Release
from deploy_lib.model.traffic import TrafficMap

_POOL = re.compile(r"projects/[^/]+/locations/([^/]+)/workerPools/[^/]+")


@dataclass(frozen=True, slots=True)
class ImportCheck:
    """What the in-image import check imports, and how patient it is."""

    entrypoint: str | None = None
    also: tuple[str, ...] = ()
    all: bool = False
    timeout: float = 60.0  # per module
    budget: float | None = None  # slower imports are reported
    on_other_errors: str = "auto"  # fail, warn
    real_secrets: bool = False


@dataclass(frozen=True, slots=True)
class Worker:
    """Where and as whom Cloud Build works; None is its default."""

    machine_type: str | None = None
    worker_pool: str | None = None
    service_account: str | None = None
    logging: str = "GCS_ONLY"
    region: str | None = None

    @property
    def location(self) -> str:
        """A private pool works where it was made; all else in the region named, or in Cloud Build's global location."""
        pool = _POOL.fullmatch(self.worker_pool or "")
        return pool[1] if pool else self.region or "global"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a good response is. `json` maps dotted paths to values; `text` must occur in the body.

    `status` None: any but 5xx and 429. Whether a redirect or another 4xx is good then depends on what the stable
    revision answers to the same request.
    """

    status: tuple[int, ...] | None = (200,)
    json: Mapping[str, object] | None = None
    text: str | None = None
    slower_than: float | None = None  # seconds; slower is a failure


ANY_ANSWER = Expectation(None)


@dataclass(frozen=True, slots=True)
class Readers:
    """How long it may take until our requests show up, in seconds after the last of them."""

    log_within: float = 20.0
    metrics_within: float = 300.0


class Phase(enum.StrEnum):
    """Of a step that looks at requests again and again: what goes on between two looks."""

    ASKING = "asking"  # requests are made at their rate
    WAITING = "waiting"  # for those that are under way
    READING = "reading"  # for them to show up where real requests are counted
    OVER = "over"  # nothing more comes


@dataclass(frozen=True, slots=True)
class LeaveGuard:
    """Have somebody watch the release who does not die with this client. `worker` is where and as whom builds run.

    `config` is the path of the configuration file, and `program` says how the tool is typed here.
    """

    release: Release
    config: str
    program: Invocation
    worker: Worker = Worker()


@dataclass(frozen=True, slots=True)
class TakeLease:
    """Acquire the service's deploy lease and record what restoring puts back.

    `over_own_hold`: a hold of the same holder does not refuse it, and stands again when the lease has ended;
    `over_hold`: the same of anybody's hold.
    `known_rollback` is the id of the newest rollback as the release began (empty: there was none): a newer one refuses
    it, since whoever rolled back did not mean it to go live seconds later. None: that was not looked at.
    """

    release: Release
    holder: str
    lasts: float
    take_over: bool = False
    over_own_hold: bool = False
    over_hold: bool = False
    known_rollback: str | None = None


@dataclass(frozen=True, slots=True)
class EndLease:
    """Let go of the service. `outcome` goes into its history; None for a lease under which nothing was done."""

    release: Release
    outcome: Outcome | None
    reason: str = ""
    image_is_to_blame: bool = False


@dataclass(frozen=True, slots=True)
class RestoreTraffic:
    """Put `target` back and confirm it by reading back and by asking the main URL.

    `ours` are the maps this release may have left behind: a service that carries any other was changed by someone
    else, and is left alone. Empty: whatever it carries may be replaced. Without `asks` no request is made, and the
    map that is read back decides.
    """

    release: Release
    target: TrafficMap
    within: float = 60.0
    ours: tuple[TrafficMap, ...] = ()
    asks: bool = True


@dataclass(frozen=True, slots=True)
class ReadEvidence:
    """Conditions, logs and operation errors of the candidate, for a diagnosis."""

    release: Release
