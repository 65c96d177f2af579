"""The driver for a job that is released by itself: the one for services, with a job in the place of the traffic.

The lease is an object in the build bucket, as a service's is; the record and the history are in the job's annotations.
docs/decisions/033-a-job-released-by-itself.md
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.drivers.logs import Entries, JobEntries
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.services import job_update, service_annotations
from deploy_lib.drivers.services.acquire_lease import leave, refused_by
from deploy_lib.drivers.services.driver import CloudRunServices
from deploy_lib.drivers.services.job_api import JobApi
from deploy_lib.drivers.services.job_template import is_marked, is_same
from deploy_lib.drivers.services.jobs import READY_WITHIN, asked_before, refuse_if_deleted, run, until_ready
from deploy_lib.drivers.services.lease_objects import LeaseObject
from deploy_lib.drivers.services.lost_lease import object_lost
from deploy_lib.drivers.services.release_record import ReleaseRecord
from deploy_lib.drivers.services.running_job import RunningJob, state_of
from deploy_lib.drivers.services.template import COMMIT_LABEL, main_container, release_label
from deploy_lib.drivers.services.traffic import short
from deploy_lib.drivers.times import plain_time
from deploy_lib.model import answers, requests
from deploy_lib.model.answers import JobSeen, JobState
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.service import Service
from deploy_lib.model.serving import Serving
from deploy_lib.model.state import RevisionState, ServiceState

if TYPE_CHECKING:
    from google.cloud import run_v2

    from deploy_lib.steps.job import CancelJob, LookAtJob, RunJob


@dataclass(frozen=True, slots=True)
class _NotRun:
    """A change of the job that nothing was executed after: all there is to see of it."""

    seen: JobSeen
    over: bool = True

    def look(self, tell: Tell) -> JobSeen:
        return self.seen

    def cancel(self, tell: Tell) -> JobSeen:
        return self.seen


class CloudRunJobs(CloudRunServices):
    """As CloudRunServices; `service` of each request is one with `job`. Every method raises DriverError."""

    _last: RunJob | None = None
    _shown: RunningJob | _NotRun | None = None

    @property
    def _jobs(self) -> JobApi:
        return JobApi(self._context.calls)

    def take_lease(self, request: requests.TakeLease) -> answers.LeaseTaken:
        """The lease; without an object for it nothing is done, since a job's annotations are no lock."""
        context, service = self._context, request.release.service
        leases, path = context.leases, service.path
        leases.new(service, request.holder, request.lasts, request.release.id)
        try:
            other = leases.take(path, over=request.take_over)
            if other is not None:
                leases.forget(path)
                return refused_by(other)
            held = leases.held(path)
            assert held is not None
            if held.generation is None:
                raise DriverError(f"the lease of a job is an object in the build bucket: {held.unguarded}")
            job = self._jobs.job(path)
        except DriverError:
            leave(context, path)
            raise
        answer = answers.LeaseTaken(
            True,
            before=job_update.as_map(job),
            now=job_update.as_map(job),
            holder=held.lease.holder,
            since=held.lease.since,
            until=held.lease.until,
            clock_ahead=leases.ahead,
        )
        bad = service_annotations.rejected_digests(job.annotations) if job is not None else ()
        return replace(answer, rejected_digests=bad)

    def who_deploys(self, service: Service) -> answers.LeaseTaken:
        """Who releases the job now; `taken` when nobody else does. Reads only."""
        other = self._context.others.holder(service, None)
        return refused_by(other) if other is not None else answers.LeaseTaken(True)

    def taken_over(self, service: Service) -> str:
        """Who has the lease instead; empty while it is ours. Reads only."""
        held = self._context.leases.held(service.path)
        if held is None:
            return ""
        found = self._context.others.objects.read(LeaseObject.of(service))
        ours = found is not None and found.lease.token == held.lease.token
        return "" if ours else object_lost(found)

    def end_lease(self, request: requests.EndLease) -> answers.LeaseEnded:
        """The release goes into the job's history, and the lease is given back."""
        release, outcome = request.release, request.outcome
        path = release.service.path
        try:
            job = self._jobs.job(path)
            if job is not None and outcome is not None and not self.taken_over(release.service):
                record = service_annotations.record_of(job.annotations)
                if record is None or record.id != release.id:
                    record = ReleaseRecord.begun(release, job_update.as_map(job))
                record = replace(record, image=release.image or record.image)
                past = record.past(
                    outcome, self._context.clock.now(), job_update.as_map(job), request.image_is_to_blame
                )
                found = job_update.writable(job)
                annotations = service_annotations.with_past(
                    dict(found.annotations), replace(past, context=release.context_hash)
                )
                if not outcome.is_open:
                    annotations = service_annotations.with_record(annotations, None)
                    annotations.pop(job_update.PREVIOUS, None)
                found.annotations = annotations
                self._jobs.update(found)
        finally:
            leave(self._context, path)
        return answers.LeaseEnded()

    def run_job(self, request: RunJob, tell: Tell) -> JobSeen:
        """Change the job and execute it, where it says so; what was done of that before is found again."""
        self._last = request
        if request.undo:
            self._shown = _NotRun(self._put_back(request))
        else:
            self._shown = self._job = None
            self._shown = self._started_for(request, tell)
            self._job = self._shown if isinstance(self._shown, RunningJob) else None
        return self._named(self._shown.look(tell))

    def look_at_job(self, request: LookAtJob, tell: Tell) -> JobSeen:
        """Another look at it."""
        assert self._shown is not None, "a job is changed before it is looked at"
        return self._named(self._shown.look(tell))

    def cancel_job(self, request: CancelJob, tell: Tell) -> JobSeen:
        """End the execution, whose time is over."""
        assert self._shown is not None, "a job is changed before it is looked at"
        return self._named(replace(self._shown.cancel(tell), timed_out=True))

    def give_up(self, tell: Tell) -> None:
        """Cancel the execution that runs, and make the job as it was before."""
        super().give_up(tell)
        request, self._last = self._last, None
        target = request.release.service.job if request is not None else None
        if request is None or target is None or target.hold:
            return
        try:
            seen = self._put_back(request)
            tell("the job is as it was before" if seen.state is JobState.SUCCEEDED else seen.message)
        except DriverError as problem:
            tell(f"the job could not be put back: {problem.with_remedy}")

    def restore(self, request: requests.RestoreTraffic, tell: Tell) -> answers.Restored:
        """There is no traffic to put back."""
        raise DriverError("a job has no traffic")

    def read_evidence(self, request: requests.ReadEvidence) -> Evidence:
        """A job has no candidate that could be asked."""
        return Evidence(gaps=("a job has no revision",))

    def read_serving(self, service: Service) -> Serving:
        """What the job is now. Reads only."""
        job = self._jobs.job(service.path)
        if job is None:
            return Serving(False, words=f"nothing; the job {service.cloud_run} does not exist")
        return Serving(True, job_update.as_map(job), job_update.as_map(job), words=words_of(job))

    def read_state(self, service: Service) -> ServiceState:
        """Everything about the job that status, rollback and resume need. Reads only."""
        job = self._jobs.job(service.path)
        if job is None:
            return ServiceState(False)
        record, lease = service_annotations.record_of(job.annotations), self._context.others.holder(service, None)
        name, image = job_update.update_of(job), _image(job)
        unfinished = record.unfinished() if record is not None else None
        return ServiceState(
            True,
            traffic=job_update.as_map(job),
            lease=lease.state(self._context.leases.now()) if lease is not None else None,
            unfinished=unfinished,
            left=unfinished,
            history=service_annotations.history_of(job.annotations),
            revisions=(
                RevisionState(
                    name, image, True, plain_time(job.update_time), 100, commit=job.template.labels.get(COMMIT_LABEL)
                ),
            ),
            last_modifier=job.last_modifier,
            reconciling=job.reconciling,
            updated=plain_time(job.update_time),
            labels=dict(job.labels),
        )

    def read_variables(self, service: Service) -> dict[str, str | None]:
        """The variables that the job has, with their values; None for a secret's."""
        job = self._jobs.job(service.path)
        container = main_container(job.template.template) if job is not None else None
        found = container.env if container is not None else ()
        return {each.name: None if "value_source" in each else each.value for each in found}

    def _named(self, seen: JobSeen) -> JobSeen:
        assert self._last is not None
        return replace(seen, update=release_label(self._last.release))

    def _started_for(self, request: RunJob, tell: Tell) -> RunningJob | _NotRun:
        release, api, context = request.release, self._jobs, self._context
        target, path = release.service.job, release.service.path
        assert target is not None
        if not release.image:
            raise DriverError("there is no image for the job", "put a build step into its steps")
        wanted = job_update.mark(release)
        name = asked_before(api, path, wanted)
        if name:
            tell(f"{short(name)} was started before; it is not started again")
        else:
            job = api.job(path)
            if job is None or not is_marked(job.template.labels, wanted):
                if lost := self.taken_over(release.service):
                    raise DriverError(lost, conflict=True)
                message = job_update.updated(job, path, release)
                api.update(message) if job is not None else api.create(path, message)
                tell(f"{short(path)} has the new image")
            elif target.run:
                refuse_if_deleted(job)
            ready, problem = until_ready(context, api, path, wanted)
            if problem:
                return _NotRun(JobSeen(short(path), JobState.FAILED, message=problem, ran=False))
            if not target.run:
                return _NotRun(JobSeen(short(path), JobState.SUCCEEDED, ran=False))
            name = run(context, api, ready, wanted)
            tell(f"{short(name)} runs")
        entries: Entries = JobEntries(context.calls, release.service, (short(name),), release.started)
        running = RunningJob(context, api, name, False, context.logs.follow(entries))
        self._refuse_another(running, request, tell)
        return running

    def _refuse_another(self, running: RunningJob, request: RunJob, tell: Tell) -> None:
        """Cloud Run may take a stale etag: then what runs is somebody else's job."""
        found = running.api.execution(running.name)
        if found is None:
            return
        wanted = job_update.template_of(None, request.release).template
        images = [each.image for each in found.template.containers]
        if is_same(found.template, wanted) or request.release.image in images:
            return
        if not state_of(found).is_over:
            running.cancel(tell)
        raise DriverError(
            f"{short(running.name)} does not run the image of this release: somebody else changed the job meanwhile; "
            "it was cancelled",
            "see what it did; a new release runs it again",
            conflict=True,
        )

    def _put_back(self, request: RunJob) -> JobSeen:
        """It as it was before this release; also where that is so already."""
        path, wanted = request.release.service.path, job_update.mark(request.release)
        seen = JobSeen(short(path), JobState.SUCCEEDED, undo=True, ran=False)
        job = self._jobs.job(path)
        if job is None or not is_marked(job.template.labels, wanted):
            return seen
        message = job_update.put_back(job)
        if message is None:
            return replace(seen, state=JobState.FAILED, message="it did not exist before this release")
        self._jobs.update(message)
        for _ in polls(self._context.clock, READY_WITHIN):
            now = self._jobs.job(path)
            if now is None or not (is_marked(now.template.labels, wanted) or now.reconciling):
                return seen
        return replace(seen, state=JobState.FAILED, message=f"it was not ready within {READY_WITHIN:.0f} s")


def words_of(job: run_v2.Job) -> str:
    """What it is, as the last line says it."""
    commit = job.template.labels.get(COMMIT_LABEL)
    of = f" of commit {commit[:7]}" if commit else ""
    return f"the job {short(job.name)} has the image {_image(job)}{of}"


def _image(job: run_v2.Job) -> str:
    container = main_container(job.template.template)
    return container.image if container is not None else ""
