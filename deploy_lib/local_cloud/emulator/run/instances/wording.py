"""What Cloud Run writes to a revision's system log about its instances, and why a start failed. Pure.

The sentences are Cloud Run's own, as seen in public reports: tools and people search for them. Sources:
https://cloud.google.com/run/docs/troubleshooting, https://cloud.google.com/run/docs/configuring/healthchecks,
octo-sts/app#1005, transparency-dev/tesseract#413, terraform-docs-samples#254.
"""

from __future__ import annotations

STARTING = (
    "Starting new instance. Reason: DEPLOYMENT_ROLLOUT - Instance started due to traffic shifting between revisions "
    "due to deployment, traffic split adjustment, or deployment health check."
)
WAKING = (
    "Starting new instance. Reason: AUTOSCALING - Instance started due to configured scaling factors (e.g. CPU "
    "utilization, request throughput, etc.) or no existing capacity for current traffic."
)
_MIB = 1024 * 1024


def ended(code: int) -> str:
    """`code` as docker tells it: 128 + n for signal n."""
    return f"Container terminated on signal {code - 128}." if code > 128 else f"Container called exit({code})."


def over_memory(limit: int, used: int) -> str:
    """Both in bytes."""
    return (
        f"Memory limit of {limit // _MIB} MiB exceeded with {-(-used // _MIB)} MiB used. Consider increasing the "
        "memory limit, see https://cloud.google.com/run/docs/configuring/memory-limits"
    )


def probe_failed(kind: str, container: str, port: int, times: int, default: bool, detail: str) -> str:
    """`kind` is TCP or HTTP; `detail` says how the last try ended."""
    which = "Default STARTUP" if default else "STARTUP"
    often = f"{times} time{'s' if times != 1 else ''} consecutively"
    return (
        f'{which} {kind} probe failed {often} for container "{container}" on port {port}. '
        f"The instance was not started.\n{detail}"
    )


def probe_passed(kind: str, container: str, port: int, times: int, default: bool) -> str:
    which = "Default STARTUP" if default else "STARTUP"
    return f"{which} {kind} probe succeeded after {times} attempt{'s' if times != 1 else ''} for container " + (
        f'"{container}" on port {port}.'
    )


def failed_to_start(port: int) -> str:
    """Also of a container that exited: Cloud Run has one sentence for both."""
    return (
        "The user-provided container failed to start and listen on the port defined provided by the "
        f"PORT={port} environment variable within the allocated timeout. This can happen when the container port is "
        "misconfigured or if the timeout is too short. The health check timeout can be extended. Logs for this "
        "revision might contain more information."
    )


FAILED_PROBE = (
    "The user-provided container failed the configured startup probe checks. Logs for this revision might contain "
    "more information."
)
