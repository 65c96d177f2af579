"""Where what happens to a release goes beside the screen: report files, a CI job's summary and outputs, notices.

None of that may change how a release ends, nor hold it up: each target is told by a thread of its own. What could not
be written or sent is told on standard error, once for each target, when the release has ended.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import assert_never

from deploy_lib.cli.called import NAME
from deploy_lib.cli.paths import release_directory
from deploy_lib.cli.result import CommandResult
from deploy_lib.cli.show.console import say_error
from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.lean_import import needed_after_a_build
from deploy_lib.drivers.notice_senders import Sender, sender_of
from deploy_lib.model.journal import Adopted, Entry, Judged, LeaseHeld, Started
from deploy_lib.model.notices import (
    GithubTarget,
    Notice,
    SlackTarget,
    Subscription,
    Target,
    TopicTarget,
    WebhookTarget,
)
from deploy_lib.model.release import Release
from deploy_lib.plan import Plan
from deploy_lib.report.notice import notice

LEFT_FOR = 5.0
"""Seconds that messages which are still on their way have after the last line of the last release."""
MOST = 200
"""Messages that wait for one target; further ones are dropped."""


@dataclass(slots=True)
class Notifier:
    """`report_dir` gets a copy of every report. Safe to share between threads; close it when all releases have ended.

    It waits a moment then, for what is still on its way. `since`: what was before that time, another client told.
    """

    subscriptions: Sequence[Subscription]
    state: Path
    clients: Clients
    report_dir: Path | None = None
    result: CommandResult = field(default_factory=lambda: CommandResult(""))
    since: datetime | None = None
    _outboxes: list[Outbox] = field(init=False)
    _releases: dict[str, Release] = field(default_factory=dict)

    def __post_init__(self) -> None:
        clock = SystemClock()  # another one than the release's, which a person may stop
        needed_after_a_build("deploy_lib.cli.report_files", "deploy_lib.report.formats.html", "jinja2")
        self._outboxes = [Outbox(each, sender_of(each, os.environ, self.clients, clock)) for each in self.subscriptions]

    @property
    def variables(self) -> tuple[str, ...]:
        """Those that hold what is secret of the targets."""
        return tuple(each.variable for each in self.subscriptions if each.variable)

    def entry(self, plan: Plan, entry: Entry) -> None:
        """Hands on what is to be told of it, and all that is known to the command's result."""
        self.result.entry(plan.service.label, entry)
        if isinstance(entry, Started | Adopted | LeaseHeld | Judged):
            self._releases[plan.service.label] = entry.release
        if self.since is not None and entry.at < self.since:
            return
        release = self._releases.get(plan.service.label)
        wanted = notice(release, entry) if release is not None and self._outboxes else None
        if wanted is not None:
            for outbox in self._outboxes:
                outbox.put(wanted)

    def shown(self, plan: Plan, entry: Entry) -> None:
        """What no journal and no channel is told: the release is not over."""
        self.result.entry(plan.service.label, entry)

    def ended(self, plan: Plan, release_id: str) -> None:
        """Writes the report in every format beside the journal, and where --report-dir says."""
        from deploy_lib.cli.report_files import write_reports

        directory = release_directory(self.state, plan.service.project, plan.service.name, release_id)
        _attempt(
            "the report was not written",
            lambda: self.result.report(plan.service.label, write_reports(directory, self.report_dir)),
        )

    def close(self) -> None:
        """Waits a moment for what is on its way, and tells what did not arrive."""
        ends = time.monotonic() + LEFT_FOR
        for outbox in self._outboxes:
            outbox.end()
        for outbox in self._outboxes:
            for problem in outbox.problems(max(0.0, ends - time.monotonic())):
                say_error(f"{NAME}: {problem}")


class Outbox:
    """What one target is still to be told, in order."""

    def __init__(self, subscription: Subscription, sender: Sender) -> None:
        self._wanted = subscription
        self._sender = sender
        self._waiting: queue.Queue[Notice | None] = queue.Queue(MOST)
        self._problems: list[str] = []
        self._thread: threading.Thread | None = None

    def put(self, found: Notice) -> None:
        """Returns at once; what the target does not want is left out."""
        if found.event not in self._wanted.on:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="notifying", daemon=True)
            self._thread.start()
        try:
            self._waiting.put_nowait(found)
        except queue.Full:
            self._fails("some messages were dropped, since too many waited")

    def end(self) -> None:
        """Nothing more will come; returns at once."""
        if self._thread is not None:
            with suppress(queue.Full):
                self._waiting.put_nowait(None)

    def problems(self, within: float) -> list[str]:
        """What went wrong, each once; waits so many seconds at most for what is on its way."""
        if self._thread is not None:
            self._thread.join(within)
            if self._thread.is_alive():
                self._fails(f"not all was sent within {LEFT_FOR:g} s after the end")
        return self._problems

    def _run(self) -> None:
        while (found := self._waiting.get()) is not None:
            try:
                self._sender.send(found)
            except DriverError as problem:
                self._fails(problem.with_remedy)
            except Exception as problem:  # whatever it is, no release fails by it
                self._fails(str(problem))

    def _fails(self, why: str) -> None:
        told = f"{_who(self._wanted.target)} was not told: {why}"
        if told not in self._problems:
            self._problems.append(told)


def _who(target: Target) -> str:
    """As its messages name it; there may be several of a kind."""
    match target:
        case WebhookTarget():
            return f"the webhook of {target.variable}"
        case SlackTarget():
            return f"Slack ({target.channel})"
        case TopicTarget():
            return "Pub/Sub"
        case GithubTarget():
            return "GitHub"
        case _:
            assert_never(target)


def _attempt(what_failed: str, effect: Callable[[], object]) -> None:
    try:
        effect()
    except Exception as problem:  # a report never fails a release
        say_error(f"{NAME}: {what_failed}: {problem}")
