"""Images built by Cloud Build: asked for once, followed to their end, found again by their tags.

Whoever asks again for a release whose build is under way goes on waiting for that build; a context that was built
before gives the image that came of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deploy_lib.drivers.builds import build_result
from deploy_lib.drivers.builds.build_progress import BuildProgress
from deploy_lib.drivers.builds.check import without_secrets
from deploy_lib.drivers.builds.check_result import read_check
from deploy_lib.drivers.builds.cloud_check import result_name
from deploy_lib.drivers.builds.findings import ResultContext
from deploy_lib.drivers.builds.handed_values import hand_over, remove, tidying
from deploy_lib.drivers.builds.job import BuildJob, CheckJob
from deploy_lib.drivers.builds.log import BuildLog
from deploy_lib.drivers.builds.registry import Registry
from deploy_lib.drivers.builds.request import (
    CHECK,
    Order,
    build_order,
    check_order,
    image_tag,
    run_tag,
    tag_of,
    value_of,
)
from deploy_lib.drivers.builds.submission import BuildLocation, Submissions, location_for
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.drivers.times import plain_time
from deploy_lib.model.answers import Built, ImportsChecked, LeaseTaken
from deploy_lib.model.image import BuiltImage, InsideImage
from deploy_lib.model.image_names import short
from deploy_lib.source.archive import archive, paths_in_archive
from deploy_lib.steps.build import BuildImage
from deploy_lib.steps.import_check import CheckImports

if TYPE_CHECKING:
    from google.cloud.devtools.cloudbuild_v1 import Build

_EARLIER = 5  # successful builds of one context that are looked at


@dataclass(frozen=True, slots=True)
class CloudBuild:
    """All methods raise DriverError; `build` and `check` also Interrupted, after the build was cancelled."""

    calls: Calls
    registry: Registry
    submissions: Submissions

    @property
    def _progress(self) -> BuildProgress:
        return BuildProgress(self.calls, self.submissions)

    def build(self, job: BuildJob, tell: Tell) -> Built:
        """The image of the job: built, or found where the same context was built before.

        Waits until the build has ended, at most its timeout. Build.status:
        https://cloud.google.com/build/docs/api/reference/rest/v1/projects.builds#status
        """
        location = self._location(job.request)
        tag = tag_of("release", job.release.id)
        with self.submissions.cancelling(location, tag):
            build = self.submissions.asked_before(location, tag)
            if build is not None:
                tell(f"build {build.id} of this release was submitted before")
            elif not job.release.options.rebuild and (earlier := self._built_before(location, job)) is not None:
                return earlier
            else:
                build = self.submissions.submit(location, tag, self._order(location, job, tell))
                page = self._progress.page(build)
                tell(f"build {build.id} is under way" + (f": {page}" if page else ""))
            log = self._progress.log(build, tell)
            with tidying(location, build, tell):
                ended = self._progress.wait(location, build, log, tell)
            return self._answer(job, ended, log, location, tell)

    def under_way(self, request: BuildImage) -> LeaseTaken:
        """`taken` where no other release of the service is being built."""
        tags = f'tags="{run_tag(request.release.service)}"'
        for status in sorted(build_result.UNDER_WAY):
            for build in self.submissions.list(self._location(request), f'{tags} AND status="{status}"'):
                release = value_of("release", [tag for tag in build.tags if not tag.startswith("release-check-")])
                if release and release != tag_of("release", request.release.id).removeprefix("release-"):
                    return LeaseTaken(False, holder=f"release {release}", since=plain_time(build.create_time))
        return LeaseTaken(True)

    def check(self, job: CheckJob, tell: Tell) -> ImportsChecked:
        """The result of the release's build where that made the same check, else of a build that only checks."""
        location = self._location(job.request)
        own = self._own(location, job, tell)
        if own is not None and tag_of("check", job.plan.identity) in own.tags:
            return self._read_check(location, own, None, job.result_context(_nonce(own)))
        earlier = self._checked_before(location, job)
        if earlier is not None:
            tell("the same image passed the same import check before")
            return earlier
        tag = tag_of("release-check", job.release.id)
        with self.submissions.cancelling(location, tag):
            build = self.submissions.asked_before(location, tag)
            if build is None:
                location.bucket.ensure()
                handed = hand_over(location, job, {})
                order = check_order(job.request, job.plan, job.image, location.bucket.name, handed)
                build = self.submissions.submit(location, tag, order)
                tell(f"build {build.id} imports the application inside {job.image}")
            log = self._progress.log(build, tell)
            with tidying(location, build, tell):
                ended = self._progress.wait(location, build, log, tell)
            return self._read_check(location, ended, log, job.result_context(_nonce(ended)), tell)

    def _checked_before(self, location: BuildLocation, job: CheckJob) -> ImportsChecked | None:
        """The same check of the same image, made by a build that only checked and passed."""
        image = image_tag(job.image)
        if image is None:
            return None
        same = f'tags="{tag_of("check", job.plan.identity)}" AND tags="{image}" AND status="SUCCESS"'
        for build in self.submissions.list(location, same)[:_EARLIER]:
            checked = self._read_check(location, build, None, job.result_context(_nonce(build)))
            if checked.ran:
                return checked
        return None

    def _order(self, location: BuildLocation, job: BuildJob, tell: Tell) -> Build:
        name = f"source/{job.context_hash}.tgz"
        location.bucket.ensure()  # before anything in it is trusted
        generation = location.bucket.generation(name)
        if generation is None:
            count = len(job.staged.context.files)
            tell(f"uploading {count} files to gs://{location.bucket.name}/{name}")
            generation = location.bucket.put_once(name, lambda: archive(job.staged))
        dockerfile, context = paths_in_archive(job.staged)
        source = (job.context_hash, dockerfile, location.bucket.name, name, generation)
        handed = hand_over(location, job, secret_arguments(job.release.service.source.args))
        return build_order(Order(job.request, *source, job.plan, handed, context, self._layers(location, job, tell)))

    def _layers(self, location: BuildLocation, job: BuildJob, tell: Tell) -> str | None:
        """The newest image of the service: a tag of its own for the layers would have to be moved by every build."""
        if not job.request.settings.cache or job.release.options.rebuild:
            return None
        built = self.submissions.list(location, f'tags="{run_tag(job.release.service)}" AND status="SUCCESS"')
        image = next(filter(None, map(build_result.image_of, built)), None)
        if image is not None:
            tell(f"layers of the last image are reused where they still fit: {short(image)}")
        return image

    def _built_before(self, location: BuildLocation, job: BuildJob) -> Built | None:
        """An image made from the same context before, when the registry still has it."""
        same_context = tag_of("context", job.context_hash)
        for build in self.submissions.list(location, f'tags="{same_context}" AND status="SUCCESS"')[:_EARLIER]:
            image = build_result.image_of(build)
            size = self.registry.image_size(image) if image else None
            if image is None or size is None or not image.startswith(f"{job.release.service.image_name}@"):
                continue
            checked = None
            if job.plan is not None and tag_of("check", job.plan.identity) in build.tags:
                context = job.result_context(_nonce(build))
                assert context is not None
                checked = self._read_check(location, build, None, context)
            return Built(
                image,
                build_id=build.id,
                reused=True,
                checked=checked if checked and checked.ran else None,
                context_hash=job.context_hash,
                log_url=self._progress.page(build),
                contents=_contents(job, checked, size, None),
            )
        return None

    def _answer(self, job: BuildJob, build: Build, log: BuildLog, location: BuildLocation, tell: Tell) -> Built:
        image, trouble = build_result.image_of(build), build_result.trouble_of(build, log)
        context, checked = job.result_context(_nonce(build)), None
        if context is not None and (image or build_result.checks_failed(build)):
            checked = self._read_check(location, build, log, context, tell)
            if trouble is not None:
                silent = f"the import check gave no result: {checked.why_not}"
                trouble = None if checked.ran else replace(trouble, detail=silent)
        size = self._size(image) if image else None
        return Built(
            image,
            build_id=build.id,
            trouble=trouble,
            checked=checked,
            context_hash=job.context_hash,
            log_tail=() if image else build_result.log_tail(build, log),
            log_url=self._progress.page(build),
            contents=_contents(job, checked, size, log.base_digest),
        )

    def _read_check(
        self,
        location: BuildLocation,
        build: Build,
        log: BuildLog | None,
        context: ResultContext,
        tell: Tell | None = None,
    ) -> ImportsChecked:
        """The full result where it can be read, else the compact one of the build's outputs.

        With `tell`, a result with words of the application in it is removed once it was read: only those of checks
        that met no error stay, for releases that find their image again.
        """
        compact = build_result.output_of(build, CHECK)
        try:
            full = location.bucket.read(result_name(context.plan.options.nonce)) or b""
        except DriverError:
            full = b""
        if full and tell and b'"failures": []' not in full:
            remove(location.bucket, result_name(context.plan.options.nonce), tell)
        silence = build_result.check_silence(build, log) if log is not None and not (compact or full) else ""
        return read_check(compact + b"\n" + full, context, silence)

    def _size(self, image: str) -> int | None:
        """For progress only; never needed."""
        try:
            return self.registry.image_size(image)
        except DriverError:
            return None

    def _own(self, location: BuildLocation, job: CheckJob, tell: Tell) -> Build | None:
        """The build that made the release's image; None for an image that came from elsewhere."""
        if not job.release.build_id:
            return None
        try:
            return self._progress.get(location, job.release.build_id, tell)
        except ApiError as problem:
            if problem.code is not StatusCode.NOT_FOUND:  # it ran elsewhere: the private pool is another one now
                raise
            return None

    def _location(self, request: BuildImage | CheckImports) -> BuildLocation:
        return location_for(self.calls, request.release.service, request.settings.worker)


def secret_arguments(args: Mapping[str, str]) -> dict[str, str]:
    """Those of the Dockerfile's arguments that look like secrets, by name or by shape."""
    return {name: value for name, value in args.items() if without_secrets({name: value})[name] != value}


def _nonce(build: Build) -> str | None:
    return value_of("nonce", list(build.tags))


def _contents(job: BuildJob, checked: ImportsChecked | None, size: int | None, base_digest: str | None) -> BuiltImage:
    inside = checked.inside if checked is not None and checked.inside is not None else InsideImage()
    return replace(job.foreseen, inside=inside, size=size, base_digest=base_digest or None)
