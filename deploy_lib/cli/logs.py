"""logs: what services wrote, oldest first, and with --follow what they write now. Secrets are masked.

Exit code 0 when all that was asked for was shown, 4 when it could not be read, 130 after Ctrl-C, which breaks nothing.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from deploy_lib.cli.release_store import journals
from deploy_lib.cli.secrets import redactor_of
from deploy_lib.cli.selection import select
from deploy_lib.cli.session import Session, open_session
from deploy_lib.cli.show.console import say, say_error, say_json
from deploy_lib.cli.show.streams import flush_to_reader
from deploy_lib.cli.signals import stopping
from deploy_lib.cli.suggestions import did_you_mean
from deploy_lib.cli.times import seconds
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.service_log import ServiceLog
from deploy_lib.model.evidence import LogLine
from deploy_lib.model.journal_queries import latest_release
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.service import Service
from deploy_lib.model.state import ServiceState
from deploy_lib.plan import Plan
from deploy_lib.printable import Printable
from deploy_lib.redact import Following

SINCE = "10m"
EVERY = 0.2  # seconds between two looks at what has come in
_REVISION = re.compile(r"[a-z][a-z0-9-]{0,62}")
_BEGAN = re.compile(r"\d{8}t\d{6}")


@dataclass(frozen=True, slots=True)
class WantedLog:
    """What is to be shown of one service: of these revisions, all of them where none is named, from `since` on."""

    service: Service
    revisions: tuple[str, ...]
    since: datetime


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
    since, as_json = seconds("--since", args.since), args.output == "json"
    if args.revision and not _REVISION.fullmatch(args.revision):
        raise NotPossible(f"--revision {args.revision!r} is not the name of a revision; status lists them")
    selection, clock = select(args, source=False), clock or SystemClock()
    if len(selection.plans) > 1 and (args.revision or args.release):
        raise NotPossible(f"--revision and --release are of one service; give one {selection.one}")
    with open_session(selection, args, clock) as session, stopping(clock, selection.program.command("logs")):
        now, calls = clock.now(), Calls(session.clients, clock)
        wanted = [_wanted(session, plan, args, since, now) for plan in selection.plans]
        several = len(wanted) > 1
        printers = [LogPrinter(each.service, as_json, f"{each.service.label}: " if several else "") for each in wanted]
        logs = [ServiceLog(calls, session.logs, each.service, each.revisions, each.since) for each in wanted]
        for log, printer in zip(logs, printers, strict=True):
            for lines in log.past():
                printer.show(lines)
                flush_to_reader()
        if args.follow:
            return _follow(logs, printers, clock)
        for plan, each, printer in zip(selection.plans, wanted, printers, strict=True):
            if not printer.shown:
                say_error(_nothing(each, session, plan))
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
    """Time in UTC, severity, revision, text; further lines of the text stand below it."""
    at = f"{line.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if line.at else "at an unknown time "
    first, *more = text.split("\n")
    yield f"{at}  {line.severity:<8}  {line.revision}  {first}"
    yield from (f"    {each}" for each in more if each.strip())


def plain(service: Service, line: LogLine, text: str) -> dict[str, object]:
    """For programs; `at` is ISO 8601, in UTC."""
    return {
        "service": service.label,
        "at": line.at.astimezone(UTC).isoformat() if line.at else None,
        "severity": line.severity,
        "source": line.source.value,
        "revision": line.revision,
        "text": text,
        "status": line.status,
    }


def _wanted(session: Session, plan: Plan, args: argparse.Namespace, since: float, now: datetime) -> WantedLog:
    start = now - timedelta(seconds=since or seconds("--since", SINCE))
    if not args.release:
        return WantedLog(plan.service, (args.revision,) if args.revision else (), start)
    state = session.services(plan).read_state(plan.service)
    release, revision = candidate_of(args.release, _candidates(session, plan, state))
    return WantedLog(plan.service, (revision,), start if since else began(release) or start)


def _candidates(session: Session, plan: Plan, state: ServiceState) -> Iterator[tuple[str, str | None]]:
    """Releases with their candidates: those that the service remembers, then those that are kept here."""
    if state.left:
        yield state.left.release_id, state.left.candidate
    yield from ((past.id, past.candidate) for past in state.history)
    for entries in journals(session.state, plan.service):
        release = latest_release(entries)
        if release is not None:
            yield release.id, release.candidate


def candidate_of(wanted: str, known: Iterable[tuple[str, str | None]]) -> tuple[str, str]:
    """The release that is meant, by its id or the end of it, and its revision.

    Raises NotPossible for none, for several, and for one that came to no revision.
    """
    releases: dict[str, str | None] = {}
    for release, candidate in known:
        releases[release] = releases.get(release) or candidate
    fits = [name for name in releases if name == wanted] or [name for name in releases if name.endswith(wanted)]
    if len(fits) > 1:
        raise NotPossible(f"--release {wanted} fits {len(fits)} releases; give more of it: {', '.join(fits[:5])}")
    if not fits:
        last = ", ".join([*releases][:5]) or "none"
        raise NotPossible(f"--release {wanted}: there is no such release; the last ones: {last}")
    revision = releases[fits[0]]
    if revision is None:
        raise NotPossible(f"--release {wanted}: {fits[0]} made no revision, so nothing was written; report says why")
    return fits[0], revision


def began(release: str) -> datetime | None:
    """The time with which its id begins, in UTC."""
    found = _BEGAN.match(release)
    try:
        return datetime.strptime(found[0], "%Y%m%dt%H%M%S").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def _nothing(wanted: WantedLog, session: Session, plan: Plan) -> str:
    whose = wanted.revisions[0] if wanted.revisions else wanted.service.cloud_run
    said = f"nothing was logged by {whose} since {wanted.since:%Y-%m-%d %H:%M:%S} UTC; --since reaches further back"
    try:
        state = session.services(plan).read_state(plan.service)
    except DriverError:
        return said
    if not state.exists:
        return f"{said}; there is no service {wanted.service.cloud_run} in {wanted.service.region}"
    names = [each.name for each in state.revisions]
    if wanted.revisions and whose not in names:
        return f"{said}; there is no such revision now{did_you_mean(whose, names)}"
    return said
