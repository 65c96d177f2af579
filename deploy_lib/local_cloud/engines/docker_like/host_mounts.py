"""What podman's build steps see of this host: certificates, and where pip finds packages.

All of it is mounted below /dev, which is made anew for every step, so nothing of it is left in a layer. Directories
that pip is told to look in are mounted there too and named by their new place.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..namespaces.host_files import (
    CERTIFICATE_VARIABLES,
    find_certificates,
    local_indexes,
    move_index,
    pip_files,
    read_pip_settings,
    write_pip_settings,
)

_INSIDE = "/dev/build-host"


@dataclass(frozen=True, slots=True)
class HostMounts:
    volumes: tuple[str, ...] = ()  # HOST:INSIDE:ro
    args: tuple[tuple[str, str], ...] = ()  # build arguments that say where they are


def mount_host_files(directory: Path) -> HostMounts:
    """`directory` takes the files; it must outlive the build."""
    args = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    volumes = [f"{directory}:{_INSIDE}:ro"]
    bundle = find_certificates()
    if bundle is not None:
        (directory / "certificates.pem").write_bytes(Path(bundle).read_bytes())
        args |= dict.fromkeys(CERTIFICATE_VARIABLES, f"{_INSIDE}/certificates.pem")
    settings = read_pip_settings(pip_files(), os.environ)
    if settings:
        for number, path in enumerate(path for path in local_indexes(settings) if Path(path).is_dir()):
            (directory / f"index-{number}").mkdir()
            volumes.append(f"{path}:{_INSIDE}/index-{number}:ro")
            settings = {key: move_index(value, path, f"{_INSIDE}/index-{number}") for key, value in settings.items()}
        (directory / "pip.conf").write_text(write_pip_settings(settings))
        args["PIP_CONFIG_FILE"] = f"{_INSIDE}/pip.conf"
    return HostMounts(tuple(volumes), tuple(args.items()))
