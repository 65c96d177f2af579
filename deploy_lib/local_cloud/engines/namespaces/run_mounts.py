"""RUN --mount: caches that outlive a build, files mounted for one command, memory. None of it ends up in a layer.

Options: https://docs.docker.com/reference/dockerfile/#run---mount. Secrets and SSH agents are refused, since no
one here could supply them; a step that asked for one and went on without it would be a silent skip.
"""

from __future__ import annotations

import fcntl
import os
import posixpath
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from ...registry.oci import digest_of
from ..dockerfile import Instruction, expand_word
from .build_session import BuildSession
from .copy import write_item
from .copy_plan import Destination, Item, Rules, find_sources, plan_source
from .layer_draft import LayerDraft
from .overlay_tree import OverlayTree
from .sandbox import BindMount, maps_many_ids
from .state import BuildState

Sources = Callable[[str], OverlayTree]  # what --mount=from=NAME means
_ALIASES = {"dst": "target", "destination": "target", "src": "source", "ro": "readonly", "rw": "readwrite"}
_OPTIONS = {
    "cache": {"target", "id", "readonly", "readwrite", "sharing", "from", "source", "mode", "uid", "gid"},
    "bind": {"target", "source", "from", "readonly", "readwrite"},
    "tmpfs": {"target", "size"},
}


@dataclass(frozen=True, slots=True)
class RunMount:
    """One --mount, its options by their long names."""

    kind: str
    target: str  # absolute
    options: dict[str, str] = field(default_factory=dict)

    def on(self, name: str) -> bool:
        return self.options.get(name, "false") in ("", "true", "1")


@dataclass(frozen=True, slots=True)
class OpenMounts:
    """What a command's mounts come to in its sandbox."""

    binds: tuple[BindMount, ...]
    tmpfs: tuple[str, ...]


def read_mounts(state: BuildState, instruction: Instruction, escape: str) -> list[RunMount]:
    """Raises BuildFailed for what cannot be honoured. Pure."""
    return [_read_mount(state, instruction, text, escape) for text in instruction.all_flags("mount")]


def _read_mount(state: BuildState, instruction: Instruction, text: str, escape: str) -> RunMount:
    options: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        name = _ALIASES.get(name.strip(), name.strip())
        options[name] = expand_word(value, state.variables, escape) if equals else ""
    kind = options.pop("type", "bind")
    if kind not in _OPTIONS:
        raise instruction.failure(f"--mount=type={kind} is not supported here; cache, bind and tmpfs are")
    unknown = sorted(set(options) - _OPTIONS[kind])
    if unknown:
        raise instruction.failure(f"--mount=type={kind} has no option {unknown[0]!r} here")
    if not options.get("target"):
        raise instruction.failure(f"--mount={text}: a target is needed")
    if kind == "cache" and ("from" in options or "source" in options):
        raise instruction.failure("--mount=type=cache with from= or source= is not supported here")
    if options.get("sharing", "shared") not in ("shared", "private", "locked"):
        raise instruction.failure(f"--mount: sharing={options['sharing']} is none of shared, private, locked")
    target = posixpath.normpath(posixpath.join("/", state.workdir, options.pop("target")))
    return RunMount(kind, target, options)


def identify(session: BuildSession, mounts: list[RunMount], sources: Sources) -> list[object]:
    """What of the mounts decides the command's result: a cache's content does not, mounted files do."""
    found: list[object] = []
    for mount in mounts:
        mounted = [item.identity() for item in _plan_bind(session, mount, sources)] if mount.kind == "bind" else []
        found.append([mount.kind, mount.target, sorted(mount.options.items()), mounted])
    return found


@contextmanager
def open_mounts(
    session: BuildSession, mounts: list[RunMount], sources: Sources, instruction: Instruction
) -> Iterator[OpenMounts]:
    """Mounts them for one command; a cache used by one build at a time is held until the end."""
    binds: list[BindMount] = []
    with ExitStack() as held:
        for mount in mounts:
            try:
                if mount.kind == "cache":
                    binds.append(BindMount(_open_cache(session, mount, held), mount.target, mount.on("readonly")))
                elif mount.kind == "bind":
                    binds.append(
                        BindMount(_fill_bind(session, mount, sources), mount.target, not mount.on("readwrite"))
                    )
            except (ValueError, FileNotFoundError) as error:
                raise instruction.failure(f"--mount of {mount.target}: {error}") from None
        yield OpenMounts(tuple(binds), tuple(mount.target for mount in mounts if mount.kind == "tmpfs"))


def _open_cache(session: BuildSession, mount: RunMount, held: ExitStack) -> str:
    name = digest_of(mount.options.get("id", mount.target).encode()).removeprefix("sha256:")[:24]
    path = session.store.kept / name
    if not path.exists():
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(int(mount.options.get("mode", "755"), 8))
        if maps_many_ids():
            os.chown(path, int(mount.options.get("uid", "0")), int(mount.options.get("gid", "0")))
    if mount.options.get("sharing", "shared") != "shared":
        lock = held.enter_context(path.with_suffix(".lock").open("w"))
        fcntl.flock(lock, fcntl.LOCK_EX)
    return str(path)


def _plan_bind(session: BuildSession, mount: RunMount, sources: Sources) -> list[Item]:
    """Files to mount, as a copy: so a command that may write to them changes neither context nor stage."""
    stage = mount.options.get("from")
    tree = sources(stage) if stage else session.context
    (entry,) = find_sources(tree, mount.options.get("source") or "/")
    rules = Rules(None if stage else (0, 0), None, lambda _path: False)
    return list(plan_source(tree, entry, Destination("/mounted", False, False), rules))


def _fill_bind(session: BuildSession, mount: RunMount, sources: Sources) -> str:
    root, nothing = session.fresh_directory(), OverlayTree([])
    draft = LayerDraft(root, nothing)
    for item in _plan_bind(session, mount, sources):
        write_item(draft, item, nothing)
    return str(root / "mounted")
