"""The build as it is asked of Cloud Build: its steps, its tags, its limits. Pure over the client's messages.

Tags are how a build is found again: by its release after a lost answer, by its context when nothing changed. Field
meanings: https://cloud.google.com/build/docs/api/reference/rest/v1/projects.builds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from deploy_lib.drivers.builds.check import CheckPlan
from deploy_lib.drivers.builds.cloud_check import check_arguments, keep_arguments, literal
from deploy_lib.drivers.builds.handover import VALUES, VOLUME, Handover
from deploy_lib.drivers.interface import DriverError
from deploy_lib.model.image_names import digest_of
from deploy_lib.model.release import Release
from deploy_lib.model.requests import Worker
from deploy_lib.model.service import Service
from deploy_lib.steps.build import BuildImage
from deploy_lib.steps.import_check import CheckImports

if TYPE_CHECKING:
    from google.cloud.devtools.cloudbuild_v1 import Build, BuildStep

DOCKER = "gcr.io/cloud-builders/docker"
GSUTIL = "gcr.io/cloud-builders/gsutil"
OPEN, BUILD, CHECK, KEEP = "values", "build", "import-check", "import-verdict"
_BUILD_WITH_ARGUMENTS = f'. {VALUES} && exec docker "$@" "${{arguments[@]}}"'
REVISION_LABEL = "org.opencontainers.image.revision"
_NOT_IN_A_TAG = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True, slots=True)
class Order:
    """One image to build. `bucket` takes logs and results; `generation` pins the archive that was uploaded.

    `layers_of` is an image by its digest whose layers may serve again, None where none is known or wanted.
    """

    request: BuildImage
    context_hash: str
    dockerfile: str
    bucket: str
    archive: str
    generation: int | None
    plan: CheckPlan | None = None
    handover: Handover | None = None
    context: str = "."  # directory of the archive
    layers_of: str | None = None


def tag_of(kind: str, value: str) -> str:
    """A build tag "kind-value": letters, digits, _, . and -, at most 128 of them."""
    return _NOT_IN_A_TAG.sub("-", f"{kind}-{value}")[:128]


def run_tag(service: Service) -> str:
    """For which service of Cloud Run it is built: several may have one name in their YAML, and one image."""
    return tag_of("run", f"{service.region}.{service.cloud_run}")


def value_of(kind: str, tags: list[str]) -> str | None:
    """What the tag of that kind says."""
    return next((tag.removeprefix(f"{kind}-") for tag in tags if tag.startswith(f"{kind}-")), None)


def image_tag(image: str) -> str | None:
    """The build tag of an image known by its digest; None for any other name."""
    digest = digest_of(image)
    return tag_of("image", digest.removeprefix("sha256:")) if digest else None


def pushed_name(release: Release) -> str:
    """The one name that an image is pushed under: the release's own, so that no tag is ever moved.

    A repository may refuse that: https://cloud.google.com/artifact-registry/docs/docker/names#tag-immutability
    """
    return f"{release.service.image_name}:{_NOT_IN_A_TAG.sub('-', release.id)[:128]}"


def build_order(order: Order) -> Build:
    """The whole build: image, import check, push. DriverError for a setting that Cloud Build has no word for."""
    from google.cloud.devtools.cloudbuild_v1 import Build, Source, StorageSource

    request, release = order.request, order.request.release
    image = pushed_name(release)
    storage = StorageSource(bucket=order.bucket, object_=order.archive, generation=order.generation or 0)
    tags = [tag_of("release", release.id), tag_of("context", order.context_hash)]
    steps = [*_open_steps(order.handover, order.bucket), _build_step(order, image)]
    return Build(
        source=Source(storage_source=storage),
        steps=[*steps, *(_check_steps(order.plan, image, order.bucket) if order.plan else ())],
        images=[literal(image)],
        tags=[*tags, *_common_tags(release, order.plan, order.handover)],
        timeout=timedelta(seconds=request.settings.timeout),
        **build_options(request.settings.worker, release.service.project, order.bucket, order.plan),
    )


def check_order(
    request: CheckImports, plan: CheckPlan, image: str, bucket: str, handover: Handover | None = None
) -> Build:
    """Only the import check, of an image that is in the registry."""
    from google.cloud.devtools.cloudbuild_v1 import Build

    release = request.release
    pinned = image_tag(image)
    return Build(
        steps=[*_open_steps(handover, bucket), *_check_steps(plan, image, bucket)],
        tags=[
            tag_of("release-check", release.id),
            *_common_tags(release, plan, handover),
            *([pinned] if pinned else []),
        ],
        timeout=timedelta(seconds=request.timeout),
        **build_options(request.settings.worker, release.service.project, bucket, plan),
    )


def _common_tags(release: Release, plan: CheckPlan | None, handover: Handover | None) -> list[str]:
    checked = [tag_of("check", plan.identity), tag_of("nonce", plan.options.nonce)] if plan else []
    handed = [tag_of("handover", handover.id)] if handover else []
    return [
        tag_of("service", release.service.name),
        run_tag(release.service),
        tag_of("commit", release.commit),
        *checked,
        *handed,
    ]


def _open_steps(handover: Handover | None, bucket: str) -> list[BuildStep]:
    """None for a build that needs no values."""
    from google.cloud.devtools.cloudbuild_v1 import BuildStep, Volume

    if not handover:
        return []
    volumes = [Volume(name="check", path=VOLUME)]
    return [BuildStep(id=OPEN, name=GSUTIL, entrypoint="bash", args=handover.opening(bucket), volumes=volumes)]


def _build_step(order: Order, image: str) -> BuildStep:
    from google.cloud.devtools.cloudbuild_v1 import BuildStep, Volume

    handed = order.handover.arguments if order.handover else {}
    request, source = order.request, order.request.release.service.source
    label = f"{REVISION_LABEL}={request.release.commit}"
    args = ["build", "--file", order.dockerfile, "--label", label, "--tag", image]
    for name, value in sorted(source.args.items()):
        if name in handed:
            continue
        args += ["--build-arg", f"{name}={value}"]
    if source.target:
        args += ["--target", source.target]
    if request.settings.cache:  # the image itself tells later builds which layers it has
        args += ["--build-arg", "BUILDKIT_INLINE_CACHE=1"]
    if request.release.options.rebuild:
        args.append("--no-cache")
    elif order.layers_of:
        args += ["--cache-from", order.layers_of]
    env = ["DOCKER_BUILDKIT=1"]
    if not handed:
        return BuildStep(id=BUILD, name=DOCKER, env=env, args=[literal(arg) for arg in (*args, order.context)])
    shell = [literal(arg) for arg in ("-c", f"{_BUILD_WITH_ARGUMENTS} {order.context}", BUILD, *args)]
    volumes = [Volume(name="check", path=VOLUME)]
    return BuildStep(id=BUILD, name=DOCKER, entrypoint="bash", env=env, args=shell, volumes=volumes)


def _check_steps(plan: CheckPlan, image: str, bucket: str) -> list[BuildStep]:
    from google.cloud.devtools.cloudbuild_v1 import BuildStep, Volume

    volumes = [Volume(name="check", path=VOLUME)]
    check = BuildStep(
        id=CHECK,
        name=DOCKER,
        entrypoint="bash",
        args=check_arguments(plan, image),
        volumes=volumes,
        secret_env=sorted(plan.secrets),
    )
    return [
        check,
        BuildStep(id=KEEP, name=GSUTIL, entrypoint="bash", args=keep_arguments(plan, bucket), volumes=volumes),
    ]


def build_options(worker: Worker, project: str, bucket: str, plan: CheckPlan | None = None) -> dict[str, Any]:
    """The fields of a build that say where and as whom it runs, where its log goes and what secrets it reads."""
    from google.cloud.devtools.cloudbuild_v1 import BuildOptions, SecretManagerSecret, Secrets

    # The client takes an enum by its name, which its types do not know.
    fields: dict[str, Any] = {"logging": worker.logging}
    if worker.worker_pool:
        fields["pool"] = BuildOptions.PoolOption(name=worker.worker_pool)
    if worker.machine_type:
        fields["machine_type"] = _machine(worker.machine_type)
    found: dict[str, Any] = {"options": BuildOptions(**fields)}
    if worker.logging != "CLOUD_LOGGING_ONLY":
        found["logs_bucket"] = f"gs://{bucket}"
    if worker.service_account:
        account = worker.service_account
        found["service_account"] = account if "/" in account else f"projects/{project}/serviceAccounts/{account}"
    if plan and plan.secrets:
        versions = (
            SecretManagerSecret(env=name, version_name=_version(project, reference))
            for name, reference in sorted(plan.secrets.items())
        )
        found["available_secrets"] = Secrets(secret_manager=list(versions))
    return found


def _machine(name: str) -> str:
    from google.cloud.devtools.cloudbuild_v1 import BuildOptions

    machines: Any = BuildOptions.MachineType
    known = [machine.name for machine in machines if machine]
    if name not in known:
        raise DriverError(f"Cloud Build has no machine type {name}", f"build.machine_type is one of {', '.join(known)}")
    return name


def _version(project: str, reference: str) -> str:
    """projects/P/secrets/S/versions/V of "name:version"."""
    name, _, version = reference.partition(":")
    secret = name if "/" in name else f"projects/{project}/secrets/{name}"
    return f"{secret}/versions/{version or 'latest'}"
