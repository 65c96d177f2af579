"""One `docker build` or `podman build` of a staged context.

What is staged is what is built: no ignore file of the context applies a second time. Nothing is named before the
builder is done, and a build that is given up is ended with everything it started.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from ..dockerfile import Dockerfile, parse_dockerfile
from ..error_line import without_colour
from ..model import BuildFailed, BuildSpec, Cancelled, EngineError, Image
from ..namespaces.settings import PREDEFINED_ARGS
from ..readiness import is_readable
from .bases import ensure_base
from .build_log import read_failure
from .cli_flavour import CliFlavour
from .host_mounts import HostMounts, mount_host_files
from .images import DockerImages
from .orphan_reaper import OrphanReaper
from .orphaned_builds import building
from .package_index import lend_index
from .processes import kill_tree
from .recipe import list_bases, original_line, refuse_heredocs, write_recipe

_LOOK = 0.1  # seconds between two looks at whether the build was cancelled


class Builder:
    def __init__(self, images: DockerImages, flavour: CliFlavour, reaper: OrphanReaper, store: Path) -> None:
        self._images = images
        self._commands = images.commands
        self._flavour = flavour
        self._reaper = reaper
        self._store = store

    def build(self, spec: BuildSpec, log: Callable[[str], None], cancelled: Callable[[], bool]) -> Image:
        """Raises BuildFailed, Cancelled or EngineError; then no image was named."""
        path = spec.context / spec.dockerfile
        try:
            text = path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise BuildFailed(f"the Dockerfile {path} cannot be read: {error}") from None
        plan = parse_dockerfile(text, strict=False)
        if not self._flavour.heredocs:
            refuse_heredocs(plan, self._commands.name)
        bases = self._ensure_bases(plan, list_bases(plan, spec.args), log)
        with tempfile.TemporaryDirectory(prefix="build-") as name:
            directory = Path(name)
            mounted = self._lend(directory)
            recipe = directory / "Dockerfile"
            args = dict(mounted.args)
            recipe.write_text(write_recipe(text, plan, bases, args))
            (directory / "Dockerfile.dockerignore").write_text("")
            lines = self._run(spec, directory, mounted, log, cancelled)
            identity = directory / "id"
            if not identity.is_file():
                raise read_failure(lines, plan, str(self._store), partial(original_line, plan, bases, args))
            image = self._images.need(identity.read_text().strip())
        for tag in spec.tags:
            self._images.tag(image.digest, tag)
        return image

    def _ensure_bases(
        self, plan: Dockerfile, wanted: Sequence[str | None], log: Callable[[str], None]
    ) -> list[str | None]:
        found: list[str | None] = []
        for stage, name in zip(plan.stages, wanted, strict=True):
            try:
                found.append(None if name is None else ensure_base(self._images, self._store, name, log))
            except BuildFailed:
                raise
            except EngineError as error:
                raise stage.origin.failure(error.reason, output=error.output) from error
        return found

    def _context(self, spec: BuildSpec, directory: Path) -> Path:
        """For a builder that cannot be kept from obeying an ignore file: the same files, with that one emptied."""
        ignore = ".dockerignore"
        if not self._flavour.ignores_always or not (spec.context / ignore).is_file():
            return spec.context.absolute()
        copied = directory / "context"
        shutil.copytree(spec.context, copied, symlinks=True)
        (copied / ignore).write_text("")
        return copied

    def _lend(self, directory: Path) -> HostMounts:
        if not self._flavour.build_mounts:
            return lend_index()
        files = directory / "host"
        files.mkdir()
        return mount_host_files(files)

    def _run(
        self,
        spec: BuildSpec,
        directory: Path,
        mounted: HostMounts,
        log: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> list[str]:
        """Every line it printed; it was successful when it left an id."""
        flags, values = self._commands.pass_values("--build-arg", spec.args)
        flags += [word for name, value in spec.labels.items() for word in ("--label", f"{name}={value}")]
        flags += ["--target", spec.target] if spec.target else []
        if not self._flavour.build_mounts:  # podman passes the host's proxies on by itself
            proxies = [name for name in sorted(PREDEFINED_ARGS & os.environ.keys()) if name.lower() != "no_proxy"]
            beside = ",".join(filter(None, (os.environ.get("no_proxy") or os.environ.get("NO_PROXY"), "127.0.0.1")))
            flags += [word for name in (*proxies, f"no_proxy={beside}") for word in ("--build-arg", name)]
        flags += [] if spec.use_cache else ["--no-cache"]
        flags += ["--ignorefile", str(directory / "Dockerfile.dockerignore")] if self._flavour.ignore_file else []
        flags += [word for volume in mounted.volumes for word in ("--volume", volume)]
        flags += ["--iidfile", str(directory / "id"), "--file", str(directory / "Dockerfile"), "--network", "host"]
        args = ("build", *self._flavour.build, *flags, str(self._context(spec, directory)))
        lock = self._flavour.build_lock
        with building(self._commands, lock) if lock else nullcontext():
            process = self._commands.start(*args, stderr=subprocess.STDOUT, values=values)
            self._reaper.watch(process.pid)
            try:
                return _follow(process, log, cancelled)
            except BaseException:
                kill_tree(process.pid)
                process.wait()
                raise
            finally:
                self._reaper.forget(process.pid)
                if process.stdout is not None:
                    process.stdout.close()


def _follow(process: subprocess.Popen[bytes], log: Callable[[str], None], cancelled: Callable[[], bool]) -> list[str]:
    assert process.stdout is not None
    handle, kept, pending = process.stdout.fileno(), list[str](), b""
    while True:
        if cancelled():
            raise Cancelled("the build was cancelled")
        if not is_readable(handle, _LOOK):
            continue
        data = os.read(handle, 65536)
        *lines, pending = (pending + data).split(b"\n")
        if not data and pending:
            lines = [pending]
        for line in lines:
            text = without_colour(line.decode(errors="replace")).rstrip("\r")
            log(text)
            kept.append(text)
        if not data:
            process.wait()
            return kept
