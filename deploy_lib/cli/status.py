"""status: what serves, who deploys, the last releases; read from the service itself, so true on any machine."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator
from datetime import datetime

from deploy_lib.cli.program import shorter
from deploy_lib.cli.selection import select
from deploy_lib.cli.session import open_session
from deploy_lib.cli.show.console import as_json as as_one_line
from deploy_lib.cli.show.console import say, say_as_is
from deploy_lib.cli.side_by_side import side_by_side
from deploy_lib.cli.signals import stopping
from deploy_lib.cli.times import seconds
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.freeze import frozen_at
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release_history import drift, is_rollback
from deploy_lib.model.state import LeaseState, ServiceState
from deploy_lib.plan import Plan
from deploy_lib.release.next_commands import after_change_by_hand

SHOWN_RELEASES = 5
LEAST_PAUSE = 1.0
"""Seconds between two looks of --watch."""


def main(args: argparse.Namespace, clock: SystemClock | None = None) -> int:
    every = seconds("--watch", args.watch)
    if 0 < every < LEAST_PAUSE:
        raise NotPossible(f"--watch {args.watch}: at least every {LEAST_PAUSE:g}s; others read the service, too")
    selection, clock = select(args, source=False, with_steps=False), clock or SystemClock()
    as_json = args.output == "json"
    with open_session(selection, args, clock) as session:
        drivers = {plan.service.label: session.services(plan) for plan in selection.plans}

        def look() -> Iterator[str]:
            states = side_by_side(lambda plan: drivers[plan.service.label].read_state(plan.service), selection.plans)
            for plan, state in zip(selection.plans, states, strict=True):
                if as_json:
                    yield as_one_line(_plain(plan, state, session.clock.now()))
                else:
                    yield from (shorter(line) for line in lines(plan, state, session.clock.now()))

        if every:
            from deploy_lib.cli.show.watch import watch

            with stopping(clock, selection.program.command("status")):
                watch(look, every, clock, as_json=as_json)
        for line in look():
            (say_as_is if as_json else say)(line)
    return 0


def lines(plan: Plan, state: ServiceState, now: datetime) -> Iterator[str]:
    """For people; the last line says what serves."""
    service = plan.service
    yield f"{service.label}: {service.cloud_run} in {service.project}, {service.region}"
    if service.job is not None:
        yield from job_lines(plan, state, now)
        return
    if not state.exists:
        yield "  there is no such service yet; the first release creates it"
        yield "serving: nothing"
        return
    yield f"  url       {state.url}"
    yield f"  lease     {lease_words(state.lease, now)}"
    if frozen := frozen_at(plan.freeze, now):
        yield f"  freeze    {frozen}"
    if state.unfinished:
        yield f"  {unfinished_words(plan, state.unfinished, state, now)}"
    by_hand = drift(state)
    if by_hand is not None:
        yield f"  by hand   {by_hand}"
        yield from (f"            {way}" for way in after_change_by_hand(plan, state, by_hand))
    if state.reconciling:
        yield "  a change is under way"
    for revision in state.revisions:
        if revision.percent or revision.tags:
            share = f"{revision.percent} %" if revision.percent else "no traffic"
            tags = f"  tags: {', '.join(revision.tags)}" if revision.tags else ""
            commit = f"  commit {revision.commit[:7]}" if revision.commit else ""
            ready = "" if revision.ready else f"  NOT READY: {revision.reason}"
            yield f"  revision  {revision.name}  {share}{tags}{commit}{ready}"
    for past in state.history[:SHOWN_RELEASES]:
        when = f"{past.at:%Y-%m-%d %H:%M} UTC" if past.at else "at an unknown time"
        emergency = f"  emergency: {past.emergency}" if past.emergency else ""
        yield f"  release   {past.id}  {past.outcome}  {when}  commit {past.commit[:7]}{emergency}"
    yield f"serving: {state.traffic}"


def job_lines(plan: Plan, state: ServiceState, now: datetime) -> Iterator[str]:
    """Of a job that is released by itself; the last line says what it is."""
    if not state.exists:
        yield "  there is no such job yet; its first release creates it"
        yield "serving: nothing"
        return
    yield f"  lease     {lease_words(state.lease, now)}"
    if frozen := frozen_at(plan.freeze, now):
        yield f"  freeze    {frozen}"
    if state.unfinished and (state.lease is None or state.lease.expired):
        id_, program = state.unfinished.release_id, plan.program
        resume, finish = program.command("resume"), program.command("rollback", "--force")
        yield f"  unfinished release {id_}: {f'{finish} finishes it' if is_rollback(id_) else f'{resume} goes on'}"
    for past in state.history[:SHOWN_RELEASES]:
        when = f"{past.at:%Y-%m-%d %H:%M} UTC" if past.at else "at an unknown time"
        yield f"  release   {past.id}  {past.outcome}  {when}  commit {past.commit[:7]}"
    for revision in state.revisions:
        commit = f" of commit {revision.commit[:7]}" if revision.commit else ""
        yield f"serving: the job {plan.service.cloud_run} has the image {revision.image}{commit}"


def unfinished_words(plan: Plan, left: UnfinishedRelease, state: ServiceState, now: datetime) -> str:
    """What became of it, and what a person can type; while somebody deploys, only what is not refused as busy."""
    asked = next((each for each in left.approvals if each.approval is None), None)
    release, lease = f"release {left.release_id} of commit {left.commit[:7]}", state.lease
    approve = plan.program.command("approve", left.release_id)
    until = None if lease is None or lease.expired else lease.until
    if lease is not None and lease.release_id is not None and until is not None and now < until:
        what = "runs" if lease.release_id == left.release_id else f"is unfinished, and {lease.release_id} runs"
        waits = f"; {approve} approves it" if asked is not None and now < asked.until else ""
        stop = plan.program.command("rollback", "--force")
        if lease.holder_ended:
            resume = plan.program.command("resume", "--force")
            stop = f"{resume} goes on with it now, {stop}"
            what = "is unfinished" if lease.release_id == left.release_id else f"and {lease.release_id} are unfinished"
        return (
            f"{release} {what}: {lease.holder} has the service until {until:%H:%M:%S} UTC{waits}; "
            f"{stop} {'' if lease.holder_ended else 'stops that and '}puts back what served before"
        )
    resume, rollback = plan.program.command("resume"), plan.program.command("rollback")
    past = next((past for past in state.history if past.id == left.release_id), None)
    if past is not None and past.outcome is Outcome.READY:
        where = state.tag_urls.get(left.tag or "")
        at = f" at {where}" if where else ""
        return f"ready {release} answers{at}: {resume} gives it the users, {rollback} gives it up"
    if asked is not None and asked.until <= now:
        return (
            f"{release} was not approved, and the time for it was over at {asked.until:%Y-%m-%d %H:%M} UTC: "
            f"{resume} does what then follows, {rollback} undoes it"
        )
    if asked is not None:
        return f"{release} waits to be approved until {asked.until:%Y-%m-%d %H:%M} UTC: {approve}; {rollback} undoes it"
    return f"unfinished {release}: {resume} goes on, {rollback} undoes it"


def lease_words(lease: LeaseState | None, now: datetime) -> str:
    if lease is None:
        return "no deployment in progress"
    what = "holds it" if lease.release_id is None else f"deploys it (release {lease.release_id})"
    why = f": {lease.why}" if lease.why else ""
    if lease.until is None:
        return f"expired; it was {lease.holder}'s"
    if lease.expired or lease.until <= now:
        return f"expired at {lease.until:%H:%M:%S} UTC; it was {lease.holder}'s"
    ended = "; that process has ended on this machine, so nobody renews it" if lease.holder_ended else ""
    return f"{lease.holder} {what} since {lease.since:%H:%M:%S}, until {lease.until:%Y-%m-%d %H:%M:%S} UTC{why}{ended}"


def _plain(plan: Plan, state: ServiceState, now: datetime) -> dict[str, object]:
    service, frozen = plan.service, frozen_at(plan.freeze, now)
    plain: dict[str, object] = json.loads(json.dumps(dataclasses.asdict(state), default=str))
    by_hand = drift(state)
    changed = by_hand and {
        "told": str(by_hand),
        "since": by_hand.left.id,
        "left": by_hand.left.traffic.shares(),
        "now": by_hand.now.shares(),
        "tags": list(by_hand.tags),
        "labels": list(by_hand.labels),
        "revision": by_hand.made.revision if by_hand.made else None,
        "revision_changes": list(by_hand.made.changed) if by_hand.made else [],
        "last_modifier": by_hand.by or None,
        "updated": str(by_hand.at) if by_hand.at else None,
    }
    return {
        "service": service.label,
        "cloud_run": service.cloud_run,
        **plain,
        "by_hand": changed,
        "frozen": str(frozen) if frozen else None,
        "serving": state.traffic.shares(),
    }
