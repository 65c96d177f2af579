"""The images that one build has built or pulled, by name.

A real build has a machine and a Docker of its own. Here all builds share the engine's store, so each keeps its
own list of names: two builds of one service at the same time never take each other's image.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from ...engines.model import Engine, EngineError, Image, ImageNotFound
from ...registry.names import BadName, Reference, parse_reference
from ..profile.roles import PUSH
from ..registry.images import RegistryImages, RegistryRefusal


class NoSuchImage(Exception):
    """Neither the build, nor the registry, nor the engine has it; the message is Docker's."""


class NotAuthorized(Exception):
    """The build's account may not push; the message is the registry's."""


@dataclass(frozen=True, slots=True)
class PushedImage:
    name: str  # with its tag
    digest: str


class BuiltImages:
    """May be used from several steps at once."""

    def __init__(
        self, engine: Engine, images: RegistryImages, refusal: Callable[[str], str | None] = lambda permission: None
    ) -> None:
        """`refusal` says why the build's account may not do what needs a permission; None where it may."""
        self.engine, self.refusal = engine, refusal
        self._images = images
        self._lock = threading.Lock()
        self._named: dict[str, str] = {}  # tagged name -> what the engine knows it by
        self._pushed: dict[str, str] = {}  # repository@digest in the registry -> the same
        self.created: dict[str, str] = {}  # containers made by `docker create` -> their image

    def put(self, name: str, found: str) -> None:
        with self._lock:
            self._named[_parse(name).tagged] = found

    def drop(self, name: str) -> bool:
        with self._lock:
            return self._named.pop(_parse(name).tagged, None) is not None

    def find(self, name: str) -> str | None:
        """What the engine knows the build's own image by; None when the build has no such image."""
        with self._lock:
            if name in self._named.values():
                return name
            by_id = [v for v in self._named.values() if len(name) >= 12 and v.startswith(f"sha256:{name}")]
            if by_id:
                return by_id[0]
            reference = _parse(name)
            if reference.digest:
                return self._pushed.get(_pinned(reference, reference.digest))
            return self._named.get(reference.tagged)

    def names_of(self, found: str) -> tuple[list[str], list[str]]:
        """Tags, and repository@digest names, of one image."""
        with self._lock:
            tags = sorted(name for name, value in self._named.items() if value == found)
            return tags, sorted(name for name, value in self._pushed.items() if value == found)

    def require(self, name: str, note: Callable[[str], None] = lambda _: None) -> str:
        """The image, pulled when the build does not have it, as `docker run` does. Raises NoSuchImage."""
        found = self.find(name)
        if found is None:
            note(f"Unable to find image '{name}' locally")
            found = self.pull(name)
        return found

    def pull(self, name: str) -> str:
        """From the registry, else the engine's own store: base images live there. Raises NoSuchImage."""
        reference = _parse(name)
        digest = self._images.resolve(name, reference.wanted)
        if digest is not None:
            image = self.engine.load(self._images.layout(name, digest), digest, name)
            with self._lock:
                self._pushed[_pinned(reference, digest)] = image.digest
        else:
            image = self._engine_image(name)
        if not reference.digest:
            self.put(name, image.digest)
        return image.digest

    def push(self, name: str) -> PushedImage:
        """Raises NoSuchImage when the build has no image of that name; NotAuthorized, EngineError, RegistryRefusal."""
        found = self.find(name)
        if found is None:
            raise NoSuchImage(f"An image does not exist locally with the tag: {name}")
        if refused := self.refusal(PUSH):
            raise NotAuthorized(refused)
        digest = self._images.put_from_engine(self.engine, found, name)
        reference = _parse(name)
        with self._lock:
            self._pushed[_pinned(reference, digest)] = found
        return PushedImage(reference.tagged, digest)

    def _engine_image(self, name: str) -> Image:
        try:
            return self.engine.inspect(name)
        except ImageNotFound:
            reference = _parse(name)
            where = f"{reference.host or 'docker.io'}/{reference.repository}"
            raise NoSuchImage(
                f"Error response from daemon: manifest for {where}:{reference.wanted} not found: manifest unknown"
            ) from None


def _parse(name: str) -> Reference:
    try:
        return parse_reference(name)
    except BadName as error:
        raise NoSuchImage(f"Error parsing reference: {name!r}: {error}") from None


def _pinned(reference: Reference, digest: str) -> str:
    host = f"{reference.host}/" if reference.host else ""
    return f"{host}{reference.repository}@{digest}"


IMAGE_ERRORS = (NoSuchImage, NotAuthorized, EngineError, RegistryRefusal)
