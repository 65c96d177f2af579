"""Defaults of a build: its limits, its account, where its log goes. Pure."""

from __future__ import annotations

import datetime

from google.cloud.devtools.cloudbuild_v1.types import Build, BuildOptions

from .environment import compute_account
from .refusal import invalid

_HOUR = datetime.timedelta(hours=1)
_MODE = BuildOptions.LoggingMode
_OBJECT_MODES = {_MODE.LOGGING_UNSPECIFIED, _MODE.LEGACY, _MODE.GCS_ONLY}


def fill_defaults(build: Build, number: str) -> None:
    """Changes `build` in place, to what a submitted one is answered with [report]. `number` is the project's.

    Raises BuildRefusal.
    """
    if not build.timeout:
        build.timeout = _HOUR
    if not build.queue_ttl:
        build.queue_ttl = _HOUR
    if build.options.logging == _MODE.LOGGING_UNSPECIFIED:
        build.options.logging = _MODE(_MODE.LEGACY)
    build.logs_bucket = _logs_bucket(build, number)
    build.log_url = f"https://console.cloud.google.com/cloud-build/builds/{build.id}?project={number}"
    build.service_account = f"projects/{build.project_id}/serviceAccounts/{service_account(build, number)}"
    build.artifacts.images = build.images
    if not build.options.pool.name:
        BuildOptions.pb(build.options).pool.SetInParent()


def service_account(build: Build, number: str) -> str:
    """The e-mail address the build runs as: by default that of Compute Engine, as in projects since 2024.

    https://cloud.google.com/build/docs/cloud-build-service-account-updates
    """
    if build.service_account:
        return build.service_account.rpartition("/")[2]
    return compute_account(number)


def log_bucket(build: Build) -> str:
    """The bare name of the bucket for the log object; "" when the build writes none."""
    return build.logs_bucket.removeprefix("gs://") if build.options.logging in _OBJECT_MODES else ""


def owns_log_bucket(build: Build, number: str) -> bool:
    """True when Cloud Build makes the bucket by itself."""
    return log_bucket(build) in {_shared_bucket(number), _own_bucket(number)}


def logs_to_logging(build: Build) -> bool:
    return build.options.logging not in {_MODE.GCS_ONLY, _MODE.NONE}


def _logs_bucket(build: Build, number: str) -> str:
    if build.logs_bucket:
        return f"gs://{build.logs_bucket.removeprefix('gs://').rstrip('/')}"
    if build.options.logging not in _OBJECT_MODES:
        return ""
    behaviour = BuildOptions.DefaultLogsBucketBehavior
    if build.options.default_logs_bucket_behavior == behaviour.REGIONAL_USER_OWNED_BUCKET:
        return f"gs://{_own_bucket(number)}"
    if build.service_account:
        raise invalid(
            "if 'build.service_account' is specified, the build must either (a) specify 'build.logs_bucket', (b) use "
            "the REGIONAL_USER_OWNED_BUCKET build.options.default_logs_bucket_behavior option, or (c) use either "
            "CLOUD_LOGGING_ONLY / NONE logging options"
        )
    return f"gs://{_shared_bucket(number)}"


def _shared_bucket(number: str) -> str:
    return f"{number}.cloudbuild-logs.googleusercontent.com"


def _own_bucket(number: str) -> str:
    return f"{number}-cloudbuild-logs"
