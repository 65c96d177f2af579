"""A cloud that is away for some seconds at a move: the traffic comes back, and the last line says what is so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import LocalCloud
from tests.engine_store import shared_store
from tests.rehearsal.cli_harness import CliHarness, CommandResult
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import BUILT, REST, stable

AWAY = 4.0  # seconds: longer than a read waits for a local cloud that never answered


@pytest.fixture
def own(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliHarness]:
    """A harness whose cloud may be killed."""
    with LocalCloud(tmp_path / "cloud", store=shared_store(tmp_path_factory)) as cloud:
        yield CliHarness(cloud, tmp_path, cloud.name("away"))


class Outage:
    """Once, at an event of that kind and label, the cloud is killed; it is back after a while."""

    def __init__(self, cloud: LocalCloud, kind: str, label: str = "", text: str = "", seconds: float = AWAY) -> None:
        self.cloud, self.kind, self.label, self.text, self.seconds = cloud, kind, label, text, seconds
        self.back: threading.Timer | None = None

    def __call__(self, event: dict[str, Any]) -> None:
        met = event["type"] == self.kind and event.get("label", "") == self.label
        if self.back is None and met and self.text in event.get("text", ""):
            self.cloud.kill()
            self.back = threading.Timer(self.seconds, self.cloud.start)
            self.back.start()

    def over(self) -> None:
        assert self.back is not None, "the moment never came"
        self.back.join()


def release(harness: CliHarness, outage: Outage, **behave: Any) -> CommandResult:
    steps = (*BUILT, {"promote": {"percent": 10}}, *REST)
    result = harness.release(harness.config(steps, behave), cue=outage)
    outage.over()
    return result


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        pytest.param("asked", "promote 100 %", id="before the last move"),
        pytest.param("asked", "promote 10 %", id="before the first move"),
        pytest.param("judged", "promote 10 %", id="after the first move"),
        pytest.param("asked", "verify", id="at the end"),
    ],
)
def test_away_at_a_move_it_ends_live_or_as_before(own: CliHarness, kind: str, label: str) -> None:
    old = stable(own)
    result = release(own, Outage(own.cloud, kind, label), n=1)
    other = OtherClient(own)
    shares = {each.revision: each.percent for each in other.read().traffic_statuses if each.percent}
    live = result.code == 0
    assert result.code in (0, 4), result.stopped
    assert shares == ({result.candidate: 100} if live else {old: 100})
    assert result.stopped["serving"] == (f"{result.candidate} 100 %" if live else f"{old} 100 %")
    assert other.lease() is None


@pytest.mark.slow
def test_away_while_the_traffic_is_put_back_it_is_waited_for(own: CliHarness) -> None:
    old, outage = stable(own), Outage(own.cloud, "restore_asked", seconds=25.0)

    def cue(event: dict[str, Any]) -> None:
        _deny(own, event)
        outage(event)

    result = own.release(own.config((*BUILT, {"promote": {"percent": 10}}, *REST), {"n": 1}), cue=cue)
    outage.over()
    assert result.stopped["serving"] == f"{old} 100 %", result.stopped
    assert result.code == 4
    said = [event["text"] for event in result.of_type("progress")]
    assert any("the traffic is not back yet" in text and "does not answer" in text for text in said), said


@pytest.mark.slow
def test_away_while_the_candidate_starts_its_image_is_not_to_blame(own: CliHarness) -> None:
    old = stable(own)
    own.write("app/parts/words.py", 'GREETING = "good evening"\n')
    own.commit()
    outage = Outage(own.cloud, "progress", text="is starting", seconds=1.0)
    config = own.config((*BUILT, *REST), {"start_after": 1})
    result = own.release(config, cue=outage)
    outage.over()
    assert (result.code, result.statuses[-1]) == (4, ("canary", "errored")), result.stopped
    assert result.stopped["serving"] == f"{old} 100 %"
    resumed = own.command("resume", config)
    assert resumed.code == 0, resumed.stopped
    assert own.now == {resumed.candidate: 100} and resumed.candidate != result.candidate


def _deny(harness: CliHarness, event: dict[str, Any]) -> None:
    """The last move is refused, so the traffic is put back."""
    if event["type"] == "asked" and event["label"] == "promote 100 %":
        update = "google.cloud.run.v2.Services/UpdateService"
        harness.cloud.faults({"method": update, "code": "PERMISSION_DENIED", "times": 2})  # by v1, and then by v2
