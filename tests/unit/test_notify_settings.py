"""`notify` of a configuration: who is told of what, and what cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_lib.config import ConfigError, load
from deploy_lib.model.notices import (
    USUAL,
    GithubTarget,
    NoticeEvent,
    SlackTarget,
    Subscription,
    TopicTarget,
    WebhookTarget,
)

BASE = """\
project: netra-staging
region: us-central1
images: host/netra-staging/services
services: {backend: {cloud_run: backend}}
steps: [build, canary, {promote: {percent: 100}}]
"""


def loaded(tmp_path: Path, text: str) -> tuple[Subscription, ...]:
    path = tmp_path / "c.yaml"
    path.write_text(BASE + text)
    return load(path, shown="c.yaml").settings.subscriptions()


@pytest.mark.parametrize(
    ("text", "target", "on"),
    [
        ("webhook_env: HOOK\n", WebhookTarget("HOOK"), USUAL),
        ("notify: [{webhook_env: HOOK, events: failure}]\n", WebhookTarget("HOOK"), ["failure"]),
        ("notify: [{webhook_env: HOOK, threads: true}]\n", WebhookTarget("HOOK", True), USUAL),
        ("notify: [{slack: {token_env: T, channel: '#deploys'}, events: [start, traffic, restore]}]\n",
         SlackTarget("T", "#deploys"), ["start", "traffic", "restore"]),
        ("notify: [{pubsub: deploys}]\n", TopicTarget("projects/netra-staging/topics/deploys"), USUAL),
        ("notify: [{pubsub: projects/netra-other/topics/deploys}]\n",
         TopicTarget("projects/netra-other/topics/deploys"), USUAL),
        ("notify: [{github: {environment: staging}}]\n", GithubTarget("staging", "GITHUB_TOKEN"), USUAL),
        ("notify: [{github: {environment: a, token_env: T, repository: acme/shop}}]\n",
         GithubTarget("a", "T", "acme/shop"), USUAL),
    ],
)  # fmt: skip
def test_who_is_told_of_what(tmp_path: Path, text: str, target: object, on: list[str]) -> None:
    assert loaded(tmp_path, text) == (Subscription(target, frozenset(map(NoticeEvent, on))),)  # type: ignore[arg-type]


def test_the_short_form_and_the_list_go_together(tmp_path: Path) -> None:
    found = loaded(tmp_path, "webhook_env: A\nnotify: [{webhook_env: B, events: success}, {pubsub: deploys}]\n")
    assert [each.variable for each in found] == ["A", "B", None]
    assert loaded(tmp_path, "") == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("notify: HOOK\n", "c.yaml:6:1: notify is a list, not 'HOOK'"),
        ("notify: [{}]\n", "each entry has one of webhook_env, slack, pubsub, github, not none"),
        ("notify: [{events: failure}]\n", "each entry has one of webhook_env, slack, pubsub, github, not none"),
        ("notify: [{webhook_env: A, pubsub: deploys}]\n", "github, not webhook_env and pubsub"),
        ("notify: [{pubsub: deploys, threads: true}]\n", "threads is for webhook_env; pubsub needs no word on it"),
        ("notify: [{webhook_env: 'a b'}]\n", "webhook_env cannot be 'a b'"),
        ("notify: [{webhook_env: A, events: failures}]\n", "events is one of "),
        ("notify: [{webhook_env: A, events: []}]\n", "the list is empty; name an event, or leave the entry out"),
        ("notify: [{webhok_env: A}]\n", "unknown key 'webhok_env'; did you mean webhook_env?"),
        ("notify: [{slack: {channel: C1}}]\n", "token_env is missing"),
        ("notify: [{slack: {token_env: T, channel: 'a b'}}]\n", "channel cannot be 'a b'"),
        ("notify: [{pubsub: 'my topic'}]\n", "pubsub cannot be 'my topic'"),
        ("notify: [{github: staging}]\n", "github is a mapping, not 'staging'"),
        ("notify: [{github: {environment: a, repository: shop}}]\n", "repository cannot be 'shop'"),
    ],
)
def test_what_cannot_be_meant(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, text)
    assert "c.yaml:6:" in str(error.value) and told in str(error.value), str(error.value)
