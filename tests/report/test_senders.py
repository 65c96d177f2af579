"""How Slack and GitHub are told, against a real server on loopback; and that nobody holds a release up."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from deploy_lib.cli.notifications import MOST, Outbox
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.notice_senders import Github, Slack, Webhook
from deploy_lib.model import journal
from deploy_lib.model.notices import GithubTarget, Notice, NoticeEvent, SlackTarget, Subscription, WebhookTarget
from deploy_lib.model.outcome import Outcome
from deploy_lib.report.notice import notice
from tests.report import journals
from tests.report.channel import service

TOKEN = "pl4nted-token"
SLACK, GITHUB = SlackTarget("SLACK_TOKEN", "C0123"), GithubTarget("staging", "GITHUB_TOKEN")
START, *_, END = [found for entry in journals.held() if (found := notice(journals.RELEASE, entry)) is not None]


def test_the_messages_of_one_release_are_one_thread_in_slack() -> None:
    with service({"ok": True, "ts": "1.5"}, {"ok": True, "ts": "1.7"}) as (address, got):
        slack = Slack(SLACK, {"SLACK_TOKEN": TOKEN, "SLACK_API_URL": address})
        other = replace(START, release=replace(START.release, id="another"))
        for each in (START, END, other):
            slack.send(each)
    assert [asked.body.get("thread_ts") for asked in got] == [None, "1.5", None]
    assert {(asked.path, asked.token) for asked in got} == {("/chat.postMessage", f"Bearer {TOKEN}")}
    assert got[0].body["channel"] == "C0123" and "starts by" in got[0].body["text"]


def test_a_webhook_with_threads_is_told_the_releases_key() -> None:
    with service({}) as (address, got):
        Webhook(WebhookTarget("HOOK", threads=True), {"HOOK": f"{address}/hook?key=1"}).send(START)
    assert got[0].body["thread"] == {"threadKey": START.release.id}
    assert got[0].path == "/hook?key=1&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(Outcome.LIVE, "success"), (Outcome.READY, "pending"), (Outcome.HELD, "pending"), (Outcome.REJECTED, "failure"),
     (Outcome.UNKNOWN, "error"), (Outcome.BUSY, "error"), (Outcome.INTERRUPTED, "error")],
)  # fmt: skip
def test_a_release_is_a_deployment_of_github_with_its_end_as_status(outcome: Outcome, state: str) -> None:
    more = {"GITHUB_REPOSITORY": "acme/shop", "GITHUB_SERVER_URL": "https://github.example", "GITHUB_RUN_ID": "7"}
    with service({"id": 42}) as (address, got):
        github = Github(GITHUB, {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": address, **more})
        github.send(START)
        github.send(replace(END, outcome=outcome))
    assert [asked.path.removeprefix("/repos/acme/shop/deployments") for asked in got] == [
        "", "/42/statuses", "/42/statuses",
    ]  # fmt: skip
    assert got[0].body["ref"] == START.release.commit and got[0].body["required_contexts"] == []
    assert [asked.body["state"] for asked in got[1:]] == ["in_progress", state]
    assert got[-1].body["log_url"] == "https://github.example/acme/shop/actions/runs/7"
    assert all(len(asked.body["description"]) <= 140 for asked in got)


def test_told_only_of_a_failure_the_deployment_is_made_then() -> None:
    with service({"id": 42}) as (address, got):
        Github(GITHUB, {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": address, "GITHUB_REPOSITORY": "a/b"}).send(END)
    assert [asked.path for asked in got] == ["/repos/a/b/deployments", "/repos/a/b/deployments/42/statuses"]


@pytest.mark.parametrize(
    ("target", "answer", "status", "variables", "told"),
    [
        (SLACK, {"ok": False, "error": "channel_not_found"}, 200, {"SLACK_TOKEN": TOKEN}, "channel_not_found"),
        (SLACK, {}, 200, {"SLACK_TOKEN": TOKEN}, "Slack did not take the message: it did not say why"),
        (SLACK, {}, 503, {"SLACK_TOKEN": TOKEN}, "Slack at 127.0.0.1 answered 503"),
        (SLACK, {}, 200, {}, "the variable SLACK_TOKEN, which holds a token of Slack, is not set"),
        (GITHUB, {}, 201, {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "a/b"}, "GitHub made no deployment"),
        (GITHUB, {}, 403, {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "a/b"}, "GitHub at 127.0.0.1 answered 403"),
        (GITHUB, {}, 200, {"GITHUB_TOKEN": TOKEN}, "no repository is known"),
        (GITHUB, {}, 200, {"GITHUB_REPOSITORY": "a/b"}, "the variable GITHUB_TOKEN, which holds"),
    ],
)  # fmt: skip
def test_a_refusal_is_told_without_the_token(
    target: Any, answer: dict[str, Any], status: int, variables: dict[str, str], told: str
) -> None:
    with service(answer, status=status) as (address, _), pytest.raises(DriverError) as error:
        found = {**variables, "SLACK_API_URL": address, "GITHUB_API_URL": address}
        (Slack(target, found) if isinstance(target, SlackTarget) else Github(target, found)).send(START)
    assert told in error.value.reason and TOKEN not in str(error.value)


class Stuck:
    """Takes the first message, and does not come back before it may."""

    def __init__(self) -> None:
        self.may, self.taken = threading.Event(), threading.Event()
        self.got: list[NoticeEvent] = []

    def send(self, notice: Notice) -> None:
        self.taken.set()
        self.may.wait(60)
        self.got.append(notice.event)


def closed(outbox: Outbox, within: float) -> list[str]:
    outbox.end()
    return outbox.problems(within)


def test_a_target_that_does_not_answer_holds_nobody_up_and_is_told_once() -> None:
    stuck, began = Stuck(), time.monotonic()
    outbox = Outbox(Subscription(WebhookTarget("HOOK")), stuck)
    for _ in range(MOST + 50):
        outbox.put(START)
    told = closed(outbox, 0.1)
    assert time.monotonic() - began < 30
    assert told == [
        "the webhook of HOOK was not told: some messages were dropped, since too many waited",
        "the webhook of HOOK was not told: not all was sent within 5 s after the end",
    ]
    stuck.may.set()


def test_one_that_does_not_answer_takes_no_time_from_the_others() -> None:
    stuck, quick = Stuck(), Stuck()
    quick.may.set()
    first, second = Outbox(Subscription(SLACK), stuck), Outbox(Subscription(WebhookTarget("HOOK")), quick)
    for outbox in (first, second):
        outbox.put(START)
    assert stuck.taken.wait(60)
    for outbox in (first, second):
        outbox.end()
    assert first.problems(0.1) and second.problems(60) == [] and quick.got == [NoticeEvent.START]
    stuck.may.set()


def test_only_the_events_that_are_wanted_are_told() -> None:
    sender = Stuck()
    sender.may.set()
    outbox = Outbox(Subscription(WebhookTarget("HOOK"), frozenset({NoticeEvent.FAILURE})), sender)
    outbox.put(START)
    assert closed(outbox, 0) == [], "with nothing to say no thread is begun"
    outbox.put(END)
    assert closed(outbox, 60) == [] and sender.got == [NoticeEvent.FAILURE]


def test_a_sender_that_breaks_breaks_nothing() -> None:
    class Broken:
        def send(self, notice: Notice) -> None:
            raise ZeroDivisionError("a fault of ours")

    outbox = Outbox(Subscription(SLACK), Broken())
    outbox.put(START)
    outbox.put(END)
    assert closed(outbox, 60) == [f"Slack ({SLACK.channel}) was not told: a fault of ours"]


def test_a_notice_is_plain_data_for_programs() -> None:
    stopped = journals.held()[-1]
    assert isinstance(stopped, journal.Stopped)
    assert END.data["event"] == "failure" and END.data["outcome"] == "held" and END.data["serving"] == stopped.serving
