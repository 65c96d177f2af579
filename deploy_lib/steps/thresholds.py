"""When a difference between the stable revision and the candidate matters: settings of the steps that compare them."""

from __future__ import annotations

from pydantic import Field

from deploy_lib.steps.kind import Duration, Settings


class Thresholds(Settings):
    max_error_rate: float = Field(0.01, ge=0, le=1, description="the candidate may fail this share of its requests")
    max_error_increase: float = Field(0.01, ge=0, le=1, description="beyond what the stable revision fails")
    max_slowdown: float = Field(1.5, ge=1, description="the candidate's latency quantile over the stable's")
    latency_tolerance: Duration = Field(0.05, ge=0, description="a difference this small never matters")
    quantile: float = Field(0.95, gt=0, lt=1, description="which latency quantile is compared")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="certainty a rejection needs")
    min_failures: int = Field(5, ge=1, description="fewer failed requests than this reject nothing")
    min_slow: int = Field(10, ge=1, description="fewer slow requests than this reject nothing")


class ThresholdsUnderTraffic(Thresholds):
    """For a candidate that has traffic; `alone`: all of it, so that no stable revision serves beside it."""

    max_4xx_alone: float = Field(
        0.5,
        ge=0,
        le=1,
        description="with all traffic: 4xx, or redirects, up to this part of the requests are not held against it",
    )
    max_slowdown: float = Field(2.0, ge=1, description="the candidate's latency quantile over the stable's")
    max_slowdown_alone: float = Field(
        3.0, ge=1, description="with all traffic: over that of the stable revision's users in as long a time before"
    )
    latency_tolerance: Duration = Field(0.1, ge=0, description="a difference this small never matters")
    min_users_before: int = Field(
        30,
        ge=1,
        description="with all traffic: that none is answered is not chance where so many were in the time before",
    )
