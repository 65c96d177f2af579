"""Scales the platform's waiting times: Cloud Run's seconds times the time scale; and how often it tries. Pure."""

from __future__ import annotations

from dataclasses import dataclass

START_TRIES = 10  # in the rhythm of the incident: about every twelve seconds for two minutes
_REAL = 10.0  # seconds; a machine that is busy ten times over starts a process in less


@dataclass(frozen=True, slots=True)
class Timescale:
    """`scale` 1.0 is Cloud Run's own pace; 0.05 lets two minutes pass in six seconds. `start_tries` is how often an
    instance that ends while it starts is started."""

    scale: float
    start_tries: int = START_TRIES

    def wait(self, seconds: float) -> float:
        """A pause that nothing real happens in."""
        return seconds * self.scale

    def limit(self, seconds: float, real: float = _REAL) -> float:
        """A time within which processes do real work: they need it at any scale, up to `real` seconds of it."""
        return max(seconds * self.scale, min(seconds, real))
