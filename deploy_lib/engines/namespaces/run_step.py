"""RUN: a command in a sandbox whose writes become a layer.

The command sees the host's network, certificates and pip configuration (see `host_files`), none of which ends up
in the layer. Its random seeds are fixed and the time of build tools is pinned, so that it makes the same files
twice where it can.
"""

from __future__ import annotations

import os
import select

from ..dockerfile import Instruction
from ..model import Cancelled
from ..oci import EPOCH, Layer
from .accounts import Account, find_account
from .container import NamespaceContainer
from .host_files import open_host_files
from .layers import is_empty
from .sandbox import Sandbox, launch
from .settings import DEFAULT_SHELL
from .state import State, open_tree
from .step_cache import key_of, recall, remember
from .workbench import Workbench

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LAST_LINES = 25
# For the command alone; what a Dockerfile sets itself wins.
_STEADY = {"SOURCE_DATE_EPOCH": str(EPOCH), "PYTHONHASHSEED": "0"}


def run(bench: Workbench, state: State, instruction: Instruction) -> State:
    """Raises BuildFailed with the command's last lines when it ends with anything but 0."""
    argv = _command(state, instruction)
    account = find_account(open_tree(bench.store, state.layers), state.config.user)
    inputs = {
        "argv": argv,
        "env": state.variables,
        "user": state.config.user,
        "workdir": state.workdir,
    }
    key = key_of("RUN", state.layers, inputs)
    known, layer = recall(bench.store, key) if bench.use_cache else (False, None)
    if known:
        bench.log("  cached")
    else:
        layer = _run_once(bench, state, instruction, argv, account)
        remember(bench.store, key, layer)
    return state.with_layer(instruction.text, layer)


def _command(state: State, instruction: Instruction) -> tuple[str, ...]:
    if instruction.exec_form:
        return instruction.args
    shell = state.config.shell or DEFAULT_SHELL
    text = instruction.args[0] if instruction.args else ""
    if not text.strip():
        raise instruction.failure("there is no command")
    return (*shell, text)


def _run_once(
    bench: Workbench, state: State, instruction: Instruction, argv: tuple[str, ...], account: Account
) -> Layer | None:
    upper, work = bench.fresh_directory(), bench.fresh_directory()
    host = open_host_files(bench.fresh_directory())
    sandbox = Sandbox(
        layers=str(bench.store.layers),
        lowers=tuple(bench.store.layer_path(layer).name for layer in reversed(state.layers)),
        scratch=str(bench.store.scratch),
        argv=argv,
        env={"PATH": PATH, "HOME": account.home, **_STEADY, **host.env, **state.variables},
        workdir=state.workdir,
        upper=str(upper),
        work=str(work),
        binds=host.binds,
        uid=account.uid,
        gid=account.gid,
        groups=account.groups,
        hostname="build",
    )
    container = NamespaceContainer(launch(sandbox, merge_output=True))
    try:
        lines = _follow(bench, container)
    except BaseException:
        container.kill()
        raise
    code = container.wait()
    if code:
        last = lines[-1] if lines else "it printed nothing"
        raise instruction.failure(f"the command ended with exit code {code}: {last}", output="\n".join(lines))
    if is_empty(upper):
        return None
    return bench.store.add_layer(upper, bench.directory, {})


def _follow(bench: Workbench, container: NamespaceContainer) -> list[str]:
    """Log each line as it comes; the last ones. Cancelled is noticed within a tenth of a second."""
    handle, kept, pending = container.stdout.fileno(), list[str](), b""
    while True:
        if bench.cancelled():
            raise Cancelled("the build was cancelled")
        if not select.select([handle], [], [], 0.1)[0]:
            continue
        data = os.read(handle, 65536)
        pending += data
        *lines, pending = pending.split(b"\n")
        if not data and pending:
            lines = [pending]
        for line in lines:
            text = line.decode(errors="replace").rstrip("\r")
            bench.log(f"  {text}")
            kept = [*kept[-_LAST_LINES:], text]
        if not data:
            return kept
