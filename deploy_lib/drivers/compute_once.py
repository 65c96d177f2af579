"""What is made once and shared by threads: the first who asks makes it, the others wait for it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class ComputeOnce(Generic[Key, Value]):
    """Values by key. Different keys are made side by side. What making raises is raised, and the next one makes it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._making: dict[Key, Lock] = {}
        self._made: dict[Key, Value] = {}

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """`make` may ask for other keys, but not for this one."""
        with self._lock:
            if key in self._made:
                return self._made[key]
            making = self._making.setdefault(key, Lock())
        with making:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]

    def values(self) -> list[Value]:
        """Those that are made."""
        with self._lock:
            return list(self._made.values())
