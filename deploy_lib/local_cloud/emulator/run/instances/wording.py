"""What Cloud Run writes to a revision's system log about its instances, and why a start failed. Pure.

The sentences are Cloud Run's own, as seen in public reports: tools and people search for them. Sources:
https://cloud.google.com/run/docs/troubleshooting, https://cloud.google.com/run/docs/configuring/healthchecks,
octo-sts/app#1005, transparency-dev/tesseract#413, terraform-docs-samples#254.
"""

from __future__ import annotations

from urllib.parse import quote

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


def probe_failed(kind: str, container: str, port: int, path: str | None, times: int, default: bool, detail: str) -> str:
    """`kind` is TCP or HTTP, which has a path; `detail` says how the last try ended."""
    which = "Default STARTUP" if default else "STARTUP"
    often = f"{times} time{'s' if times != 1 else ''} consecutively"
    where = f"port {port}" + (f' path "{path}"' if path is not None else "")
    return (
        f'{which} {kind} probe failed {often} for container "{container}" on {where}. '
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


def sidecar_ended(container: str) -> str:
    """Of one that has no probe [assumed: no capture has one]."""
    return (
        f'The user-provided container "{container}" ended while the instance was starting. Logs for this revision '
        "might contain more information."
    )


def where_to_look(project: str, service: str, revision: str) -> str:
    """What follows the sentence of a failed start since late 2025."""
    lines = (
        'resource.type="cloud_run_revision"',
        f'resource.labels.service_name="{service}"',
        f'resource.labels.revision_name="{revision}"',
    )
    return (
        f"\n\nLogs URL: https://console.cloud.google.com/logs/viewer?project={project}&resource=cloud_run_revision"
        f"/service_name/{service}/revision_name/{revision}&advancedFilter={quote(chr(10).join(lines), safe='')} \n"
        "For more troubleshooting guidance, see "
        "https://cloud.google.com/run/docs/troubleshooting#container-failed-to-start"
    )


def imported(seconds: float) -> str:
    return f"Container image import completed in {seconds:.2f}s."


def provisioned(seconds: float, limit: float, delay: float) -> str:
    return (
        f"Provisioning imported containers completed in {seconds:.2f}s. Checking container health. This will wait for "
        f"up to {_short(limit)} for the configured startup probe, including an initial delay of {_short(delay)}."
    )


def healthy(seconds: float) -> str:
    """[assumed]: no capture of a revision that came up holds it."""
    return f"Containers became healthy in {seconds:.2f}s."


def _short(seconds: float) -> str:
    """4m, 1m30s, 0s."""
    minutes, rest = divmod(round(seconds), 60)
    return (f"{minutes}m" if minutes else "") + (f"{rest}s" if rest or not minutes else "")


FAILED_PROBE = (
    "The user-provided container failed the configured startup probe checks. Logs for this revision might contain "
    "more information."
)
