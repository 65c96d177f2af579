"""podman, with a store and settings of its own: nothing of the user's containers is seen or touched.

Measured with Debian 12's podman 4.3: runc, because its crun refuses hybrid cgroups; limits on files and processes,
because the defaults are above what containers in containers may ask for. The store's settings reach it through
CONTAINERS_STORAGE_CONF and CONTAINERS_CONF (containers-storage.conf(5), containers.conf(5)).
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

from .docker_like.cli_flavour import CliFlavour
from .docker_like.commands import Commands, last_line
from .docker_like.engine import DockerLikeEngine
from .model import EngineError, EngineUnavailable

_HEREDOCS_SINCE = (1, 33)  # of buildah, podman's builder
_REMEDY = "install it with: apt-get install podman runc; or choose the engine namespaces"


def open_podman(store: Path) -> DockerLikeEngine:
    """Raises EngineUnavailable when it is not installed or cannot start a container here."""
    program = shutil.which("podman")
    if program is None:
        raise EngineUnavailable("podman is not installed", _REMEDY)
    home = store.absolute() / "podman"
    commands = Commands("podman", program, _write_settings(home), home)
    info = commands.attempt("info", "--format", "{{json .Host.BuildahVersion}}")
    if info.returncode:
        raise EngineUnavailable(f"podman does not work here: {last_line(info.stderr)}", _REMEDY)
    _start_nothing(commands, store)
    flavour = CliFlavour(
        build=("--pull=never", "--format=oci"),
        create=("--pull=never", "--read-only-tmpfs=false"),
        run=("--detach", "--log-driver=passthrough"),
        detached=True,
        ignore_file=True,
        ignores_always=False,
        build_mounts=True,
        heredocs=_version(json.loads(info.stdout)) >= _HEREDOCS_SINCE,
        mount=str(store.absolute() / "podman" / "root" / "overlay"),
        build_lock=store.absolute() / "podman" / "builds.lock",
    )
    return DockerLikeEngine(commands, flavour, store)


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)[:2]))


def _write_settings(home: Path) -> dict[str, str]:
    """The environment for podman: its whole state lies below `home`."""
    home.mkdir(parents=True, exist_ok=True)
    runtime = "runc" if shutil.which("runc") else "crun"
    storage, containers = home / "storage.conf", home / "containers.conf"
    paths = {"graphroot": home / "root", "runroot": home / "run"}
    storage.write_text(
        '[storage]\ndriver = "overlay"\n' + "".join(f"{key} = {json.dumps(str(path))}\n" for key, path in paths.items())
    )
    containers.write_text(
        '[containers]\nnetns = "host"\ndefault_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]\n'
        f'[engine]\nruntime = "{runtime}"\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n'
    )
    own = {"CONTAINERS_STORAGE_CONF": str(storage), "CONTAINERS_CONF": str(containers)}
    return {**os.environ, **own}


def _start_nothing(commands: Commands, store: Path) -> None:
    """A container of an empty directory, told to run what is not there: 127 says that all before that worked."""
    empty = store.absolute() / "podman" / "empty"
    empty.mkdir(exist_ok=True)
    flags = ("--rm", "--network", "none", "--log-driver", "none", "--rootfs")
    try:
        done = commands.attempt("run", *flags, str(empty), "/nothing")
    except EngineError as error:
        raise EngineUnavailable(f"podman cannot start a container here: {error.reason}", _REMEDY) from None
    if done.returncode != 127:
        raise EngineUnavailable(f"podman cannot start a container here: {last_line(done.stderr)}", _REMEDY)
