"""docker, when its daemon answers. The command alone is not an engine: many machines have it without a daemon.

The daemon is the user's own, so images made here lie beside theirs; a stand-in base has a name of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from .docker_like.cli_flavour import CliFlavour
from .docker_like.commands import Commands, last_line
from .docker_like.engine import DockerLikeEngine
from .model import EngineUnavailable

_PATIENCE = 5.0  # seconds for the daemon to answer
_BUILDX_ONLY = 23  # from this version of the command on, BuildKit is in its plugin alone
_REMEDY = "start Docker, or choose the engine podman or namespaces"


def open_docker(store: Path) -> DockerLikeEngine:
    """Raises EngineUnavailable when there is no command or no daemon behind it."""
    program = shutil.which("docker")
    if program is None:
        raise EngineUnavailable("docker is not installed", _REMEDY)
    env = {**os.environ, "BUILDKIT_PROGRESS": "plain", "DOCKER_CLI_HINTS": "false"}
    reason = _ask_daemon(program, env)
    if reason:
        raise EngineUnavailable(f"docker's daemon does not answer: {reason}", _REMEDY)
    buildkit = has_buildkit(env.get("DOCKER_BUILDKIT"), partial(_ask, program, env))
    # Said outright: a command without BuildKit fails where the user's environment asks for it.
    env["DOCKER_BUILDKIT"] = "1" if buildkit else "0"
    flavour = CliFlavour(
        build=("--pull=false",),
        create=("--pull=never",),
        run=("--log-driver=none", "--sig-proxy=false"),
        detached=False,
        ignore_file=False,
        ignores_always=not buildkit,
        build_mounts=False,
        heredocs=buildkit,
        mount="",
        build_lock=None,
    )
    return DockerLikeEngine(Commands("docker", program, env), flavour, store)


def _ask_daemon(program: str, env: dict[str, str]) -> str:
    """Empty when it answers."""
    try:
        done = subprocess.run(
            [program, "info", "--format", "{{.ServerVersion}}"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
            env=env,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        return str(error)
    answered = done.returncode == 0 and done.stdout.strip()
    return "" if answered else last_line(done.stderr)


def has_buildkit(wish: str | None, asked: Callable[..., str]) -> bool:
    """Unless the user forbids it (DOCKER_BUILDKIT=0): through the buildx plugin, or in commands before 23 built in. The
    others fall back to an old builder, which knows less (see CliFlavour).
    https://docs.docker.com/build/buildkit/#getting-started
    """
    if wish == "0":
        return False
    if asked("buildx", "version"):
        return True
    version = asked("version", "--format", "{{.Client.Version}}").partition(".")[0]
    return version.isdigit() and int(version) < _BUILDX_ONLY


def _ask(program: str, env: dict[str, str], *words: str) -> str:
    """What the command printed; empty when it failed."""
    try:
        done = subprocess.run(
            [program, *words], capture_output=True, text=True, errors="replace", timeout=_PATIENCE, check=False, env=env
        )
    except (subprocess.TimeoutExpired, OSError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
