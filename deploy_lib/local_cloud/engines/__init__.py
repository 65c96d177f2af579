"""What builds and runs images on this machine: docker, podman, or Linux namespaces, behind one interface.

`choose` picks one; `model` says what each can do. Engines are imported when chosen, so that importing this
package costs nothing.
"""

from __future__ import annotations

# typing and collections.abc are two milliseconds of the start of every container, whose supervisor imports this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from .model import Engine

BY_CUSTOM = ("docker", "podman", "namespaces")
# A container starts in 30 ms instead of 200, nothing has to be installed, and no daemon of the user's is touched.
BY_SPEED = ("namespaces", "podman", "docker")


def choose(name: str | None, store: Path, order: Sequence[str] = BY_CUSTOM) -> Engine:
    """The engine of that name, or the first of `order` that works here.

    `store` is a directory the engine may fill; all engines may share one. Raises EngineUnavailable with a remedy.
    Each engine is tried for real: docker must have a daemon, the others must be able to start a container.
    """
    from .model import EngineUnavailable

    openers = _openers()
    if name is not None:
        if name not in openers:
            raise EngineUnavailable(f"there is no engine {name!r}", f"choose one of {', '.join(BY_CUSTOM)}")
        return openers[name](store)
    refused: list[EngineUnavailable] = []
    for candidate in order:
        try:
            return openers[candidate](store)
        except EngineUnavailable as error:
            refused.append(error)
    reasons = "; ".join(error.reason for error in refused)
    raise EngineUnavailable(f"no engine works here: {reasons}", "; or ".join(error.remedy for error in refused))


def _openers() -> dict[str, Callable[[Path], Engine]]:
    def docker(store: Path) -> Engine:
        from .docker import open_docker

        return open_docker(store)

    def podman(store: Path) -> Engine:
        from .podman import open_podman

        return open_podman(store)

    def namespaces(store: Path) -> Engine:
        from .namespaces.engine import open_namespaces

        return open_namespaces(store)

    return {"docker": docker, "podman": podman, "namespaces": namespaces}
