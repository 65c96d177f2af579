"""The namespaces engine: model.Engine over an ImageStore, in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ...registry.push import push
from ..model import BuildSpec, Container, EngineError, FileEntry, Image, Pushed, RegistryAccess, RunSpec
from .accounts import find_account
from .build import build
from .container import NamespaceContainer
from .run_step import PATH
from .sandbox import BindMount, Sandbox, launch
from .settings import parse_signal
from .state import open_tree
from .store import ImageStore
from .transfer import load, save


class NamespacesEngine:
    """See model.Engine. Several engines, also of other processes, may share a store."""

    name = "namespaces"

    def __init__(self, store: Path) -> None:
        self._store = ImageStore(store)

    def check(self) -> None:
        """A sandbox over an empty directory, told to run what is not there: it starts, or says why it cannot."""
        with self._store.workspace() as directory:
            (directory / "root").mkdir()
            started = launch(
                Sandbox(
                    layers=str(directory),
                    lowers=("root",),
                    scratch=str(self._store.scratch),
                    argv=("/nothing",),
                    env={"PATH": PATH},
                )
            )
            container = NamespaceContainer(started)
            container.stdout.close()
            container.stderr.close()
            container.wait()

    def build(self, spec: BuildSpec, log: Callable[[str], None], cancelled: Callable[[], bool]) -> Image:
        return build(self._store, spec, log, cancelled)

    def inspect(self, reference: str) -> Image:
        return self._store.read_image(self._store.find_digest(reference))

    def tag(self, reference: str, name: str) -> None:
        self._store.name_image(self._store.find_digest(reference), [name])

    def remove(self, reference: str) -> None:
        self._store.remove_name(reference)

    def run(self, spec: RunSpec) -> Container:
        digest = self._store.find_digest(spec.image)
        image = self._store.read_image(digest)
        layers = self._store.read_layers(digest)
        tree = open_tree(self._store, layers)
        account = find_account(tree, image.user if spec.user is None else spec.user)
        entrypoint = image.entrypoint if spec.entrypoint is None else spec.entrypoint
        # An entrypoint of the caller's own does not take the image's CMD, as with docker run --entrypoint.
        own = image.cmd if spec.entrypoint is None else ()
        argv = (*entrypoint, *(own if spec.command is None else spec.command))
        if not argv:
            raise EngineError(f"the image {spec.image} names no command, and none was given")
        _, config = self._store.read_manifest(digest)
        stop_signal = config.get("config", {}).get("StopSignal") or "SIGTERM"
        hostname = spec.name or digest[7:19]
        sandbox = Sandbox(
            layers=str(self._store.layers),
            lowers=tuple(self._store.layer_path(layer).name for layer in reversed(layers)),
            scratch=str(self._store.scratch),
            argv=argv,
            env={"PATH": PATH, "HOME": account.home, "HOSTNAME": hostname, **image.env, **spec.env},
            workdir=spec.workdir or image.workdir,
            binds=tuple(BindMount(str(m.source.absolute()), m.target, m.read_only) for m in spec.mounts),
            tmpfs=("/tmp",) if spec.read_only else (),
            uid=account.uid,
            gid=account.gid,
            groups=account.groups,
            hostname=hostname[:63],
            network=spec.network,
            network_of=spec.network_of.pid if spec.network_of is not None else None,
            hosts=_hosts(hostname, spec.hosts) if spec.hosts else "",
            read_only=spec.read_only,
            memory=spec.memory,
            stop_signal=parse_signal(stop_signal),
        )
        return NamespaceContainer(launch(sandbox, stdin=spec.stdin, prepare=spec.prepare))

    def files(self, reference: str) -> Iterator[FileEntry]:
        tree = open_tree(self._store, self._store.read_layers(self._store.find_digest(reference)))
        for entry in tree.walk():
            if entry.is_file or entry.is_link:
                link = entry.read_link() if entry.is_link else None
                yield FileEntry(entry.path, entry.status.st_size, entry.status.st_mode & 0o7777, link)

    def read(self, reference: str, path: str) -> bytes:
        tree = open_tree(self._store, self._store.read_layers(self._store.find_digest(reference)))
        entry = tree.get(path)
        if entry is None or not entry.is_file:
            raise EngineError(f"the image {reference} has no file {path}")
        return Path(entry.host).read_bytes()

    def save(self, reference: str, layout: Path) -> str:
        return save(self._store, self._store.find_digest(reference), layout)

    def load(self, layout: Path, digest: str, name: str) -> Image:
        return load(self._store, layout, digest, name)

    def push(self, reference: str, name: str, access: RegistryAccess) -> Pushed:
        return push(self._store.root, self._store.find_digest(reference), name, access)


def _hosts(hostname: str, others: Mapping[str, str]) -> str:
    """The text of /etc/hosts, as docker writes it for a container without network."""
    own = f"127.0.0.1\tlocalhost {hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n"
    return own + "".join(f"{address}\t{name}\n" for name, address in others.items())


def open_namespaces(store: Path) -> NamespacesEngine:
    """Raises EngineUnavailable, with what to enable, where the kernel or its surroundings forbid namespaces."""
    engine = NamespacesEngine(store)
    engine.check()
    return engine
