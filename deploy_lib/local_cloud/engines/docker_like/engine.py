"""model.Engine over the docker or podman command."""

from __future__ import annotations

import os
import tarfile
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ...registry.push import push
from ..memory_file import hold_in_memory
from ..model import BuildSpec, Container, EngineError, FileEntry, Image, Pushed, RegistryAccess, RunSpec
from .build import Builder
from .cli_flavour import CliFlavour
from .commands import Commands
from .container import DockerLikeContainer, start_container
from .exported import list_files, read_file
from .images import DockerImages
from .orphan_reaper import OrphanReaper
from .orphaned_builds import creating


class DockerLikeEngine:
    """See model.Engine. An image's digest is its id: a manifest's exists where it was saved, loaded or pushed."""

    def __init__(self, commands: Commands, flavour: CliFlavour, store: Path) -> None:
        self.name = commands.name
        self._commands = commands
        self._flavour = flavour
        self._images = DockerImages(commands)
        self._label = f"local.engine={uuid.uuid4().hex}"
        self._reaper = OrphanReaper(commands, flavour, self._label)
        if flavour.mount:
            self._reaper.watch()
        self._builder = Builder(self._images, flavour, self._reaper, store)

    def build(self, spec: BuildSpec, log: Callable[[str], None], cancelled: Callable[[], bool]) -> Image:
        return self._builder.build(spec, log, cancelled)

    def inspect(self, reference: str) -> Image:
        return self._images.need(reference)

    def tag(self, reference: str, name: str) -> None:
        self._images.tag(reference, name)

    def remove(self, reference: str) -> None:
        self._images.remove(reference)

    def run(self, spec: RunSpec) -> Container:
        image = self._images.need(spec.image)
        argv = _command(spec, image)
        flags = ["--label", self._label, *self._flavour.create, *self._flavour.run]
        flags += self._network(spec)
        flags += ["--read-only", "--tmpfs", "/tmp:rw,exec,mode=1777"] if spec.read_only else []
        flags += ["--memory", str(spec.memory), "--memory-swap", str(spec.memory)] if spec.memory else []
        flags += ["--user", spec.user] if spec.user is not None else []
        flags += ["--workdir", spec.workdir] if spec.workdir else []
        flags += ["--interactive"] if spec.stdin is not None and not self._flavour.detached else []
        for mount in spec.mounts:
            flags += ["--mount", _mount_words(mount.source, mount.target, mount.read_only)]
        names, values = self._commands.pass_values("--env", spec.env)
        args = [*flags, *names, "--entrypoint", argv[0], _id(image), *argv[1:]]
        self._reaper.watch()
        stdin = hold_in_memory("stdin", spec.stdin or b"")
        try:
            with creating(self._flavour.build_lock):
                return start_container(self._commands, self._flavour, args, values, stdin, spec.memory)
        finally:
            os.close(stdin)

    def files(self, reference: str) -> Iterator[FileEntry]:
        with self._exported(reference) as tar:
            yield from list_files(tar)

    def read(self, reference: str, path: str) -> bytes:
        with self._exported(reference) as tar:
            return read_file(tar, path, reference)

    def save(self, reference: str, layout: Path) -> str:
        return self._images.save(reference, layout)

    def load(self, layout: Path, digest: str, name: str) -> Image:
        return self._images.load(layout, digest, name)

    def push(self, reference: str, name: str, access: RegistryAccess) -> Pushed:
        with tempfile.TemporaryDirectory(prefix="push-") as layout:
            return push(Path(layout), self._images.save(reference, Path(layout)), name, access)

    def _network(self, spec: RunSpec) -> list[str]:
        if spec.network_of is None:
            hosts = [f"--add-host={name}:{address}" for name, address in spec.hosts.items()]
            return ["--network", "host" if spec.network else "none", *hosts]
        assert isinstance(spec.network_of, DockerLikeContainer)
        other = spec.network_of.name
        hosts_file = self._commands.run("inspect", "--format", "{{.HostsPath}}", other).strip()
        return ["--network", f"container:{other}", "--mount", _mount_words(Path(hosts_file), "/etc/hosts", False)]

    @contextmanager
    def _exported(self, reference: str) -> Iterator[tarfile.TarFile]:
        image, name = self._images.need(reference), f"engine-{uuid.uuid4().hex[:16]}"
        self._reaper.watch()
        created = ["create", "--name", name, "--label", self._label, *self._flavour.create, "--network", "none"]
        with creating(self._flavour.build_lock):
            self._commands.run(*created, "--entrypoint", "/nothing", _id(image))
        try:
            with tempfile.TemporaryDirectory(prefix="export-") as directory:
                archive = Path(directory, "root.tar")
                self._commands.run("export", "--output", str(archive), name)
                with tarfile.open(archive) as tar:
                    yield tar
        finally:
            self._commands.attempt("rm", "--force", "--volumes", name)


def _id(image: Image) -> str:
    return image.digest.removeprefix("sha256:")


def _command(spec: RunSpec, image: Image) -> tuple[str, ...]:
    """An entrypoint of the caller's own does not take the image's CMD, as with docker run --entrypoint."""
    entrypoint = image.entrypoint if spec.entrypoint is None else spec.entrypoint
    own = image.cmd if spec.entrypoint is None else ()
    argv = (*entrypoint, *(own if spec.command is None else spec.command))
    if not argv:
        raise EngineError(f"the image {spec.image} names no command, and none was given")
    return argv


def _mount_words(source: Path, target: str, read_only: bool) -> str:
    if "," in f"{source}{target}":
        raise EngineError(f"a mount's path may not hold a comma: {source} at {target}")
    return f"type=bind,source={source.absolute()},target={target}{',readonly' if read_only else ''}"
