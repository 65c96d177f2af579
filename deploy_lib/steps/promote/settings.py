"""What the YAML may say of a promotion."""

from __future__ import annotations

from pydantic import Field

from deploy_lib.steps.kind import Duration
from deploy_lib.steps.phases import LookSettings, extension
from deploy_lib.steps.thresholds import ThresholdsUnderTraffic

WARM_UP = 10.0  # seconds at most, unless the YAML says else


class PromoteSettings(ThresholdsUnderTraffic, LookSettings):
    percent: int = Field(100, ge=1, le=100, strict=True, description="whole percent of the requests")
    bake: Duration = Field(0.0, ge=0, description="watch the candidate for this long before the next step")
    extend_by: Duration | None = Field(
        None,
        ge=0,
        description="go on for up to this much longer while too little is known; default: twice `bake`, 30 s at least",
    )
    every: Duration = Field(1.0, ge=0.01, description="time between our own requests while it bakes")
    at_once: int = Field(20, ge=1, le=500, description="pairs of our own under way at most")
    warm_up: Duration | None = Field(
        None,
        ge=0,
        description="slow answers in these first seconds do not count, since instances are starting; default: 10 s, "
        "half of `bake` at most",
    )

    @property
    def longer(self) -> float:
        """Seconds that it goes on for at most, after `bake`."""
        return extension(self.bake, self.extend_by)

    @property
    def warming_up(self) -> float:
        """Seconds."""
        return min(WARM_UP, self.bake / 2) if self.warm_up is None else self.warm_up
