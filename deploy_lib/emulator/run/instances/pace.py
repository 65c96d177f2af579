"""How long Cloud Run's waits take here: its own seconds times the scale of the local cloud's time. Pure."""

from __future__ import annotations

from dataclasses import dataclass

_REAL = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Pace:
    """`scale` 1.0 is Cloud Run's own pace; 0.05 lets two minutes pass in six seconds."""

    scale: float

    def wait(self, seconds: float) -> float:
        """A pause that nothing real happens in."""
        return seconds * self.scale

    def limit(self, seconds: float) -> float:
        """A time within which a process has to do real work: it needs that time at any scale, up to 5 s of it."""
        return max(seconds * self.scale, min(seconds, _REAL))
