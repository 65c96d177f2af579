"""What came of a request. Drivers fill these in; the steps' `judge` functions read them. Times are seconds."""

from deploy_lib.model.answers.builds import Built, ImportsChecked
from deploy_lib.model.answers.jobs import ApprovalSeen, JobSeen, JobState
from deploy_lib.model.answers.lease import CallFailed, LeaseEnded, LeaseTaken, Restored, UnfinishedRelease
from deploy_lib.model.answers.repository import BranchEvidence, Change, CheckoutRead, ContractRead, SourceRead
from deploy_lib.model.answers.requests import MONITORING, REQUEST_LOG, Side, TrafficMoved, TrafficVerified, Watched
from deploy_lib.model.answers.revision import Attempt, Observation, Probed, RevisionCreated, Start, Starting

__all__ = [
    "MONITORING",
    "REQUEST_LOG",
    "ApprovalSeen",
    "Attempt",
    "BranchEvidence",
    "Built",
    "CallFailed",
    "Change",
    "CheckoutRead",
    "ContractRead",
    "ImportsChecked",
    "JobSeen",
    "JobState",
    "LeaseEnded",
    "LeaseTaken",
    "Observation",
    "Probed",
    "Restored",
    "RevisionCreated",
    "Side",
    "SourceRead",
    "Start",
    "Starting",
    "TrafficMoved",
    "TrafficVerified",
    "UnfinishedRelease",
    "Watched",
]
