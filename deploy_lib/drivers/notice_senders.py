"""How each kind of target is told, once. Every sender raises DriverError when the message was not taken."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from deploy_lib.drivers import webhook
from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.interface import Clock, DriverError
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.post_json import post_json
from deploy_lib.model.notices import (
    GithubTarget,
    Notice,
    NoticeEvent,
    SlackTarget,
    Subscription,
    TopicTarget,
    WebhookTarget,
)
from deploy_lib.model.outcome import Outcome

_DESCRIPTION = 140  # characters that GitHub takes of a description
_TIMEOUT = 10.0  # seconds


class Sender(Protocol):
    """Tells one target of one notice."""

    def send(self, notice: Notice) -> None: ...


def sender_of(wanted: Subscription, variables: Mapping[str, str], clients: Clients, clock: Clock) -> Sender:
    """`variables` are those of the environment; they are read when something is sent."""
    match wanted.target:
        case WebhookTarget() as target:
            return Webhook(target, variables)
        case SlackTarget() as target:
            return Slack(target, variables)
        case TopicTarget() as target:
            return Topic(target, Calls(clients, clock))
        case GithubTarget() as target:
            return Github(target, variables)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One POST; see drivers/webhook.py."""

    target: WebhookTarget
    variables: Mapping[str, str]

    def send(self, notice: Notice) -> None:
        """Raises DriverError."""
        address = _secret(self.variables, self.target.variable, "a webhook's address")
        webhook.send(address, notice.text, thread=notice.release.id if self.target.threads else "")


@dataclass(slots=True)
class Slack:
    """https://docs.slack.dev/reference/methods/chat.postMessage: the first message of a release begins its thread."""

    target: SlackTarget
    variables: Mapping[str, str]
    _threads: dict[str, str] = field(default_factory=dict)

    def send(self, notice: Notice) -> None:
        """Raises DriverError."""
        token = _secret(self.variables, self.target.variable, "a token of Slack")
        base = self.variables.get("SLACK_API_URL") or "https://slack.com/api"
        thread = self._threads.get(notice.release.id)
        body = {"channel": self.target.channel, "text": notice.text, **({"thread_ts": thread} if thread else {})}
        headers, remedy = {"Authorization": f"Bearer {token}"}, "check the token and the channel"
        told = post_json("Slack", f"{base}/chat.postMessage", body, headers=headers, remedy=remedy, reads=True)
        if told.get("ok") is not True:
            raise DriverError(
                f"Slack did not take the message: {str(told.get('error', 'it did not say why'))[:100]}", remedy
            )
        if isinstance(told.get("ts"), str):
            self._threads.setdefault(notice.release.id, told["ts"])


@dataclass(frozen=True, slots=True)
class Topic:
    """https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish: the notice as JSON; its event,
    service, release and outcome are attributes, to filter by."""

    target: TopicTarget
    calls: Calls

    def send(self, notice: Notice) -> None:
        """Raises DriverError."""
        data = base64.b64encode(json.dumps(notice.data).encode()).decode()
        names = ("event", "project", "service", "release", "outcome")
        attributes = {name: str(notice.data[name]) for name in names if notice.data[name]}
        body = json.dumps({"messages": [{"data": data, "attributes": attributes}]}).encode()
        path, host = f"/v1/{self.target.topic}:publish", "pubsub.googleapis.com"
        api = self.calls.clients.json_api
        self.calls.make(
            "publish_message",
            lambda: api.ask("POST", host, path, body=body, timeout=_TIMEOUT),
            f"publish to {self.target.topic}",
        )


_STATES = {
    Outcome.LIVE: "success",
    Outcome.READY: "pending",
    Outcome.HELD: "pending",
    Outcome.REJECTED: "failure",
}
"""GitHub's word for each end; what is not here is "error"."""


@dataclass(slots=True)
class Github:
    """A deployment for each release, with a status for each event: https://docs.github.com/en/rest/deployments."""

    target: GithubTarget
    variables: Mapping[str, str]
    _deployments: dict[str, int] = field(default_factory=dict)

    def send(self, notice: Notice) -> None:
        """Raises DriverError."""
        if notice.event is NoticeEvent.START or notice.release.id not in self._deployments:
            self._deployments[notice.release.id] = self._begun(notice)
        state = _STATES.get(notice.outcome, "error") if notice.outcome else "in_progress"
        body = {"state": state, "description": _first_line(notice.text), "environment": self.target.environment}
        run = self._run()
        self._post(f"/{self._deployments[notice.release.id]}/statuses", {**body, **({"log_url": run} if run else {})})

    def _begun(self, notice: Notice) -> int:
        body = {
            "ref": notice.release.commit,
            "environment": self.target.environment,
            "auto_merge": False,
            "required_contexts": [],  # whether it may be released was decided before
            "description": f"{notice.release.service.label}: {notice.release.id}"[:_DESCRIPTION],
            "payload": {"release": notice.release.id, "service": notice.release.service.name},
        }
        number = self._post("", body).get("id")
        if not isinstance(number, int):
            raise DriverError("GitHub made no deployment, and did not say why")
        return number

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        token = _secret(self.variables, self.target.variable, "a token of GitHub")
        repository = self.target.repository or self.variables.get("GITHUB_REPOSITORY", "")
        if not repository:
            raise DriverError(
                "no repository is known whose deployments could be told", "set notify.github.repository: OWNER/NAME"
            )
        base = self.variables.get("GITHUB_API_URL") or "https://api.github.com"
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        remedy = "the token needs the permission deployments: write, and the commit must be pushed"
        address = f"{base}/repos/{repository}/deployments{path}"
        return post_json("GitHub", address, body, headers=headers, remedy=remedy, reads=True)

    def _run(self) -> str:
        """The page of the job in which this runs."""
        parts = [self.variables.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")]
        return "{}/{}/actions/runs/{}".format(*parts) if all(parts) else ""


def _first_line(text: str) -> str:
    return text.partition("\n")[0][:_DESCRIPTION]


def _secret(variables: Mapping[str, str], name: str, what: str) -> str:
    found = variables.get(name, "").strip()
    if not found:
        raise DriverError(f"the variable {name}, which holds {what}, is not set")
    return found
