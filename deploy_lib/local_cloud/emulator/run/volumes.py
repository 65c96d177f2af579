"""Volumes of one instance, as directories of this machine that its containers get mounted, until it has ended.

Secrets and empty directories are in memory (/dev/shm) and nowhere else: no value reaches a disk. What a local cloud
that was killed leaves there, the next one removes. A Cloud SQL volume holds a Unix socket for each instance, which
leads to the address that `reach` gives for it
(https://cloud.google.com/sql/docs/postgres/connect-run#connecting_to_via_a_unix_socket).
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from google.cloud.run_v2.types import Container, Volume, VolumeMount

from ...engines.model import Mount
from ..reach.reach import Reach, UnixWays
from ..reach.targets import INSTANCE
from .refusal import not_here

MEMORY = Path("/dev/shm")
_OF_PROCESS = re.compile(r"volumes-(\d+)-.*")
_MODE = 0o444  # of a secret's files [doc of SecretVolumeSource.default_mode]
_MYSQL = 3306  # its socket is the instance's name; PostgreSQL's lies in a directory of that name
_POSTGRESQL = ".s.PGSQL.5432"
_WAITING = 128  # connections that are not accepted yet

ReadSecret = Callable[[str, str], bytes]
"""The value of a secret's version. May raise OSError."""
Open = Callable[[Callable[[str], None]], "Volumes"]
"""Opens an instance's; `complain` is told of connections to databases that fail. Raises OSError."""
_KINDS = ("secret", "empty_dir", "cloud_sql_instance")


def check_volumes(template: str, volumes: Sequence[Volume], containers: Sequence[Container]) -> Iterator[str]:
    """Every violation. `template` is the path of what has both. Raises RunRefusal for a kind that is not here."""
    names = [volume.name for volume in volumes]
    for number, volume in enumerate(volumes):
        where = f"{template}.volumes[{number}]"
        if others := [kind for kind in ("nfs", "gcs") if kind in volume]:
            raise not_here(f"volumes of kind {others[0]}; secret, empty_dir and cloud_sql_instance are")
        if not volume.name or names.count(volume.name) > 1:
            yield f"{where}.name: {volume.name!r} is {'set more than once' if volume.name else 'not a name'}"
        if not any(kind in volume for kind in _KINDS):
            yield f"{where}: one of secret, empty_dir and cloud_sql_instance must be set"
        if "secret" in volume:
            for path, _, _ in secret_files(volume):
                if not _is_below(path):
                    yield f"{where}.secret.items: {path!r} is not a path below the volume"
        for instance in volume.cloud_sql_instance.instances:
            if INSTANCE.fullmatch(instance) is None:
                yield f"{where}.cloud_sql_instance: {instance!r} is not PROJECT:REGION:INSTANCE"
    for number, container in enumerate(containers):
        where = f"{template}.containers[{number}].volume_mounts"
        places = [mount.mount_path for mount in container.volume_mounts]
        for mount in container.volume_mounts:
            if mount.name not in names:
                yield f"{where}: there is no volume {mount.name!r}"
            if not mount.mount_path.startswith("/") or ".." in mount.mount_path.split("/"):
                yield f"{where}: {mount.mount_path!r} is not an absolute path"
            if mount.sub_path and not _is_below(mount.sub_path):
                yield f"{where}: {mount.sub_path!r} is not a path below the volume"
            if places.count(mount.mount_path) > 1:
                yield f"{where}: {mount.mount_path} is mounted more than once"


def _is_below(path: str) -> bool:
    """Whether it names something inside a volume, and nothing outside."""
    return path.strip("./") != "" and not path.startswith("/") and not {"..", "\0"} & {*path.split("/"), *path}


@dataclass
class Volumes:
    """The open ones of an instance, by name."""

    _root: Path | None = None
    _places: dict[str, tuple[Path, bool]] = field(default_factory=dict)  # and whether they are read only
    _ways: list[UnixWays] = field(default_factory=list)

    def mounts(self, wanted: Iterable[VolumeMount]) -> tuple[Mount, ...]:
        """Of one container."""
        found = [(self._places[each.name], each) for each in wanted]
        return tuple(
            Mount(place / each.sub_path if each.sub_path else place, each.mount_path, read_only)
            for (place, read_only), each in found
        )

    def close(self) -> None:
        for ways in self._ways:
            ways.close()
        if self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)


def open_volumes(
    volumes: Iterable[Volume],
    read: ReadSecret,
    reach: Reach,
    complain: Callable[[str], None],
    memory: Path = MEMORY,
) -> Volumes:
    """See `Open`."""
    volumes = list(volumes)
    if not volumes:
        return Volumes()
    try:
        root = Path(tempfile.mkdtemp(prefix=f"volumes-{os.getpid()}-", dir=memory))
    except OSError as error:
        raise OSError(f"volumes are kept in memory, in {memory}, which cannot be written: {error.strerror}") from None
    opened = Volumes(root)
    try:
        for number, volume in enumerate(volumes):
            place = root / str(number)
            place.mkdir()
            place.chmod(0o777 if "empty_dir" in volume else 0o755)
            opened._places[volume.name] = (place, "secret" in volume)
            if "secret" in volume:
                _write_secret(volume, place, read)
            for instance in volume.cloud_sql_instance.instances:
                opened._ways.append(_open_socket(place, instance, reach, complain))
    except BaseException:
        opened.close()
        raise
    return opened


def remove_leftovers(memory: Path = MEMORY) -> None:
    """What local clouds left that were killed, and what this process still has: for its start and its end."""
    for place in memory.iterdir() if memory.is_dir() else ():
        found = _OF_PROCESS.fullmatch(place.name)
        if found is not None and (int(found[1]) == os.getpid() or not _runs(int(found[1]))):
            shutil.rmtree(place, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def secret_files(volume: Volume) -> Iterator[tuple[str, str, int]]:
    """Path, version and mode of each file of a volume with a secret; without items one, named as the secret is [doc:
    SecretVolumeSource.items]."""
    usual = volume.secret.default_mode or _MODE
    if not volume.secret.items:
        yield volume.secret.secret.rpartition("/")[2], "latest", usual
    for item in volume.secret.items:
        yield item.path, item.version or "latest", item.mode or usual


def _write_secret(volume: Volume, place: Path, read: ReadSecret) -> None:
    for path, version, mode in secret_files(volume):
        file = place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(read(volume.secret.secret, version))
        file.chmod(mode)


def _open_socket(place: Path, instance: str, reach: Reach, complain: Callable[[str], None]) -> UnixWays:
    target = reach.database(instance)
    home = place
    name = instance
    if target is None or target.port != _MYSQL:
        home, name = place / instance, _POSTGRESQL
        home.mkdir(exist_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    handle = os.open(home, os.O_DIRECTORY)
    try:
        listener.bind(f"/proc/self/fd/{handle}/{name}")  # the whole path may be longer than a socket's may be
    finally:
        os.close(handle)
    (home / name).chmod(0o777)
    listener.listen(_WAITING)
    return reach.enter_socket(listener, instance, complain)
