"""What may stand under `notify` in the YAML: who is told of a release, and of which of its events."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from deploy_lib.model.notices import (
    USUAL,
    GithubTarget,
    NoticeEvent,
    SlackTarget,
    Subscription,
    Target,
    TopicTarget,
    WebhookTarget,
)
from deploy_lib.steps.kind import Settings

VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
_TOPIC = r"^(projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/topics/)?[A-Za-z][A-Za-z0-9._~+%-]{2,254}$"
_WAYS = ("webhook_env", "slack", "pubsub", "github")
EventName = Annotated[NoticeEvent, WithJsonSchema({"enum": [each.value for each in NoticeEvent], "type": "string"})]


def _one_or_more(value: Any) -> Any:
    if isinstance(value, list) and not value:
        raise ValueError("the list is empty; name an event, or leave the entry out")
    return (value,) if isinstance(value, str) else value


class SlackSettings(Settings):
    """Messages by Slack's API: those of one release are a thread."""

    token_env: str = Field(pattern=VARIABLE, description="variable that holds a bot's token (scope chat:write)")
    channel: str = Field(pattern=r"^[#A-Za-z0-9_-]{1,80}$", description="the channel's id or name")


class GithubSettings(Settings):
    """Deployment statuses of a repository of GitHub."""

    environment: str = Field(pattern=r"^[^\s/][^\n]{0,254}$", description="the environment's name there, e.g. staging")
    token_env: str = Field(
        "GITHUB_TOKEN", pattern=VARIABLE, description="variable that holds a token that may write deployments"
    )
    repository: str | None = Field(
        None,
        pattern=r"^[\w.-]+/[\w.-]+$",
        description="OWNER/NAME; default: what GITHUB_REPOSITORY says, as in Actions",
    )


class NotifySettings(Settings):
    """One who is told, by one of webhook_env, slack, pubsub and github."""

    webhook_env: str | None = Field(
        None, pattern=VARIABLE, description="variable that holds the URL of a webhook, Slack-compatible"
    )
    threads: bool = Field(
        False, description="with webhook_env: one thread for each release, by threadKey as Google Chat takes it"
    )
    slack: SlackSettings | None = Field(None, description="a channel by Slack's API; one thread for each release")
    pubsub: str | None = Field(
        None, pattern=_TOPIC, description="a Pub/Sub topic of the project, or projects/P/topics/T; gets JSON"
    )
    github: GithubSettings | None = Field(None, description="deployment statuses of a repository")
    events: Annotated[tuple[EventName, ...], BeforeValidator(_one_or_more)] = Field(
        USUAL, description="what is told, one or a list of: start, traffic, restore, success, failure"
    )

    @model_validator(mode="after")
    def _one_way(self) -> NotifySettings:
        named = [way for way in _WAYS if getattr(self, way) is not None]
        if len(named) != 1:
            raise ValueError(f"notify: each entry has one of {', '.join(_WAYS)}, not {' and '.join(named) or 'none'}")
        if self.threads and self.webhook_env is None:
            raise ValueError(f"notify: threads is for webhook_env; {named[0]} needs no word on it")
        return self

    def subscription(self, project: str) -> Subscription:
        """Who is told, and of what."""
        return Subscription(self._target(project), frozenset(self.events))

    def _target(self, project: str) -> Target:
        if self.slack is not None:
            return SlackTarget(self.slack.token_env, self.slack.channel)
        if self.pubsub is not None:
            return TopicTarget(self.pubsub if "/" in self.pubsub else f"projects/{project}/topics/{self.pubsub}")
        if self.github is not None:
            return GithubTarget(self.github.environment, self.github.token_env, self.github.repository or "")
        return WebhookTarget(self.webhook_env or "", self.threads)
