"""RUN: a command in a sandbox whose writes become a layer.

The command sees the host's network, certificates and pip configuration (see `host_files`), none of which ends up
in the layer. Its random seeds are fixed and the time of build tools is pinned, so that it makes the same files
twice where it can.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ...registry.oci import EPOCH, Layer
from ..dockerfile import Instruction
from ..error_line import find_error_line
from ..model import Cancelled, EngineError
from ..readiness import is_readable
from .accounts import Account, find_account
from .build_session import BuildSession
from .command import SCRIPT, RunCommand, read_command
from .container import NamespaceContainer
from .host_files import open_host_files
from .layers import Owners, is_empty
from .overlay_tree import OverlayTree
from .run_mounts import OpenMounts, Sources, identify, open_mounts, read_mounts
from .sandbox import BindMount, Sandbox, launch, maps_many_ids
from .state import BuildState, open_tree
from .step_cache import key_of, recall, remember

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LAST_LINES = 25
# For the command alone; what a Dockerfile sets itself wins.
_STEADY = {"SOURCE_DATE_EPOCH": str(EPOCH), "PYTHONHASHSEED": "0"}


def run(session: BuildSession, state: BuildState, instruction: Instruction, sources: Sources) -> BuildState:
    """Raises BuildFailed with the command's last lines when it ends with anything but 0."""
    command = read_command(state, instruction)
    mounts = read_mounts(state, instruction, session.escape)
    network = _read_network(instruction)
    try:
        account = find_account(open_tree(session.store, state.layers), state.config.user)
        mounted = identify(session, mounts, sources)
    except (EngineError, FileNotFoundError) as error:
        raise instruction.failure(error.reason if isinstance(error, EngineError) else f"{error} is not there") from None
    inputs = {
        "argv": command.argv,
        "script": command.script,
        "env": state.variables,
        "user": state.config.user,
        "workdir": state.workdir,
        "mounts": mounted,
        "network": network,
    }
    key = key_of("RUN", state.layers, inputs)
    known, layer = recall(session.store, key) if session.use_cache else (False, None)
    if known:
        session.log("  cached")
    else:
        with open_mounts(session, mounts, sources, instruction) as given:
            layer = _run_once(session, state, instruction, _Step(command, account, given, network))
        remember(session.store, key, layer)
    return state.with_layer(instruction.text, layer)


@dataclass(frozen=True, slots=True)
class _Step:
    command: RunCommand
    account: Account
    mounted: OpenMounts
    network: bool


def _read_network(instruction: Instruction) -> bool:
    network, security = instruction.flag("network"), instruction.flag("security")
    if network not in (None, "default", "host", "none"):
        raise instruction.failure(f"--network={network} is none of default, host, none")
    if security not in (None, "sandbox"):
        raise instruction.failure(f"--security={security} is not supported here")
    return network != "none"


def _run_once(session: BuildSession, state: BuildState, instruction: Instruction, step: _Step) -> Layer | None:
    upper, work, directory = session.fresh_directory(), session.fresh_directory(), session.fresh_directory()
    host, account, binds = open_host_files(directory), step.account, list(step.mounted.binds)
    if step.command.script is not None:
        script = directory / "script"
        script.write_text(step.command.script)
        script.chmod(0o755)
        binds.append(BindMount(str(script), SCRIPT, True))
    sandbox = Sandbox(
        layers=str(session.store.layers),
        lowers=tuple(session.store.layer_path(layer).name for layer in reversed(state.layers)),
        scratch=str(session.store.scratch),
        argv=step.command.argv,
        env={"PATH": PATH, "HOME": account.home, **_STEADY, **host.env, **state.variables},
        workdir=state.workdir,
        upper=str(upper),
        work=str(work),
        binds=(*host.binds, *binds),
        tmpfs=step.mounted.tmpfs,
        uid=account.uid,
        gid=account.gid,
        groups=account.groups,
        hostname="build",
        network=step.network,
    )
    container = NamespaceContainer(launch(sandbox, merge_output=True))
    try:
        lines = _follow(session, container)
    except BaseException:
        container.kill()
        raise
    code = container.wait()
    if code:
        message = find_error_line(lines)
        raise instruction.failure(f"the command ended with exit code {code}: {message}", output="\n".join(lines))
    if is_empty(upper):
        return None
    owners = _keep_owners(upper, open_tree(session.store, state.layers))
    return session.store.add_layer(upper, session.directory, owners, (account.uid, account.gid))


def _keep_owners(upper: Path, below: OverlayTree) -> Owners:
    """Directories that were there before, and are in the layer only for what is new in them, change no owner."""
    if maps_many_ids():
        return {}
    found = {}
    for directory, _, _ in os.walk(upper):
        path = os.path.relpath(directory, upper)
        entry = below.find(path) if path != "." else None
        if entry is not None and entry.is_directory:
            found[path] = entry.owner
    return found


def _follow(session: BuildSession, container: NamespaceContainer) -> list[str]:
    """Log each line as it comes; the last ones. Cancelled is noticed within a tenth of a second."""
    handle, kept, pending = container.stdout.fileno(), list[str](), b""
    while True:
        if session.cancelled():
            raise Cancelled("the build was cancelled")
        if not is_readable(handle, 0.1):
            continue
        data = os.read(handle, 65536)
        pending += data
        *lines, pending = pending.split(b"\n")
        if not data and pending:
            lines = [pending]
        for line in lines:
            text = line.decode(errors="replace").rstrip("\r")
            session.log(f"  {text}")
            kept = [*kept[-_LAST_LINES:], text]
        if not data:
            return kept
