"""The candidate: a new revision next to what serves, with a tag and without users.

A first release has nothing to stand beside: Cloud Run gives a service's first revision all traffic as soon as it is
ready, so the service is created with it at 100 %. Asking again for the same release finds its revision again by the
record on the service, whatever defaults Cloud Run has filled in meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deploy_lib.drivers.conditions import conditions_of, why_failed
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.services import differences, exposure, service_annotations
from deploy_lib.drivers.services.addresses import has_no_tag_urls, main_url, url_of_tag
from deploy_lib.drivers.services.candidate_traffic import alone, beside
from deploy_lib.drivers.services.context import ServiceContext, settle
from deploy_lib.drivers.services.expose import foreseen
from deploy_lib.drivers.services.names import revision_name
from deploy_lib.drivers.services.release_record import ReleaseRecord
from deploy_lib.drivers.services.service_annotations import record_of, set_annotations
from deploy_lib.drivers.services.service_writer import WRITES_WITHIN
from deploy_lib.drivers.services.startup_observer import StartupObserver
from deploy_lib.drivers.services.template import ATTEMPT_LABEL, base, main_container, merged
from deploy_lib.drivers.services.traffic import (
    spec_traffic,
    status_traffic,
    targets,
)
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.model.answers import RevisionCreated, Starting
from deploy_lib.model.release import Release
from deploy_lib.model.traffic import TrafficMap

if TYPE_CHECKING:
    from google.cloud import run_v2

    from deploy_lib.steps.canary import CreateRevision, EndStart


@dataclass(frozen=True, slots=True)
class Made:
    """The revision that was asked for. `operation` is None when it was there already, or the answer was lost."""

    name: str
    operation: str | None
    kept: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    previous_image: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A revision that was asked for, from its first look to its last."""

    made: Made
    observer: StartupObserver

    def look(self, tell: Tell) -> Starting:
        """How far the start is now; `tell` gets what is new in the log. Raises DriverError."""
        return self.observer.look(tell)


def create(context: ServiceContext, request: CreateRevision, tell: Tell) -> Candidate:
    """The revision of the release, created or found again; it may still be starting. Raises DriverError."""
    release, path = request.release, request.release.service.path
    if not release.image:
        raise DriverError("there is no image to release", "put a build step before the canary, or name an image")
    since, service = context.clock.now(), context.api.service(path)
    if service is not None and release.first:
        _refuse_if_lost(context, path, service)
    if service is None:
        tell(f"{release.service.cloud_run} does not exist yet: its first revision gets all traffic once it is ready")
        made = _first(context, request)
    else:
        made = _next(context, request, service)
    tell(f"{made.name} is starting" if made.operation else f"{made.name} exists already")
    since = since if made.operation else release.started
    return Candidate(made, StartupObserver(context, release.service, made.name, made.operation, since))


def end(context: ServiceContext, candidate: Candidate, request: EndStart, tell: Tell) -> RevisionCreated:
    """The end of the start: the tag's URL of a ready revision, and the evidence. A failed one loses its tag."""
    made, release, path = candidate.made, request.release, request.release.service.path
    if not request.ready:
        _untag(context, release, made.name, tell)
        return _created(candidate, None, request)

    def lacks(found: run_v2.Service) -> str:
        known = url_of_tag(release.service, found, request.settings.tag) or has_no_tag_urls(release.service, found)
        return "" if known else f"the tag {request.settings.tag} has no URL"

    doing = f"give {made.name} the tag {request.settings.tag}"
    return _created(candidate, settle(context, path, made.operation, doing, lacks=lacks, tell=tell), request)


def _created(candidate: Candidate, service: run_v2.Service | None, request: EndStart) -> RevisionCreated:
    made, stable = candidate.made, request.release.stable
    tags = status_traffic(service).tags() if service is not None else {}
    stable_tag = next((tag for tag, name in tags.items() if name == stable and tag != request.settings.tag), None)
    return RevisionCreated(
        made.name,
        request.ready,
        url=url_of_tag(request.release.service, service, request.settings.tag) if service is not None else None,
        main_url=main_url(request.release.service, service) if service is not None else None,
        stable_url=url_of_tag(request.release.service, service, stable_tag) if service is not None else None,
        evidence=candidate.observer.evidence(),
        failed_early=request.failed_early,
        timed_out=request.timed_out,
        kept=made.kept,
        changed=made.changed,
        previous_image=made.previous_image,
    )


def _first(context: ServiceContext, request: CreateRevision) -> Made:
    """Of two first releases at once, the one whose service was created goes on, and the other is refused."""
    from google.cloud import run_v2

    release, path = request.release, request.release.service.path
    template = merged(base(None, None), release)
    name = template.revision = revision_name(release.service.cloud_run, release.commit, template)
    service = run_v2.Service(template=template, traffic=targets(alone(name, request.settings.tag)))
    exposure.put(service, exposure.wanted(release.service.exposure))
    record = ReleaseRecord.begun(release, TrafficMap(), image=release.image, candidate=name, tag=request.settings.tag)
    set_annotations(service, service_annotations.with_record({}, record))
    context.leases.extend(path, service)
    for _ in polls(context.clock, WRITES_WITHIN):
        try:
            operation: str | None = context.api.create(path, service)
            break
        except ApiError as error:
            if not (error.maybe_done or error.code in (StatusCode.ALREADY_EXISTS, StatusCode.ABORTED)):
                raise
            doubt = error
        found = context.api.service(path)
        if found is not None:
            _refuse_if_lost(context, path, found)
            operation = None
            break
    else:
        raise doubt
    context.leases.renew(path)
    changed = differences.changed(run_v2.RevisionTemplate(), template)
    return Made(name, operation, changed=(*changed, *foreseen(context, None, release.service)))


def _refuse_if_lost(context: ServiceContext, path: str, service: run_v2.Service) -> None:
    """Somebody else made the service of this first release. Raises DriverError that says so; nothing was done."""
    try:
        context.leases.guard(path, service)
    except DriverError as lost:
        lost.busy = lost.no_effect = True
        raise


def _next(context: ServiceContext, request: CreateRevision, service: run_v2.Service) -> Made:
    release, path = request.release, request.release.service.path
    stable = context.api.revision(path, release.stable) if release.stable else None
    start = base(service, stable)
    template = merged(start, release)
    name = _made_before(context, release, service)
    again = name is not None
    name = template.revision = name or _unused_name(context, release, service, template)

    def edit(found: run_v2.Service) -> list[str]:
        context.leases.guard(path, found)
        record = record_of(found.annotations) or ReleaseRecord.begun(release, release.before or TrafficMap())
        wanted, own_tag = beside(spec_traffic(found), record, request, name)
        made = again or (record.candidate == name and found.template.revision == name)
        if made and wanted.same_as(spec_traffic(found)):
            return []
        before = release.before if release.before is not None else record.before
        noted = ReleaseRecord.begun(
            release, before, image=release.image, candidate=name, tag=request.settings.tag, own_tag=own_tag
        )
        if made and record.id == release.id:
            noted = replace(record, tag=request.settings.tag, own_tag=own_tag)
        found.traffic = targets(wanted)
        set_annotations(found, service_annotations.succeeded(found.annotations, noted, context.clock.now()))
        if made:
            return ["traffic", "annotations"]
        found.template = template
        return ["template", "traffic", "annotations"]

    changed = context.writer.write(path, edit, f"create the revision {name}", template=True)
    container = main_container(stable) if stable is not None else None
    return Made(
        name,
        changed.operation,
        kept=differences.kept(template, release.service),
        changed=(
            *differences.changed(start, template),
            *foreseen(context, service, release.service),
        ),
        previous_image=container.image if container is not None else None,
    )


def _made_before(context: ServiceContext, release: Release, service: run_v2.Service) -> str | None:
    """The revision that this release made already, unless it has failed."""
    record = record_of(service.annotations)
    if record is None or record.id != release.id or record.image != release.image or not record.candidate:
        return None
    found = context.api.revision(release.service.path, record.candidate)
    return None if found is None or why_failed(conditions_of(found.conditions)) else record.candidate


def _unused_name(
    context: ServiceContext, release: Release, service: run_v2.Service, template: run_v2.RevisionTemplate
) -> str:
    """A release that goes on after Cloud Run itself had failed makes another revision; a failed one stays so."""
    record = record_of(service.annotations)
    name = revision_name(release.service.cloud_run, release.commit, template)
    attempt = 1
    while record is not None and record.id == release.id and record.candidate:
        found = context.api.revision(release.service.path, name)
        if found is None or not why_failed(conditions_of(found.conditions)):
            break
        attempt += 1
        template.labels[ATTEMPT_LABEL] = str(attempt)
        name = revision_name(release.service.cloud_run, release.commit, template)
    return name


def _untag(context: ServiceContext, release: Release, name: str, tell: Tell) -> None:
    """A tag on a revision that never came up would keep Cloud Run from applying any later traffic."""
    path = release.service.path

    def edit(service: run_v2.Service) -> list[str]:
        context.leases.guard(path, service)
        now = spec_traffic(service)
        left = TrafficMap(tuple(target for target in now.targets if target.percent or target.revision != name))
        if left.same_as(now) or not left.shares():
            return []
        service.traffic = targets(left)
        return ["traffic", "annotations"]

    try:
        context.writer.write(path, edit, f"take the tag off {name}")
    except DriverError as problem:
        tell(f"the tag stays on {name}: {problem.reason}")
