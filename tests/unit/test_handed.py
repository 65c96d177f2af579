"""Releases that Cloud Build carries out: which go together, what is checked before, and what is made of their lines."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from deploy_lib.cli.arguments import command_parsers, parse, parser
from deploy_lib.cli.following import BuildEvents, told_by_build, told_by_client
from deploy_lib.cli.identity import new_release
from deploy_lib.cli.notifications import Notifier
from deploy_lib.cli.on_cloud_build import PASSED_FLAGS, PASSED_VALUES, Handed, handed_over
from deploy_lib.cli.releasing_arguments import OLD_FLAGS
from deploy_lib.cli.run_output import run_output
from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.endpoints import Endpoints
from deploy_lib.drivers.interface import DriverError
from deploy_lib.journal import encode, read
from deploy_lib.model import answers
from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.journal import Entry, Stopped
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.notices import NoticeEvent, SlackTarget, Subscription, TopicTarget
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Options
from deploy_lib.model.release_ids import in_region, is_of
from deploy_lib.plan import Plan
from deploy_lib.release.handed import apart, passes_here
from tests.unit.fake_cloud import FakeCloud
from tests.unit.samples import NOON, RELEASE, SERVICE, plan, started


def _plans(**after: tuple[str, ...]) -> list[Plan]:
    return [replace(plan(), service=replace(SERVICE, name=name, after=others)) for name, others in after.items()]


@pytest.mark.parametrize(
    ("after", "keep", "expected"),
    [
        ({"a": (), "b": ()}, False, [["a", "b"]]),
        ({"a": (), "b": ()}, True, [["a"], ["b"]]),
        ({"a": (), "b": ("a",), "c": ()}, True, [["a", "b"], ["c"]]),
        ({"a": (), "b": (), "c": ("a", "b"), "d": ("x",)}, True, [["a", "b", "c"], ["d"]]),
    ],
)
def test_only_what_stays_live_alone_is_released_apart(
    after: dict[str, tuple[str, ...]], keep: bool, expected: list[list[str]]
) -> None:
    groups = apart(_plans(**after), keep=keep)
    assert [[each.service.name for each in group] for group in groups] == expected


def test_what_needs_no_cloud_is_checked_here() -> None:
    bad = Finding(Code.WRONG_BRANCH, Severity.ERROR, "main only")

    def unknown() -> object:
        raise DriverError("no git")

    dirty = FakeCloud(fails={"read_checkout": lambda: answers.CheckoutRead("c", "c", "main", findings=(bad,))})
    assert passes_here(plan(), RELEASE, FakeCloud())  # type: ignore[arg-type]
    assert not passes_here(plan(), RELEASE, dirty)  # type: ignore[arg-type]
    assert not passes_here(plan(), RELEASE, FakeCloud(fails={"read_checkout": unknown}))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["backend", "my-web.v2_x", "a"])
def test_the_service_of_a_release_is_in_its_id(name: str) -> None:
    plan = _plans(**{name: ()})[0]
    release = new_release(plan, "c" * 40, Options(), NOON)
    both = ("us-central1", "us-east1")
    here, there = (replace(plan.service, region=region, regions=both) for region in both)
    made_here = new_release(replace(plan, service=here), "c" * 40, Options(), NOON)
    assert is_of(release.id, plan.service) and is_of(f"{release.id}-rollback", plan.service)
    assert is_of(made_here.id, here)
    assert not any((is_of(release.id, here), is_of(made_here.id, there), is_of(made_here.id, plan.service)))
    made_there = in_region(made_here.id, here, there)
    assert is_of(made_there, there) and in_region(made_there, there, here) == made_here.id


def test_every_flag_of_a_release_goes_along_or_is_this_clients() -> None:
    here = ["project", "config", "local", "all", "repo", "output", "state", "result", "report_dir", "build_local"]
    here += ["help", "job", "dry_run", "on", "handed", "changed"]
    said_anew = ["service", "commit"]
    old = [flag.removeprefix("--").replace("-", "_") for flag in OLD_FLAGS]
    known = {each.dest for each in command_parsers(parser())["deploy"]._actions}
    assert known == {*here, *said_anew, *old, *PASSED_FLAGS, *PASSED_VALUES}


@pytest.mark.parametrize("given", ["x", "[]", '{"who": 1}'])
def test_what_no_client_hands_over_is_refused(given: str) -> None:
    with pytest.raises(NotPossible, match="leave it out"):
        handed_over(parse(["deploy", "--handed", given]))
    assert handed_over(parse(["deploy"])) == Handed()


class _Shown:
    def __init__(self) -> None:
        self.entries: list[str] = []
        self.lines: list[str] = []

    def entry(self, service: str, entry: Entry) -> None:
        self.entries.append(entry.type)

    def line(self, service: str, text: str) -> None:
        self.lines.append(text)

    def stopping(self, by: str) -> None: ...
    def close(self) -> None: ...


def test_lines_of_a_build_become_entries_here_each_written_once(tmp_path: Path) -> None:
    ended = Stopped(NOON, Outcome.LIVE, "good", "b 100 %", ())
    first, last = [json.dumps({"service": "backend", **json.loads(encode(each))}) for each in (started(), ended)]
    progress = '{"service": "backend", "type": "progress", "text": "half way"}'
    lines = [first, progress, "Traceback", '{"service": "web"}', "[1]", last]
    lines += ["ERROR", 'ERROR: build step 2 "deploy-to-gcp-tool" failed: it exited with non-zero status: 1', progress]
    shown = _Shown()
    for known in (0, 2):
        with ExitStack() as stack:
            output = stack.enter_context(
                run_output(tmp_path, plan(), RELEASE.id, shown, Notifier((), tmp_path, Clients(Endpoints(), "p")))
            )
            events = BuildEvents({"backend": output}, {"backend": known})
            for line in lines:
                events.line(line)
            assert events.stopped == {"backend": ended}
    assert shown.entries == ["started", "stopped"] * 2
    assert shown.lines == ["half way", "Traceback", "[1]"] * 2
    [directory] = (tmp_path / "releases").glob("*/*/*")
    assert [each.type for each in read(directory).entries] == ["started", "stopped"]


def test_each_who_is_notified_is_told_by_the_build_or_by_the_client() -> None:
    events = frozenset(NoticeEvent)
    told = [Subscription(TopicTarget("projects/p/topics/t"), events), Subscription(SlackTarget("T", "C"), events)]
    assert (told_by_build(told), told_by_client(told)) == (told[:1], told[1:])


@pytest.mark.parametrize(("since", "telling"), [(None, True), (NOON, True), (NOON + timedelta(seconds=1), False)])
def test_who_comes_back_elsewhere_tells_only_what_is_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], since: datetime | None, telling: bool
) -> None:
    """The channel's variable is not set, which is said of what is told."""
    slack = Subscription(SlackTarget("NO_SUCH_TOKEN", "C"), frozenset(NoticeEvent))
    notifier = Notifier([slack], tmp_path, Clients(Endpoints(), "p"), since=since)
    notifier.entry(plan(), started())
    notifier.close()
    assert ("Slack (C) was not told" in capsys.readouterr().err) == telling
    assert notifier.result.services["backend"].release == RELEASE.id
