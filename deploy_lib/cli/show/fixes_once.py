"""What a person is told of a service's entries one after the other, where the same advice would stand twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from deploy_lib.cli.show.entry_lines import SHOWN_FINDINGS, entry_lines
from deploy_lib.diagnose.shell_commands import in_shell, shown_fix
from deploy_lib.model import journal
from deploy_lib.model.journal import Entry
from deploy_lib.model.release import Status


@dataclass(slots=True)
class FixesOnce:
    """The fixes of a step that failed are among what its cause says to do; any other is told behind that."""

    _fixes: dict[str, list[str]] = field(default_factory=dict)

    def lines(self, service: str, entry: Entry) -> Iterator[str]:
        """As `entry_lines`; the entries of each service come in their order."""
        if isinstance(entry, journal.Judged):
            failed = entry.status is Status.FAILED
            shown = entry.findings[:SHOWN_FINDINGS] if failed else ()
            self._fixes[service] = list(dict.fromkeys(finding.fix for finding in shown if finding.fix))
        if isinstance(entry, journal.Stopped):
            yield from self.remaining(service)
        yield from entry_lines(entry)
        if isinstance(entry, journal.Diagnosed):
            yield from self.remaining(service, entry.cause.commands)

    def remaining(self, service: str, named: tuple[str, ...] = ()) -> Iterator[str]:
        """The fixes that are not among the commands of a cause, or that no cause was found for."""
        for fix in self._fixes.pop(service, []):
            typed = in_shell(fix).partition("  #")[0]
            if not any(typed in command for command in named):
                yield f"  fix: {shown_fix(fix)}"
