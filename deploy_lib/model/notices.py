"""Who is told of a release, of which of its events, and what of it. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release


class NoticeEvent(enum.StrEnum):
    """What may be told; the value is its name in the YAML."""

    START = "start"
    TRAFFIC = "traffic"  # users are given more of the candidate
    RESTORE = "restore"  # users are put back
    SUCCESS = "success"
    FAILURE = "failure"  # any end that is not the one asked for


USUAL = (NoticeEvent.START, NoticeEvent.SUCCESS, NoticeEvent.FAILURE)


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """A webhook that takes {"text": ...}; `variable` holds its address. `threads`: it takes a thread's key, too."""

    variable: str
    threads: bool = False


@dataclass(frozen=True, slots=True)
class SlackTarget:
    """A channel of Slack, by its API; `variable` holds a bot's token."""

    variable: str
    channel: str


@dataclass(frozen=True, slots=True)
class TopicTarget:
    """A topic of Pub/Sub, projects/P/topics/T."""

    topic: str


@dataclass(frozen=True, slots=True)
class GithubTarget:
    """Deployments of a repository; `variable` holds a token. `repository` empty: the one whose job this is."""

    environment: str
    variable: str
    repository: str = ""


Target = WebhookTarget | SlackTarget | TopicTarget | GithubTarget


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is told, and of what."""

    target: Target
    on: frozenset[NoticeEvent] = frozenset(USUAL)

    @property
    def variable(self) -> str | None:
        """The one that holds what is secret of it."""
        return None if isinstance(self.target, TopicTarget) else self.target.variable


@dataclass(frozen=True, slots=True)
class Notice:
    """One event of one release. `text` is for people, in Slack's notation; `outcome` is of its end."""

    event: NoticeEvent
    release: Release
    text: str
    at: str  # ISO 8601
    outcome: Outcome | None = None
    reason: str = ""
    serving: str = ""

    @property
    def data(self) -> dict[str, object]:
        """For programs."""
        release = self.release
        return {
            "event": self.event.value,
            "at": self.at,
            "project": release.service.project,
            "service": release.service.name,
            "region": release.service.region,
            "release": release.id,
            "commit": release.commit,
            "candidate": release.candidate,
            "outcome": self.outcome.value if self.outcome else None,
            "reason": self.reason,
            "serving": self.serving,
            "text": self.text,
        }
