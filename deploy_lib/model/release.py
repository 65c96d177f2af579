"""The release: the facts known so far, grown step by step with `dataclasses.replace`."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from deploy_lib.model.outcome import Tone
from deploy_lib.model.service import Service
from deploy_lib.model.traffic import TrafficMap


@dataclass(frozen=True, slots=True)
class StatusWords:
    """The words for a step's status. `junit` is the element of its test case; empty: none."""

    mark: str  # in a table of steps
    clause: str  # behind the name of the step
    tone: Tone
    junit: Literal["", "failure", "error", "skipped"] = ""


class Status(enum.Enum):
    """What a step's answer meant. ERRORED is "could not find out"; INCONCLUSIVE is "not enough evidence".

    WAITING is neither yes nor no yet: a person says it.
    """

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"
    WAITING = "waiting"

    @property
    def words(self) -> StatusWords:
        return _WORDS[self]


_WORDS = {
    Status.PASSED: StatusWords("ok", "passed", "good"),
    Status.FAILED: StatusWords("FAILED", "failed", "bad", "failure"),
    Status.ERRORED: StatusWords("ERROR", "could not find out", "unsure", "error"),
    Status.INCONCLUSIVE: StatusWords("UNCLEAR", "is unclear", "unsure", "error"),
    Status.SKIPPED: StatusWords("skipped", "was skipped", "plain", "skipped"),
    Status.WAITING: StatusWords("WAITS", "waits for a person", "unsure", "error"),
}


class Builder(enum.StrEnum):
    """Who builds: Cloud Build, or an engine of this machine."""

    CLOUD_BUILD = "cloud_build"
    DOCKER = "docker"
    PODMAN = "podman"
    NAMESPACES = "namespaces"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked of this release, beyond the YAML."""

    image: str | None = None  # --skip-build: a digest, or "serving" for the one now live
    rebuild: bool = False
    force: bool = False  # release a digest or revision recorded as failed
    traffic: bool = True  # False: stop after the probe of the candidate
    builder: Builder = Builder.CLOUD_BUILD  # what the plan or --build-local names
    keep: bool = False  # stay live when another service of the same run fails
    emergency: str = ""  # why it is released although a freeze or a hold is in force


@dataclass(frozen=True, slots=True)
class Release:
    """One attempt to put one commit of one service live.

    `before` is the traffic map that restoring puts back; None until the service has been read, and empty for
    a service that does not exist yet. `tag` is where the candidate answers before it has traffic.
    """

    id: str
    service: Service
    commit: str  # full hash
    started: datetime
    image: str | None = None  # name@sha256:..., never a tag
    build_id: str | None = None
    context_hash: str | None = None
    candidate: str | None = None  # revision name
    candidate_url: str | None = None
    tag: str | None = None
    url: str | None = None  # the service's main URL
    stable_url: str | None = None  # where the stable revision alone answers
    percent: int = 0  # of the traffic, as the candidate was last given
    before: TrafficMap | None = None
    options: Options = Options()
    committed: datetime | None = None  # when its commit was made; None where nobody wrote that down

    @property
    def first(self) -> bool:
        """True when the service served nothing before: there is no stable revision to go back to."""
        return self.before is not None and not self.before.shares()

    @property
    def begins_from(self) -> str:
        """What was there before it, as a clause; once it has the lease."""
        if self.before is None or self.first:
            return f"this is the {self.service.kind}'s first release"
        return f"before the release: {self.service.as_found(self.before)}"

    @property
    def stable(self) -> str | None:
        """The revision that most users got before the release; None in a first release."""
        return self.before.main_revision() if self.before else None
