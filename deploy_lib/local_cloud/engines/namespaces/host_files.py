"""What a build step sees of this host: name servers, certificates and where pip finds packages.

A RUN that installs packages has to reach the same index as the host does, perhaps through a company's proxy with
a certificate of its own. All of it is mounted under one directory of its own or named by environment variables,
so nothing of it is left in a layer and what a Dockerfile sets itself wins.
"""

from __future__ import annotations

import configparser
import os
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .sandbox import BindMount
from .settings import PREDEFINED_ARGS

_INSIDE = "/run/build-host"
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO")
# Where packages come from, and nothing of how they are installed.
_PIP_KEYS = ("index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "proxy", "timeout", "retries")
_PIP_VARIABLES = {f"PIP_{key.upper().replace('-', '_')}": key for key in _PIP_KEYS} | {"PIP_DEFAULT_TIMEOUT": "timeout"}


@dataclass(frozen=True, slots=True)
class HostFiles:
    """For one sandbox: mounts, and variables that stand below those of the image."""

    binds: tuple[BindMount, ...]
    env: Mapping[str, str]


def open_host_files(directory: Path) -> HostFiles:
    """`directory` takes the one file that has to be written and must outlive the sandbox."""
    binds = [BindMount(path, path, True) for path in ("/etc/resolv.conf", "/etc/hosts") if Path(path).is_file()]
    env = {name: os.environ[name] for name in sorted(PREDEFINED_ARGS) if name in os.environ}
    bundle = find_certificates()
    if bundle is not None:
        inside = f"{_INSIDE}/certificates.pem"
        binds.append(BindMount(bundle, inside, True))
        env |= dict.fromkeys(CERTIFICATE_VARIABLES, inside)
    settings = read_pip_settings(pip_files(), os.environ)
    if settings:
        config = directory / "pip.conf"
        config.write_text(write_pip_settings(settings))
        binds.append(BindMount(str(config), f"{_INSIDE}/pip.conf", True))
        env["PIP_CONFIG_FILE"] = f"{_INSIDE}/pip.conf"
        binds += [BindMount(path, path, True) for path in local_indexes(settings) if Path(path).is_dir()]
    return HostFiles(tuple(binds), {**env, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"})


def find_certificates() -> str | None:
    """The host's bundle of certificate authorities."""
    candidates = (os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, *_BUNDLES)
    return next((str(Path(path).resolve()) for path in candidates if path and Path(path).is_file()), None)


def pip_files() -> list[Path]:
    """Weakest first (https://pip.pypa.io/en/stable/topics/configuration/#location)."""
    home = Path.home()
    own = os.environ.get("PIP_CONFIG_FILE")
    files = [Path("/etc/pip.conf"), home / ".pip" / "pip.conf", home / ".config" / "pip" / "pip.conf"]
    return [*files, *([Path(own)] if own else [])]


def read_pip_settings(files: Iterable[Path], env: Mapping[str, str]) -> dict[str, str]:
    """Where packages come from, by pip's key; the environment wins over files. A broken file counts as empty."""
    found: dict[str, str] = {}
    for path in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(path)
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                found |= {key: value for key, value in parser.items(section) if key in _PIP_KEYS}
    return found | {key: env[name] for name, key in _PIP_VARIABLES.items() if env.get(name)}


def write_pip_settings(settings: Mapping[str, str]) -> str:
    lines = [f"{key} = {' '.join(value.split())}" for key, value in settings.items()]
    return "\n".join(["[global]", *lines, ""])


def local_indexes(settings: Mapping[str, str]) -> list[str]:
    """Directories of this host that the settings name as a source of packages."""
    words = [word for key in ("find-links", "index-url", "extra-index-url") for word in settings.get(key, "").split()]
    paths = [unquote(urlsplit(word).path) if word.startswith("file:") else word for word in words]
    # A file:// index ends in /simple and may link to files beside it.
    roots = [path.rstrip("/").removesuffix("/simple") for path in paths]
    return list(dict.fromkeys(os.path.normpath(path) for path in roots if path.startswith("/") and path != "/"))


def move_index(value: str, path: str, inside: str) -> str:
    """`value` with `inside` (a path or a URL) where a word is the path, lies below it, or names it by file://."""
    words = []
    for word in value.split():
        plain = word.removeprefix("file://")
        moved = plain == path or plain.startswith(f"{path}/")
        scheme = "" if "://" in inside else word[: len(word) - len(plain)]
        words.append(scheme + inside + plain[len(path) :] if moved else word)
    return " ".join(words)
