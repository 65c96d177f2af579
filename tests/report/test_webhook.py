"""The webhook, against a real server on loopback: one small POST, and every way it can fail as one clear reason."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.webhook import send
from deploy_lib.model import journal
from deploy_lib.model.notices import NoticeEvent
from deploy_lib.model.outcome import Outcome
from deploy_lib.report.notice import notice
from tests.report import journals
from tests.report.channel import channel


def test_a_message_is_one_post_of_text() -> None:
    with channel() as (address, got):
        send(address, "backend: live")
    assert [json.loads(body) for body in got] == [{"text": "backend: live"}]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_refusal_is_told_without_the_address(status: int) -> None:
    with (
        channel(status, {"Location": "http://127.0.0.1:9/elsewhere"}) as (address, got),
        pytest.raises(DriverError) as error,
    ):
        send(address, "x")
    assert error.value.reason == f"the webhook at 127.0.0.1 answered {status}"
    assert len(got) == 1, "a message is never sent twice, nor to somewhere else"


def test_a_channel_that_does_not_answer_holds_nobody_up() -> None:
    began = time.monotonic()
    with channel(delay=20) as (address, _), pytest.raises(DriverError, match=r"did not answer within 0\.3 s"):
        send(address, "x", patience=0.3)
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    "address",
    ["http://hooks.example.com/pl4nted-path", "ftp://127.0.0.1/pl4nted-path", "pl4nted-path", "", "https://",
     "http://[pl4nted-path", "https://127.0.0.1:1/pl4nted-path"],
)  # fmt: skip
def test_an_address_of_no_use_is_told_without_repeating_it(address: str) -> None:
    with pytest.raises(DriverError) as error:
        send(address, "x", patience=2)
    assert "pl4nted" not in error.value.reason + error.value.remedy


def test_what_is_told_of_each_event() -> None:
    begun = journals.live()[0]
    assert isinstance(begun, journal.Started)
    assert told(begun) == (
        "backend (netra-staging): release 20260302t120000-backend-9f8e7d6 starts by ci@runner-7, commit 9f8e7d6"
    )
    ended = journals.held()[-1]
    assert isinstance(ended, journal.Stopped)
    assert told(ended).startswith("backend (netra-staging): held, a person must decide: compare 1 min")
    assert "rollback" in told(ended) and "serving: " in told(ended)
    for outcome in Outcome:
        found = notice(journals.RELEASE, replace(ended, outcome=outcome))
        assert found is not None and found.event is (NoticeEvent.SUCCESS if outcome.is_good else NoticeEvent.FAILURE)
    events = [found.event for entry in journals.sick_under_traffic() if (found := notice(journals.RELEASE, entry))]
    assert events == [NoticeEvent.START, NoticeEvent.TRAFFIC, NoticeEvent.RESTORE, NoticeEvent.FAILURE]


def told(entry: journal.Entry) -> str:
    found = notice(journals.RELEASE, entry)
    assert found is not None
    return found.text


def test_a_message_is_no_markup_and_not_endless() -> None:
    ended = journals.held()[-1]
    assert isinstance(ended, journal.Stopped)
    text = told(replace(ended, reason="<!channel> & <https://evil|x>" + "y" * 9000))
    assert "<" not in text and "&lt;!channel&gt; &amp;" in text
    assert len(text) < 2000
