"""A container that runs and is not reached: on another port, on localhost only, too late, or never.

Read only when a condition says that the container did not start, or not yet: a server that listens may be well.
"""

from __future__ import annotations

from collections.abc import Sequence

from deploy_lib.diagnose import exceptions, listening, server_errors
from deploy_lib.diagnose.log_rows import PLATFORM
from deploy_lib.diagnose.parsed_log import ParsedLog, stamp
from deploy_lib.model.cause import Cause, Confidence
from deploy_lib.model.cause_facts import PortFacts, StartTimeFacts
from deploy_lib.model.codes import Code
from deploy_lib.model.evidence import Condition, LogSource


def find(log: ParsedLog, port: int | None, conditions: Sequence[Condition], limit: float | None = None) -> Cause | None:
    """The cause, when the conditions and where the server listens tell of one.

    `limit` is how many seconds the start-up probe allows.
    """
    wrong = [condition for condition in conditions if condition.failed]
    wrong = wrong or [each for each in conditions if each.type == "Ready" and not each.succeeded]
    if not wrong or (log.exits and log.exits[-1] != 0) or _probed_well(log):
        return None
    words = [condition.message for condition in wrong] + [
        row.text for row in log.rows if row.source == LogSource.SYSTEM
    ]
    wanted = listening.expected(port, words)
    server = listening.found(log.rows)
    if server is None:
        pending = all(not condition.failed for condition in wrong)
        return None if log.ends else _silent(log, wanted, " yet" if pending else "")
    shown = (f"{stamp(server.at)}{server.text}",)
    facts = PortFacts(listens=server.port, expected=wanted)
    if server.port != wanted:
        return Cause(
            Code.WRONG_PORT,
            f"the server listens on port {server.port}, Cloud Run asks on port {wanted}",
            evidence=shown,
            facts=facts,
        )
    if server.loopback:
        return Cause(
            Code.LOCALHOST_ONLY,
            f"the server listens on {server.host} only, where Cloud Run cannot reach it",
            evidence=shown,
            facts=facts,
        )
    return _late(log, server, shown, limit)


def _probed_well(log: ParsedLog) -> bool:
    """The platform itself reached it."""
    return any(row.source == LogSource.SYSTEM and "probe succeeded" in row.text for row in log.rows)


def _silent(log: ParsedLog, wanted: int, yet: str) -> Cause:
    slow = server_errors.worker_timeout(log.rows)
    if slow is not None:
        return Cause(
            Code.CPU_STARVED,
            "the server's workers did not come up in time: the CPU is too small for the start",
            Confidence.LIKELY,
            evidence=(f"{stamp(log.rows[slow].at)}{log.rows[slow].text}",),
        )
    if not log.rows:
        return Cause(
            Code.NEVER_LISTENS,
            f"nothing listens on port {wanted}{yet}; no line of the container's log could be read, which may say why",
            Confidence.GUESS,
            facts=PortFacts(expected=wanted),
        )
    printed = [row for row in log.rows if row.source not in PLATFORM and row.text.strip()]
    shown = tuple(f"{stamp(row.at)}{row.text}" for row in printed[-3:])
    last = (
        f"; its last output: {exceptions.short(printed[-1].text.strip(), 120)}" if printed else "; it printed nothing"
    )
    return Cause(
        Code.NEVER_LISTENS,
        f"the container runs, but nothing listens on port {wanted}{yet}{last}",
        Confidence.LIKELY,
        evidence=shown,
        facts=PortFacts(expected=wanted),
    )


def _late(log: ParsedLog, server: listening.Listening, shown: tuple[str, ...], limit: float | None) -> Cause:
    first = next((row.at for row in log.rows if row.at is not None), None)
    needed = (server.at - first).total_seconds() if server.at and first else None
    how_late = f"it needed {needed:.0f} s to listen" if needed is not None else "it listens, but too late"
    starved = server_errors.worker_timeout(log.rows) is not None
    exceeded = limit is not None and needed is not None and needed > limit
    facts = StartTimeFacts(needed=round(needed, 1) if needed is not None else None, allowed=limit if exceeded else None)
    kind = Code.CPU_STARVED if starved else Code.SLOW_START
    why = (
        ", and its workers timed out: the CPU is too small for the start"
        if starved
        else f", longer than the {limit:.0f} s of the start-up probe"
        if exceeded
        else ", longer than it was allowed"
    )
    return Cause(
        kind, f"the server is too slow to start: {how_late}{why}", Confidence.LIKELY, evidence=shown, facts=facts
    )
