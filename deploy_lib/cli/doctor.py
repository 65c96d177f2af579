"""doctor: whether a project has all that a release will need, and the commands that add what is missing.

Exit code 0 when all is had, 1 when something is missing, 4 when nothing is, and something could not be found out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from deploy_lib.cli.selection import select
from deploy_lib.cli.session import open_session
from deploy_lib.cli.show.console import say, say_json
from deploy_lib.cli.side_by_side import side_by_side
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.project_access import ProjectAccess
from deploy_lib.drivers.services.api import RunApi
from deploy_lib.drivers.services.job_api import JobApi
from deploy_lib.model.roles import name_of
from deploy_lib.model.service import Service
from deploy_lib.release.doctor import Checkup, Doctor, Standing

_CODES = {Standing.MISSING: 1, Standing.UNKNOWN: 4, Standing.HAD: 0}


def main(args: argparse.Namespace) -> int:
    selection, found = select(args, source=False), set[Standing]()
    with open_session(selection, args, SystemClock()) as session:
        calls = Calls(session.clients, session.clock)
        api, access = RunApi(calls), ProjectAccess(calls, session.clients.project)

        def runs_as(service: Service) -> str | None:
            if service.job is not None:
                job = JobApi(calls).job(service.path)
                return (job.template.template.service_account or None) if job is not None else None
            running = api.service(service.path)
            return (running.template.service_account or None) if running is not None else None

        account, as_text = session.clients.learn_principal(), args.output == "text"
        counts_here = session.clients.is_login and session.clients.counted_in == session.clients.project
        doctor = Doctor(access, selection.plans, account, runs_as, counts_here, args.on is not None)
        if as_text:
            names = ", ".join(plan.service.label for plan in selection.plans)
            asked_as = name_of(account, "whoever is logged in")
            say(f"what releases of {names} need in {access.project}, asked as {asked_as}")
        for checkups in side_by_side(lambda question: question.answers(), list(doctor.questions())):
            for checkup in checkups:
                found.add(checkup.state)
                if as_text:
                    say(*_lines(checkup))
                else:
                    say_json(_plain(checkup))
    worst = next((state for state in _CODES if state in found), Standing.HAD)
    if as_text:
        say(_LAST[worst])
    return _CODES[worst]


_LAST = {
    Standing.HAD: "nothing is missing",
    Standing.MISSING: "type what stands above, or let someone do it who may; then ask again",
    Standing.UNKNOWN: "nothing is known to be missing; not all could be found out",
}


def _lines(checkup: Checkup) -> Iterator[str]:
    yield f"  {checkup.state:<8} {checkup.subject}: {checkup.words}"
    yield from (f"           {command}" for command in checkup.commands)


def _plain(checkup: Checkup) -> dict[str, object]:
    return {"subject": checkup.subject, "state": checkup.state.value, "told": checkup.words,
            "commands": list(checkup.commands)}  # fmt: skip
