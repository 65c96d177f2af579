"""Prepares a submitted build: checks it, fills in defaults, replaces substitutions.

Pure. What Cloud Build would refuse at once is refused here with its words; a real feature the local cloud
does not have is refused by name, because skipping it silently would make the rehearsal lie.
"""

from __future__ import annotations

from google.cloud.devtools.cloudbuild_v1.types import Build, BuildOptions, BuildStep

from .checks import check, refuse_unknown_features
from .defaults import fill_defaults, service_account
from .substitution import TRIGGER_KEYS, Substitutions, check_keys

# Set by the server alone; a client that sends a build it has read before must not bring them along.
_OUTPUT_ONLY = (
    *("status", "status_detail", "failure_info", "results", "timing", "warnings", "approval"),
    *("create_time", "start_time", "finish_time", "source_provenance", "build_trigger_id", "log_url"),
)
_STEP_OUTPUT_ONLY = ("status", "timing", "pull_timing", "exit_code")


def prepare(asked: Build, *, build_id: str, project: str, number: str, location: str) -> Build:
    """A new Build with every field a client may set checked and expanded. Raises BuildRefusal.

    `number` is the project's number; `location` is "global" or a region.
    """
    build: Build = Build.deserialize(Build.serialize(asked))
    for name in _OUTPUT_ONLY:
        Build.pb(build).ClearField(name)
    for step in build.steps:
        for name in _STEP_OUTPUT_ONLY:
            BuildStep.pb(step).ClearField(name)
    build.id, build.project_id = build_id, project
    build.name = f"projects/{number}/locations/{location}/builds/{build_id}"
    refuse_unknown_features(build)
    _substitute(build, number, location)
    fill_defaults(build, number)
    check(build)
    return build


def _substitute(build: Build, number: str, location: str) -> None:
    given = dict(build.substitutions)
    check_keys(given)
    account = service_account(build, number)
    values = {
        **dict.fromkeys(TRIGGER_KEYS, ""),
        "PROJECT_ID": build.project_id,
        "PROJECT_NUMBER": number,
        "BUILD_ID": build.id,
        "LOCATION": location,
        "SERVICE_ACCOUNT_EMAIL": account,
        "SERVICE_ACCOUNT": f"projects/{build.project_id}/serviceAccounts/{account}",
        **given,
    }
    options = build.options
    loose = options.substitution_option == BuildOptions.SubstitutionOption.ALLOW_LOOSE
    found = Substitutions(values, loose, options.dynamic_substitutions)
    for step in build.steps:
        _substitute_step(step, found, options.automap_substitutions)
    expand = found.expand
    options.env = [expand(pair) for pair in options.env]
    build.images = [expand(name) for name in build.images]
    build.tags = [expand(tag) for tag in build.tags]
    build.logs_bucket = expand(build.logs_bucket)
    build.service_account = expand(build.service_account)
    for secret in build.available_secrets.secret_manager:
        secret.version_name = expand(secret.version_name)
    if build.artifacts.objects.location:
        objects = build.artifacts.objects
        objects.location, objects.paths = expand(objects.location), [expand(path) for path in objects.paths]
    found.check_all_used(given)


def _substitute_step(step: BuildStep, found: Substitutions, automap: bool) -> None:
    """A script is left as it is: it sees the values as environment variables, when they are mapped."""
    expand = found.expand
    step.name, step.dir_, step.entrypoint = expand(step.name), expand(step.dir_), expand(step.entrypoint)
    step.args = [expand(arg) for arg in step.args]
    step.env = [expand(pair) for pair in step.env]
    if step.automap_substitutions if "automap_substitutions" in step else automap:
        known = {pair.partition("=")[0] for pair in step.env}
        step.env.extend(f"{key}={expand('$' + key)}" for key in found.values if key not in known)
