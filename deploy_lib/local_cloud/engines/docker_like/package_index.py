"""How docker's build steps reach the host's package index: by arguments, since nothing can be mounted into them.

An argument is seen by RUN but stays in the image's history, and certificates cannot be given at all. So directories of
the host, indexes with a password and, where the host has certificates or a proxy for pip, all indexes are reached
through a server of this process on the loopback, which a step sees (--network host).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ..namespaces.host_files import find_certificates, local_indexes, move_index, pip_files, read_pip_settings
from .host_mounts import HostMounts
from .index_server import IndexServer, serve_indexes

_PLACES = ("index-url", "extra-index-url", "find-links")
_USUAL = "https://pypi.org/simple"
_OWN_CERTIFICATES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def lend_index() -> HostMounts:
    """Arguments that stand for pip's settings here. The server, once needed, lives as long as this process."""
    settings = read_pip_settings(pip_files(), os.environ)
    directories = [path for path in local_indexes(settings) if Path(path).is_dir()]
    forwarded = _has_to_forward(settings, os.environ)
    if directories or forwarded:
        settings = _lead(settings, directories, forwarded, serve_indexes(find_certificates(), settings.get("proxy")))
    return HostMounts((), tuple(pip_arguments(settings).items()))


def pip_arguments(settings: Mapping[str, str]) -> dict[str, str]:
    """pip's environment variables for these settings (https://pip.pypa.io/en/stable/topics/configuration/)."""
    args = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    names = {key: f"PIP_{key.upper().replace('-', '_')}" for key in settings} | {"timeout": "PIP_DEFAULT_TIMEOUT"}
    return args | {names[key]: " ".join(value.split()) for key, value in settings.items()}


def _has_to_forward(settings: Mapping[str, str], env: Mapping[str, str]) -> bool:
    words = [word for key in _PLACES for word in settings.get(key, "").split()]
    secret = any("@" in urlsplit(word).netloc for word in words)
    return secret or "proxy" in settings or any(env.get(name) for name in _OWN_CERTIFICATES)


def _lead(settings: Mapping[str, str], directories: list[str], forwarded: bool, server: IndexServer) -> dict[str, str]:
    led = dict(settings)
    for path in directories:
        address = server.offer_directory(path)
        led = {key: move_index(value, path, address) for key, value in led.items()}
    if not forwarded:
        return led
    if "no-index" not in led:
        led.setdefault("index-url", _USUAL)
    for key in _PLACES:
        if key in led:
            led[key] = " ".join(server.offer_index(word) for word in led[key].split())
    return {key: value for key, value in led.items() if key not in ("proxy", "trusted-host")}
