"""What a release is called, and who makes it."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from datetime import datetime

from deploy_lib.model.release import Options, Release
from deploy_lib.model.release_ids import release_id
from deploy_lib.model.variables import for_release
from deploy_lib.plan import Plan


def new_release(
    plan: Plan,
    commit: str,
    options: Options,
    now: datetime,
    committed: datetime | None = None,
    *,
    apart: str | None = None,
) -> Release:
    """A release with a unique id, also when two deployers start in the same second.

    `committed` is when its commit was made. `apart` keeps the ids of two deployers apart, and is the same for all
    releases of one: those of the regions of a service are known by each other's ids.
    """
    id_ = release_id(now, plan.service, commit, apart or keep_apart())
    return Release(id_, for_release(plan.service, commit, id_), commit, now, options=options, committed=committed)


def keep_apart() -> str:
    """What keeps apart the ids of two who start in the same second."""
    return secrets.token_hex(2)


def holder() -> str:
    """Who deploys, as others are told: the CI run, else the person at this machine."""
    run_id = os.environ.get("GITHUB_RUN_ID") or os.environ.get("CI_JOB_ID") or os.environ.get("BUILD_ID")
    who = os.environ.get("GITHUB_ACTOR") or os.environ.get("GITLAB_USER_LOGIN") or _user()
    return f"{who} (CI run {run_id})" if run_id else f"{who} at {socket.gethostname()}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return f"user {os.getuid()}"
