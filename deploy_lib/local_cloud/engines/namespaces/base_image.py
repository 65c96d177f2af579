"""Where a FROM starts: an image of the store, one pulled from its registry, or a stand-in.

A stand-in is made once per store, from this host's own Python, and only for `python:3.x` images; whatever is built
on it carries a label that says so.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

from ...registry.client import RegistryUnreachable
from ...registry.names import BadName, parse_reference
from ...registry.oci import STAND_IN_LABEL, History, ImageConfig, Layer
from ...registry.pull import pull
from ..model import EngineError, ImageNotFound
from .stand_in import fill_stand_in
from .state import BuildState
from .store import ImageStore
from .transfer import load

_PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"


def open_base(store: ImageStore, name: str, log: Callable[[str], None]) -> BuildState:
    """The state a stage starts from. EngineError when the base is neither here, nor reachable, nor Python."""
    if name == "scratch":
        return BuildState()
    try:
        return _open_stored(store, name)
    except ImageNotFound:
        pass
    try:
        with store.workspace() as layout:
            load(store, layout, pull(name, layout), name)
        log(f"  pulled {name}")
        return _open_stored(store, name)
    except RegistryUnreachable as error:
        tag = python_tag(name)
        if tag is None:
            raise EngineError(f"the base image {name} is not in the store, and {error.reason}") from None
        log(f"  {describe_stand_in(tag)}")
        return _make_stand_in(store, name)


def _open_stored(store: ImageStore, name: str) -> BuildState:
    digest = store.find_digest(name)
    _, config = store.read_manifest(digest)
    history = tuple(
        History(str(item.get("created_by", "")), bool(item.get("empty_layer", False)))
        for item in config.get("history", ())
    )
    settings = ImageConfig.from_json(config.get("config") or {}, config.get("author", ""))
    return BuildState(store.read_layers(digest), settings, history=history)


def python_tag(name: str) -> str | None:
    """The tag of an official Python image, the only kind that can be stood in for; None for any other."""
    try:
        found = parse_reference(name)
    except BadName:
        return None
    official = found.host in ("", "docker.io") and found.repository in ("python", "library/python")
    return found.tag or "latest" if official else None


def describe_stand_in(tag: str) -> str:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    asked = re.match(r"3\.\d+", tag)
    text = f"no registry: a stand-in made from this host's Python {sys.version.split()[0]} takes its place"
    if asked and asked[0] != here:
        text += f"; NOTE: the Dockerfile asks for Python {asked[0]}, the stand-in is {here}"
    return text


def stand_in_key() -> str:
    """Another one for another Python of this host, and for stand-ins that are made in another way."""
    return f"official-stand-in-2-{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"


def _make_stand_in(store: ImageStore, name: str) -> BuildState:
    key = stand_in_key()
    layer = _recall(store, key)
    if layer is None:
        with store.workspace() as workspace:
            tree = workspace / "root"
            tree.mkdir(mode=0o755)
            fill_stand_in(tree)
            layer = store.add_layer(tree, workspace, {})
        (store.cache / key).write_text(layer.diff_id)
    config = ImageConfig(
        env={"PATH": _PATH, "LANG": "C.UTF-8", "PYTHON_VERSION": sys.version.split()[0]},
        cmd=("python3",),
        labels={STAND_IN_LABEL: name},
    )
    return BuildState((layer,), config, history=(History(f"stand-in for {name}", False),))


def _recall(store: ImageStore, key: str) -> Layer | None:
    try:
        return store.find_layer((store.cache / key).read_text())
    except FileNotFoundError:
        return None
