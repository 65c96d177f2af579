"""What a release would make of a service, without making it: for the command plan."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from deploy_lib.drivers.services import differences
from deploy_lib.drivers.services.context import ServiceContext
from deploy_lib.drivers.services.expose import foreseen
from deploy_lib.drivers.services.names import name_start
from deploy_lib.drivers.services.template import base, main_container, merged
from deploy_lib.model.release import Release
from deploy_lib.model.runtime import OUR_LABELS
from deploy_lib.model.state import RevisionPreview

if TYPE_CHECKING:
    from google.cloud import run_v2

    from deploy_lib.steps.canary import CreateRevision


def preview(context: ServiceContext, request: CreateRevision) -> RevisionPreview:
    """Reads only. The name ends in "…" where it would carry a hash of the release's id and image.

    An image that is not built yet is not listed as a change: the line of the build shows it.
    """
    release, path = request.release, request.release.service.path
    service = context.api.service(path)
    stable = context.api.revision(path, release.stable) if service is not None and release.stable else None
    start = base(service, stable)
    container = main_container(start)
    template = merged(start, _with_image(release, container.image if container is not None else None))
    return RevisionPreview(
        f"{name_start(release.service.cloud_run, release.commit)}…",
        changed=(
            *(differences.changed(start, template) or _wordless(start, template)),
            *foreseen(context, service, release.service),
        ),
        kept=differences.kept(template, release.service) if service is not None else (),
    )


def _wordless(start: run_v2.RevisionTemplate, template: run_v2.RevisionTemplate) -> tuple[str, ...]:
    """What a release would change and nobody has words for, but for the marks that every release leaves."""
    was, now = copy.deepcopy(start), copy.deepcopy(template)
    for each in (was, now):
        each.revision = ""
        for name in [key for key in each.labels if key.startswith(OUR_LABELS)]:
            del each.labels[name]
    return () if was == now else ("other settings",)


def _with_image(release: Release, serving: str | None) -> Release:
    return release if release.image else replace(release, image=serving)
