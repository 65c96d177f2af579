"""Finds or makes the image that a build step runs in.

Google's builder images are made here: a Python base with a shim in the place of each command they are known
for. Every other name is an image of the build, of the registry, or a base the engine can get.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from ...engines.model import BuildSpec, Engine, EngineError
from ...registry.names import BadName, parse_reference
from . import shim
from .built_images import BuiltImages, NoSuchImage

COMMANDS = ("docker", "gsutil", "gcloud")
_SDK = "gcr.io/google.com/cloudsdktool"
# The command each image starts with; the SDK's own images start none.
BUILDERS = {
    "gcr.io/cloud-builders/docker": "docker",
    "gcr.io/cloud-builders/gsutil": "gsutil",
    "gcr.io/cloud-builders/gcloud": "gcloud",
    f"{_SDK}/cloud-sdk": "",
    f"{_SDK}/google-cloud-cli": "",
}


def find_step_image(built: BuiltImages, name: str, note: Callable[[str], None]) -> str:
    """What the engine knows the step's image by. Raises NoSuchImage or EngineError."""
    entrypoint = _builder(name)
    if entrypoint is not None:
        note(f"Already have image (with digest): {name}")
        return make_builder(built.engine, entrypoint)
    if name.startswith(("gcr.io/cloud-builders/", f"{_SDK}/")):
        known = ", ".join(sorted(BUILDERS))
        raise NoSuchImage(f"the local cloud has no builder image {name}; it has {known}")
    if built.find(name) is not None:
        note(f"Already have image: {name}")
    else:
        note(f"Pulling image: {name}")
    return built.require(name)


def _builder(name: str) -> str | None:
    try:
        reference = parse_reference(name)
    except BadName as error:
        raise NoSuchImage(f"Error parsing reference: {name!r}: {error}") from None
    return BUILDERS.get(f"{reference.host}/{reference.repository}")


def make_builder(engine: Engine, entrypoint: str) -> str:
    """The digest of a builder image. The engine's cache makes every time but the first one cheap."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    lines = [f"FROM python:{version}-slim", "COPY shim.py /usr/local/bin/docker"]
    lines += [f"COPY shim.py /usr/local/bin/{command}" for command in COMMANDS[1:]]
    lines += [
        f'ENTRYPOINT ["{entrypoint}"]' if entrypoint else "ENTRYPOINT []",
        'CMD ["bash"]' if not entrypoint else "",
    ]
    with tempfile.TemporaryDirectory(prefix="builder-image-") as directory:
        context = Path(directory)
        (context / "Dockerfile").write_text("\n".join(lines) + "\n")
        program = context / "shim.py"
        program.write_bytes(Path(shim.__file__).read_bytes())
        program.chmod(0o755)  # COPY keeps it; that it can set one is known to BuildKit alone
        try:
            return engine.build(BuildSpec(context), lambda _: None, lambda: False).digest
        except EngineError as error:
            raise NoSuchImage(f"the builder image for {entrypoint or 'the SDK'} cannot be made: {error}") from None
