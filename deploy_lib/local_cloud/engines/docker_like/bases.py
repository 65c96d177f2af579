"""The base image of a stage: one that is here, one pulled, or a stand-in where no registry answers.

A stand-in is the one the namespaces engine makes, under a name of its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from ...registry.client import RegistryUnreachable
from ...registry.reach import check_reachable
from ..model import BuildSpec, EngineError
from ..namespaces.base_image import describe_stand_in, python_tag, stand_in_key
from ..namespaces.engine import NamespacesEngine
from .images import DockerImages


def ensure_base(images: DockerImages, store: Path, name: str, log: Callable[[str], None]) -> str:
    """The name to build from. EngineError when it is neither here nor to be had."""
    found, tag = images.find(name), python_tag(name)
    # podman also finds the stand-in by the real one's short name.
    if found is not None and not (tag is not None and found.stand_in):
        return name
    try:
        check_reachable(name)
    except RegistryUnreachable as error:
        if tag is None:
            raise EngineError(f"the base image {name} is not in the store, and {error.reason}") from None
        log(f"  {describe_stand_in(tag)}")
        return _stand_in(images, store, name, tag)
    log(f"  pulling {name}")
    images.commands.run("pull", "--quiet", name)
    return name


def _stand_in(images: DockerImages, store: Path, name: str, tag: str) -> str:
    own = f"localhost/{stand_in_key()}/python:{tag}"  # not what an earlier version left here
    if images.find(own) is None:
        with tempfile.TemporaryDirectory(prefix="stand-in-") as directory:
            context = Path(directory)
            (context / "Dockerfile").write_text(f"FROM {name}\n")
            engine = NamespacesEngine(store)
            image = engine.build(BuildSpec(context), lambda _: None, lambda: False)
            images.load(context / "layout", engine.save(image.digest, context / "layout"), own)
    return own
