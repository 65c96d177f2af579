"""Runs one build, from its source to its pushed images.

Images are pushed only after every step passed, so a build whose own checks fail leaves nothing that could be
deployed. Texts and failure types are Cloud Build's, since that is what its clients read
(https://cloud.google.com/build/docs/api/reference/rest/v1/projects.builds#failureinfo).
"""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from google.cloud.devtools.cloudbuild_v1.types import Build, BuiltImage, FileHashes, Hash, Results, TimeSpan

from ..builders.built_images import IMAGE_ERRORS, BuiltImages, NotAuthorized
from ..profile.roles import WRITE_LOG
from ..secrets.store import SecretRefusal
from ..storage.model import StorageRefusal
from ..wire.times import utc
from .cancellation import Cancellation
from .defaults import (
    log_bucket,
    logs_to_logging,
    owns_log_bucket,
    service_account,
)
from .environment import BuildEnvironment, project_number
from .log import BuildLogWriter
from .source import SourceUnusable, fetch_source
from .step import Site, StepRecord
from .steps import STEP_FAILED, run_steps
from .store import BuildStore

_NO_LOG = (
    "The service account running this build {} does not have permission to write logs to Cloud Logging. To fix this, "
    "grant the Logs Writer (roles/logging.logWriter) role to the service account."
)


@dataclass(frozen=True, slots=True)
class Ending:
    """`status` and `kind` name a Build.Status and a FailureType; `error` ends the log, `detail` is status_detail."""

    status: str
    error: str = ""
    detail: str = ""
    kind: str = ""


class _Stopped(Exception):
    """Ends the build's run with its ending."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.error)
        self.ending = ending


def run_build(environment: BuildEnvironment, store: BuildStore, build: Build, cancellation: Cancellation) -> None:
    """Returns when the build has ended and nothing of it runs any more."""
    run = _Run(environment, store, build, cancellation)
    with cancellation.within(build.timeout.total_seconds(), "TIMEOUT"):
        try:
            ending = run.work()
        except _Stopped as stopped:
            ending = stopped.ending
        except Exception as error:  # a fault of the local cloud itself must not leave a build that never ends
            ending = Ending("INTERNAL_ERROR", f"internal error: {error!r}", f"{error!r}")
    run.finish(ending)


class _Run:
    def __init__(
        self, environment: BuildEnvironment, store: BuildStore, build: Build, cancellation: Cancellation
    ) -> None:
        self._shop = environment
        self._store = store
        self._build = build
        self._cancellation = cancellation
        self._account = service_account(build, project_number(build.project_id))
        self._directory = environment.root / "work" / build.id
        self._log = BuildLogWriter()
        self._timing: dict[str, TimeSpan] = {}
        self._records: list[StepRecord] = []
        self._pushed: list[BuiltImage] = []

    def work(self) -> Ending:
        self._change(lambda build: _set(build, status="WORKING", start_time=utc(self._shop.clock())))
        self._open_log()
        self._log.say(f'starting build "{self._build.id}"')
        self._log.say("")
        (self._directory / "workspace").mkdir(parents=True)
        with self._phase("FETCHSOURCE"):
            self._fetch()
        built = BuiltImages(self._shop.engine, self._shop.images, partial(self._shop.refusal, self._account))
        site = Site(self._shop, self._build, built, self._log, self._directory, self._read_secrets())
        with self._phase("BUILD"):
            self._records, failed = run_steps(site, self._cancellation)
        self._check_halt(failed)
        if self._build.images:
            with self._phase("PUSH"):
                self._push(built)
        self._check_halt(None)
        return Ending("SUCCESS")

    def finish(self, ending: Ending) -> None:
        self._log.say("DONE" if ending.status == "SUCCESS" else ending.status.replace("FAILURE", "ERROR"))
        if ending.error:
            self._log.say(f"ERROR: {ending.error}")
        self._log.close()
        shutil.rmtree(self._directory, ignore_errors=True)
        self._change(lambda build: self._record(build, ending))

    def _record(self, build: Build, ending: Ending) -> None:
        build.finish_time = utc(self._shop.clock())
        build.timing = self._timing
        _set(build, status=ending.status, status_detail=ending.detail)
        if ending.kind:
            build.failure_info = Build.FailureInfo(type_=ending.kind, detail=ending.detail)
        for step, record in zip(build.steps, self._records, strict=False):
            _set(step, status=record.status, exit_code=record.exit_code)
            if record.started:
                step.timing = TimeSpan(start_time=utc(record.started), end_time=utc(record.ended))
                step.pull_timing = TimeSpan(start_time=utc(record.started), end_time=utc(record.pulled))
        build.results = Results(
            images=self._pushed,
            build_step_images=[record.image for record in self._records],
            build_step_outputs=[record.output for record in self._records],
        )

    def _open_log(self) -> None:
        bucket = log_bucket(self._build)
        append: Callable[[bytes], None] | None = None
        if bucket:
            append = partial(self._append, bucket, f"log-{self._build.id}.txt")
            try:
                if owns_log_bucket(self._build, project_number(self._build.project_id)):
                    self._shop.storage.ensure_bucket(bucket, self._build.project_id)
                self._shop.storage.bucket(bucket)
            except StorageRefusal as refusal:
                detail = f"the log bucket gs://{bucket} cannot be written: {refusal.message}"
                raise _Stopped(Ending("FAILURE", detail, detail, "LOGGING_FAILURE")) from None
        note = partial(self._shop.write_log, self._build) if logs_to_logging(self._build) else None
        if note is not None and self._shop.refusal(self._account, WRITE_LOG):
            note = None
            warning = Build.Warning(text=_NO_LOG.format(self._account), priority=Build.Warning.Priority.WARNING)
            self._change(lambda build: build.warnings.append(warning))
        self._log.open(append, note)

    def _append(self, bucket: str, name: str, data: bytes) -> None:
        self._shop.storage.append(bucket, name, data)

    def _fetch(self) -> None:
        source = self._build.source.storage_source
        if not source.bucket:
            return
        try:
            item = fetch_source(self._shop.storage, source, self._directory / "workspace", self._log.say)
        except SourceUnusable as error:
            raise _Stopped(
                Ending("FAILURE", f"failed to fetch source: {error}", str(error), "FETCH_SOURCE_FAILED")
            ) from None
        resolved = type(source)(bucket=source.bucket, object_=source.object_, generation=item.generation)
        hashes = FileHashes(file_hash=[Hash(type_=Hash.HashType.MD5, value=base64.b64decode(item.md5 or ""))])
        where = f"gs://{source.bucket}/{source.object_}#{item.generation}"
        found = {"resolved_storage_source": resolved, "file_hashes": {where: hashes}}
        self._change(lambda build: _set(build.source_provenance, **found))

    def _read_secrets(self) -> dict[str, str]:
        values: dict[str, str] = {}
        for secret in self._build.available_secrets.secret_manager:
            try:
                data = self._shop.read_secret(self._build.project_id, secret.version_name, self._account)
                values[secret.env] = data.decode()
            except (SecretRefusal, UnicodeDecodeError) as error:
                why = error.message if isinstance(error, SecretRefusal) else "its value is not valid UTF-8"
                detail = f"failed to access secret version for secret {secret.version_name}: {why}"
                raise _Stopped(Ending("FAILURE", detail, detail)) from None
        self._log.hide(values.values())
        return values

    def _check_halt(self, failed: int | None) -> None:
        reason = self._cancellation.reason
        if reason == "TIMEOUT":
            raise _Stopped(Ending("TIMEOUT", "context deadline exceeded", "build timed out"))
        if reason is not None and reason != STEP_FAILED:
            raise _Stopped(Ending("CANCELLED", "context canceled", reason))
        if failed is not None:
            step, record = self._build.steps[failed], self._records[failed]
            why = record.problem or f"step exited with non-zero status: {record.exit_code}"
            error = f'build step {failed} "{step.name}" failed: {why}'
            raise _Stopped(Ending("FAILURE", error, f"Build step failure: {error}", "USER_BUILD_STEP"))

    def _push(self, built: BuiltImages) -> None:
        missing = [name for name in self._build.images if built.find(name) is None]
        if missing:
            listed = ", ".join(f'"{name}"' for name in missing)
            error = f"failed to find one or more images after execution of build steps: [{listed}]"
            raise _Stopped(Ending("FAILURE", error, error, "PUSH_IMAGE_NOT_FOUND"))
        for name in self._build.images:
            self._check_halt(None)
            self._log.say(f"Pushing {name}")
            start = self._shop.clock()
            try:
                pushed = built.push(name)
            except NotAuthorized as error:
                detail = f"pushing {name}: {error}"
                raise _Stopped(Ending("FAILURE", detail, detail, "PUSH_NOT_AUTHORIZED")) from None
            except IMAGE_ERRORS as error:
                detail = f"pushing {name}: {error}"
                raise _Stopped(Ending("FAILURE", detail, detail, "PUSH_FAILED")) from None
            self._log.say(f"{pushed.name.rpartition(':')[2]}: digest: {pushed.digest}")
            span = TimeSpan(start_time=utc(start), end_time=utc(self._shop.clock()))
            # A name without a tag is told twice [report: a result of 2020].
            names = dict.fromkeys([name, pushed.name] if ":" not in name.rpartition("/")[2] else [name])
            self._pushed += [BuiltImage(name=each, digest=pushed.digest, push_timing=span) for each in names]

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        self._log.say(name)
        start = self._shop.clock()
        try:
            yield
        finally:
            self._timing[name] = TimeSpan(start_time=utc(start), end_time=utc(self._shop.clock()))

    def _change(self, change: Callable[[Build], None]) -> None:
        self._store.change(self._build.id, change)


def _set(message: object, **values: object) -> None:
    """An enum may be given by name, which the type stubs of proto-plus do not know."""
    for name, value in values.items():
        setattr(message, name, value)
