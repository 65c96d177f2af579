"""Which log is meant: of what service or job, of which of its revisions or executions, and from when on."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deploy_lib.cli.release_store import journals
from deploy_lib.cli.session import Session
from deploy_lib.cli.suggestions import did_you_mean
from deploy_lib.cli.times import seconds
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.services.job_api import JobApi
from deploy_lib.drivers.services.template import RELEASE_LABEL
from deploy_lib.drivers.services.traffic import short
from deploy_lib.drivers.times import plain_time
from deploy_lib.model.journal_queries import latest_release
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.service import Service
from deploy_lib.model.state import ServiceState
from deploy_lib.plan import Plan

SINCE = "10m"
_REVISION, _END_OF_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}"), re.compile(r"[a-z0-9-]{1,63}")
_BEGAN = re.compile(r"\d{8}t\d{6}")


@dataclass(frozen=True, slots=True)
class WantedLog:
    """What is to be shown of one service or job: of these revisions or executions, all of them where none is named,
    from `since` on. `why_empty` says why there can be nothing, where that is known."""

    service: Service
    parts: tuple[str, ...]
    since: datetime
    why_empty: str = ""

    @property
    def subject(self) -> str:
        """Whose it is, in words."""
        return self.parts[0] if self.parts else self.service.cloud_run


def refuse_misfits(args: argparse.Namespace) -> None:
    """Raises NotPossible for options that are not of what was named, and for what is no name."""
    if args.execution and not args.job:
        raise NotPossible("--execution is of a job; name the job with --job")
    if args.revision and args.job:
        raise NotPossible("--revision is of a service; --execution names an execution of a job")
    if args.revision and not _REVISION.fullmatch(args.revision):
        raise NotPossible(f"--revision {args.revision!r} is not the name of a revision; status lists them")
    if args.execution and not _END_OF_NAME.fullmatch(args.execution):
        raise NotPossible(f"--execution {args.execution!r} is not the name of an execution, nor the end of one")


def wanted_log(session: Session, plan: Plan, args: argparse.Namespace, now: datetime) -> WantedLog:
    """What the command line asks for. Raises NotPossible and DriverError."""
    since = seconds("--since", args.since)
    start = now - timedelta(seconds=since or seconds("--since", SINCE))
    if plan.service.job is not None:
        return _of_job(session, plan, args, start)
    if not args.release:
        return WantedLog(plan.service, (args.revision,) if args.revision else (), start)
    release, revision = _release_named(session, plan, args.release)
    return WantedLog(plan.service, (revision,), start if since else began(release) or start)


def _of_job(session: Session, plan: Plan, args: argparse.Namespace, start: datetime) -> WantedLog:
    """The last execution, unless another one, a release or a time is named; of all that come, where one follows."""
    service = plan.service
    label = _release_named(session, plan, args.release)[1] if args.release else None
    if args.since and not (args.execution or label):
        return WantedLog(service, (), start)
    found = JobApi(Calls(session.clients, session.clock)).executions(service.path)
    if args.execution:
        names = [short(each.name) for each in found]
        found = [found[names.index(_execution_named(args.execution, names))]]
    elif label:
        found = [each for each in found if each.labels.get(RELEASE_LABEL) == label]
    if label and not found:
        raise NotPossible(f"--release {args.release}: it executed nothing, so nothing was written; report says why")
    if not found:
        return WantedLog(service, (), start, f"{service.cloud_run} was never executed")
    follows_all = args.follow and not args.execution and not label
    began_at = plain_time(found[-1].create_time) or start
    return WantedLog(service, () if follows_all else (short(found[-1].name),), start if args.since else began_at)


def _execution_named(wanted: str, known: Sequence[str]) -> str:
    """`known` are the oldest first."""
    fits = [name for name in known if name == wanted] or [name for name in known if name.endswith(wanted)]
    if len(fits) != 1:
        what = f"fits {len(fits)} executions; give more of it" if fits else "there is no such execution"
        raise NotPossible(f"--execution {wanted}: {what}; the last ones: {', '.join([*known][:-6:-1]) or 'none'}")
    return fits[0]


def _release_named(session: Session, plan: Plan, wanted: str) -> tuple[str, str]:
    state = session.services(plan).read_state(plan.service)
    return candidate_of(wanted, _candidates(session, plan, state), plan.service.kind)


def _candidates(session: Session, plan: Plan, state: ServiceState) -> Iterator[tuple[str, str | None]]:
    """Releases with their candidates: those that the service remembers, then those that are kept here."""
    if state.left:
        yield state.left.release_id, state.left.candidate
    yield from ((past.id, past.candidate) for past in state.history)
    for entries in journals(session.state, plan.service):
        release = latest_release(entries)
        if release is not None:
            yield release.id, release.candidate


def candidate_of(wanted: str, known: Iterable[tuple[str, str | None]], kind: str = "service") -> tuple[str, str]:
    """The release that is meant, by its id or the end of it, and its revision, or the label of a job's executions.

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
    candidate = releases[fits[0]]
    if candidate is None:
        made = "made no revision" if kind == "service" else "did not come to the job"
        raise NotPossible(f"--release {wanted}: {fits[0]} {made}, so nothing was written; report says why")
    return fits[0], candidate


def began(release: str) -> datetime | None:
    """The time with which its id begins, in UTC."""
    found = _BEGAN.match(release)
    try:
        return datetime.strptime(found[0], "%Y%m%dt%H%M%S").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def why_nothing(wanted: WantedLog, session: Session, plan: Plan) -> str:
    """What is said where there was no line."""
    service = wanted.service
    since = f"since {wanted.since:%Y-%m-%d %H:%M:%S} UTC; --since reaches further back"
    said = wanted.why_empty or f"nothing was logged by {wanted.subject} {since}"
    try:
        state = session.services(plan).read_state(plan.service)
    except DriverError:
        return said
    if not state.exists:
        return f"{said}; there is no {service.kind} {service.cloud_run} in {service.region}"
    names = [each.name for each in state.revisions]
    if service.job is None and wanted.parts and wanted.parts[0] not in names:
        return f"{said}; there is no such revision now{did_you_mean(wanted.parts[0], names)}"
    return said
