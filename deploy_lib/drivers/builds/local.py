"""Images built by an engine of this machine: docker, podman, or Linux namespaces.

The engine gets the same staged context as Cloud Build would, the image is checked the same way, and it is pushed
only when the check passed. The engine works in a separate thread, so that a request to stop is heard at once.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

from deploy_lib.drivers.builds.build_result import TAIL
from deploy_lib.drivers.builds.check_result import passed, read_check
from deploy_lib.drivers.builds.failure_line import failure_line
from deploy_lib.drivers.builds.image_cache import CachedImage, ImageCache
from deploy_lib.drivers.builds.job import BuildJob, CheckJob
from deploy_lib.drivers.builds.local_check import run_check
from deploy_lib.drivers.builds.registry import Registry
from deploy_lib.drivers.builds.request import BUILD, REVISION_LABEL, pushed_name
from deploy_lib.drivers.builds.staging import write_build
from deploy_lib.drivers.engines import (
    BuildFailed,
    BuildSpec,
    Cancelled,
    Engine,
    EngineError,
    EngineUnavailable,
    Image,
    ImageNotFound,
    RegistryAccess,
    choose,
)
from deploy_lib.drivers.interface import Clock, DriverError, Tell
from deploy_lib.model.answers import Built, ImportsChecked
from deploy_lib.model.evidence import BuildEnd, BuildFailure, BuildTrouble
from deploy_lib.model.image import InsideImage
from deploy_lib.model.image_names import digest_of
from deploy_lib.model.roles import IMAGE_WRITER

if TYPE_CHECKING:
    from deploy_lib.drivers.builds.check import CheckPlan

T = TypeVar("T")
_LOOK = 0.05  # seconds between two looks at a thread


def open_local(builder: str, store: Path, state: Path, clock: Clock, registry: Registry) -> LocalBuild:
    """Raises DriverError, with a remedy, when this machine cannot run the engine."""
    try:
        engine = choose(builder, store)
    except EngineUnavailable as problem:
        raise DriverError(problem.reason, problem.remedy) from None
    return LocalBuild(engine, ImageCache(state / "built"), clock, registry)


@dataclass(frozen=True, slots=True)
class LocalBuild:
    """Both methods raise DriverError, and Interrupted once nothing of the build runs any more."""

    engine: Engine
    cache: ImageCache
    clock: Clock
    registry: Registry

    def build(self, job: BuildJob, tell: Tell) -> Built:
        """The image of the job by its digest; `trouble` says why there is none."""
        name = job.release.service.image_name
        if not job.release.options.rebuild and (found := self._found(job, name)) is not None:
            return found
        began = self.clock.monotonic()
        log: deque[str] = deque(maxlen=400)

        def say(line: str) -> None:
            log.append(line)
            tell(f"{BUILD}: {line}")

        try:
            image = self._make(job, say)
        except BuildFailed as failure:
            return self._failed(job, _words(failure, log), log)
        except EngineError as failure:
            return self._failed(job, failure_line([*failure.output.splitlines(), failure.reason]), log)
        if image is None:
            limit = f"it did not end within {job.request.settings.timeout:.0f} s"
            return Built(
                None,
                trouble=BuildTrouble(BuildEnd.TIMEOUT, detail=limit, step=BUILD),
                context_hash=job.context_hash,
                log_tail=tuple(log)[-TAIL:],
                contents=job.foreseen,
            )
        contents = replace(job.foreseen, size=image.size, builder=self.engine.name, stand_in=image.stand_in or None)
        output, checked = b"", None
        if job.plan is not None:
            left = max(1.0, job.request.settings.timeout - (self.clock.monotonic() - began))
            output, checked = self._checked(job.plan, image.digest, job, left, tell)
            contents = replace(contents, inside=checked.inside or InsideImage())
        if checked is not None and not passed(checked):
            return Built(
                None,
                trouble=None if checked.ran else _no_result(checked),
                checked=checked,
                context_hash=job.context_hash,
                log_tail=tuple(log)[-TAIL:],
                contents=contents,
            )
        reference = self._push(image.digest, pushed_name(job.release), tell)
        plan = job.plan
        record = CachedImage(
            reference,
            self.engine.name,
            check=plan.identity if plan else "",
            nonce=plan.options.nonce if plan else "",
            output=output.decode("utf-8", "replace"),
            contents=contents,
        )
        self.cache.keep(name, job.context_hash, record)
        return Built(reference, checked=checked, context_hash=job.context_hash, contents=contents)

    def check(self, job: CheckJob, tell: Tell) -> ImportsChecked:
        """Of an image this engine has; another is a case for Cloud Build, which can pull it."""
        for reference in filter(None, (job.image, digest_of(job.image))):
            try:
                self.engine.inspect(reference)
            except ImageNotFound:
                continue
            except EngineError as problem:
                raise DriverError(problem.reason) from None
            return self._checked(job.plan, reference, job, job.request.timeout, tell)[1]
        return ImportsChecked(
            ran=False, why_not=f"{self.engine.name} on this machine has no image {job.image}; build with cloud_build"
        )

    def _make(self, job: BuildJob, say: Tell) -> Image | None:
        """None when time ran out; nothing runs then. Raises EngineError kinds."""
        source = job.release.service.source
        with tempfile.TemporaryDirectory(prefix="build-context-") as directory:
            context, dockerfile = write_build(job.staged, Path(directory))
            spec = BuildSpec(
                context,
                dockerfile=dockerfile,
                args=source.args,
                labels={REVISION_LABEL: job.release.commit},
                target=source.target,
                use_cache=not job.release.options.rebuild,
            )
            return self._in_thread(
                lambda cancelled: self.engine.build(spec, say, cancelled.is_set), job.request.settings.timeout
            )

    def _in_thread(self, work: Callable[[Event], T], within: float) -> T | None:
        """What `work` gives, or raises; None when it was cancelled because time ran out."""
        cancelled, results, problems = Event(), list[T](), list[BaseException]()

        def run() -> None:
            try:
                results.append(work(cancelled))
            except BaseException as problem:
                problems.append(problem)

        thread = Thread(target=run, daemon=True)
        thread.start()
        deadline = self.clock.monotonic() + within
        try:
            while thread.is_alive() and self.clock.monotonic() < deadline:
                self.clock.sleep(_LOOK)
        finally:
            cancelled.set()
            thread.join()
        if problems and not isinstance(problems[0], Cancelled):
            raise problems[0]
        return results[0] if results else None

    def _checked(
        self, plan: CheckPlan, reference: str, job: BuildJob | CheckJob, within: float, tell: Tell
    ) -> tuple[bytes, ImportsChecked]:
        if plan.secrets:
            why = "secrets: real needs Cloud Build, which reads them as its own account"
            return b"", ImportsChecked(ran=False, why_not=why)
        output, why_not = run_check(self.engine, plan, reference, self.clock, within, tell)
        context = job.result_context()
        assert context is not None
        return output, read_check(output, context, why_not)

    def _push(self, digest: str, name: str, tell: Tell) -> str:
        """name@sha256:..."""
        local = self.registry.address
        access = RegistryAccess(address=local, token=None if local else self.registry.token())
        tell(f"push: {name}")
        try:
            pushed = self._in_thread(lambda _: self.engine.push(digest, name, access), 3600.0)
        except EngineError as problem:
            raise DriverError(
                f"the image could not be pushed to {name}: {problem.reason}",
                f"check that the repository exists and that this account has {IMAGE_WRITER}",
            ) from None
        if pushed is None:
            raise DriverError("the push did not end within an hour", "check the network connection")
        return pushed.reference

    def _found(self, job: BuildJob, name: str) -> Built | None:
        cached = self.cache.find(name, job.context_hash)
        if cached is None or self.registry.image_size(cached.image) is None:
            return None
        checked = None
        if job.plan is not None and cached.check == job.plan.identity:
            context = job.result_context(cached.nonce)
            assert context is not None
            checked = read_check(cached.output.encode(), context)
        return Built(
            cached.image,
            reused=True,
            checked=checked if checked and checked.ran else None,
            context_hash=job.context_hash,
            contents=cached.contents,
        )

    def _failed(self, job: BuildJob, detail: str, log: deque[str]) -> Built:
        trouble = BuildTrouble(BuildEnd.FAILURE, BuildFailure.USER_BUILD_STEP, detail, BUILD)
        tail = tuple(log)[-TAIL:]
        return Built(None, trouble=trouble, context_hash=job.context_hash, log_tail=tail, contents=job.foreseen)


def _words(failure: BuildFailed, log: deque[str]) -> str:
    """The tool's error line where there is one, with the instruction that ran it."""
    why = failure_line([*log, *failure.output.splitlines()])
    where = f"Dockerfile line {failure.line}: {failure.instruction}".rstrip(": ") if failure.line else ""
    words = failure.reason if not why or why in failure.reason else f"{failure.reason}: {why}"
    return words if not where or words.startswith("Dockerfile line") else f"{where}: {words}"


def _no_result(checked: ImportsChecked) -> BuildTrouble:
    detail = f"the import check gave no result: {checked.why_not}"
    return BuildTrouble(BuildEnd.FAILURE, BuildFailure.USER_BUILD_STEP, detail, "import-check")
