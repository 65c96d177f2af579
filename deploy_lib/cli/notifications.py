"""Where the outcome of a release goes beside the screen: report files, a CI job's summary and outputs, a webhook.

None of them may change how a release ends: what cannot be written or sent is told on standard error, once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from deploy_lib.cli.called import NAME
from deploy_lib.cli.paths import release_directory
from deploy_lib.cli.result import CommandResult
from deploy_lib.cli.show.console import say_error
from deploy_lib.model.journal import Entry, Started, Stopped
from deploy_lib.plan import Plan


@dataclass(frozen=True, slots=True)
class Notifier:
    """`webhook_env` names the variable that holds the webhook's URL; `report_dir` gets a copy of every report."""

    webhook_env: str | None
    state: Path
    report_dir: str | None = None
    result: CommandResult = field(default_factory=lambda: CommandResult(""))

    def entry(self, plan: Plan, entry: Entry) -> None:
        """Starts and endings go to the webhook, and all that is known to the command's result."""
        self.result.entry(plan.service.name, entry)
        if self.webhook_env and isinstance(entry, Started | Stopped):
            from deploy_lib.cli.report_files import tell_webhook

            name = self.webhook_env
            _attempt("the webhook was not called", lambda: tell_webhook(name, plan, entry))

    def shown(self, plan: Plan, entry: Entry) -> None:
        """What no journal and no channel is told: the release is not over."""
        self.result.entry(plan.service.name, entry)

    def ended(self, plan: Plan, release_id: str) -> None:
        """Writes the report in every format beside the journal, and where --report-dir says."""
        from deploy_lib.cli.report_files import write_reports

        directory = release_directory(self.state, plan.service.project, plan.service.name, release_id)
        extra = Path(self.report_dir).expanduser() if self.report_dir else None
        _attempt(
            "the report was not written",
            lambda: self.result.report(plan.service.name, write_reports(directory, extra)),
        )


def _attempt(what_failed: str, effect: Callable[[], object]) -> None:
    try:
        effect()
    except Exception as problem:  # a report or a webhook never fails a release
        say_error(f"{NAME}: {what_failed}: {problem}")
