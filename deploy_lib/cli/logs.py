"""logs: what services and jobs wrote, oldest first, and with --follow what they write now. Secrets are masked.

Exit code 0 when all that was asked for was shown, 4 when it could not be read, 130 after Ctrl-C, which breaks nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC

from deploy_lib.cli.secrets import redactor_of
from deploy_lib.cli.selection import select
from deploy_lib.cli.session import open_session
from deploy_lib.cli.show.console import say, say_error, say_json
from deploy_lib.cli.show.streams import flush_to_reader
from deploy_lib.cli.signals import stopping
from deploy_lib.cli.times import seconds
from deploy_lib.cli.wanted_log import refuse_misfits, wanted_log, why_nothing
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.service_log import ServiceLog
from deploy_lib.model.evidence import LogLine
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.service import Service
from deploy_lib.printable import Printable
from deploy_lib.redact import Following

EVERY = 0.2  # seconds between two looks at what has come in


@dataclass(slots=True)
class LogPrinter:
    """Prints lines as text or JSON, masked. `prefix` goes before each line of text."""

    service: Service
    as_json: bool
    prefix: str = ""
    shown: int = 0
    mask: Printable = field(init=False)
    lines: Following = field(init=False)

    def __post_init__(self) -> None:
        self.mask = redactor_of(self.service)
        self.lines = Following(self.mask)

    def show(self, found: Iterable[LogLine]) -> None:
        for line in found:
            self.shown += 1
            text = self._masked(line.text)
            if self.as_json:
                say_json(plain(self.service, line, text))
            else:
                say(*(f"{self.prefix}{each}" for each in as_text(line, text)))

    def _masked(self, text: str) -> str:
        return "\n".join(map(self.lines.line, text.split("\n")))


def main(args: argparse.Namespace, clock: SystemClock | None = None) -> int:
    as_json = args.output == "json"
    seconds("--since", args.since)
    refuse_misfits(args)
    selection, clock = select(args, source=False, with_steps=False), clock or SystemClock()
    if len(selection.plans) > 1 and (args.revision or args.release or args.execution):
        raise NotPossible(f"--revision, --release and --execution are of one; give one {selection.one}")
    with open_session(selection, args, clock) as session, stopping(clock, selection.program.command("logs")):
        now, calls = clock.now(), Calls(session.clients, clock)
        wanted = [wanted_log(session, plan, args, now) for plan in selection.plans]
        several = len(wanted) > 1
        printers = [LogPrinter(each.service, as_json, f"{each.service.label}: " if several else "") for each in wanted]
        logs = [ServiceLog(calls, session.logs, each.service, each.parts, each.since) for each in wanted]
        for log, printer in zip(logs, printers, strict=True):
            for lines in log.past():
                printer.show(lines)
                flush_to_reader()
        if args.follow:
            return _follow(logs, printers, clock)
        for plan, each, printer in zip(selection.plans, wanted, printers, strict=True):
            if not printer.shown:
                say_error(why_nothing(each, session, plan))
    return 0


def _follow(logs: Sequence[ServiceLog], printers: Sequence[LogPrinter], clock: SystemClock) -> int:
    """Ends with Interrupted from the clock or ReaderLeft, or when none of the logs can be read any more."""
    for log in logs:
        log.follow()
    while not all(log.is_over for log in logs):
        for log, printer in zip(logs, printers, strict=True):
            found, told = log.news()
            printer.show(found)
            for message in told:
                say_error(f"{printer.prefix}{message}")
        flush_to_reader()
        clock.sleep(EVERY)
    return 4


def as_text(line: LogLine, text: str) -> Iterator[str]:
    """Time in UTC, severity, revision or execution, text; further lines of the text stand below it."""
    at = f"{line.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if line.at else "at an unknown time "
    first, *more = text.split("\n")
    yield f"{at}  {line.severity:<8}  {line.revision}  {first}"
    yield from (f"    {each}" for each in more if each.strip())


def plain(service: Service, line: LogLine, text: str) -> dict[str, object]:
    """For programs; `at` is ISO 8601, in UTC."""
    return {
        service.kind: service.label,
        "at": line.at.astimezone(UTC).isoformat() if line.at else None,
        "severity": line.severity,
        "source": line.source.value,
        "revision" if service.job is None else "execution": line.revision,
        "text": text,
        "status": line.status,
    }
