"""The Source of a run: what differs from the commit, what the image will hold, and the context a build is given.

A commit is listed once and staged once per service, whoever asks first: git_clean, image_contents and the build
share both, and so do all services of a run, each in a thread of its own. Blobs come through processes that live as
long as this object. What only a release needs is imported where it is needed: the command check is this room's other
user, and in a hurry.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from deploy_lib.drivers.compute_once import ComputeOnce
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.source.blobs import Blobs
from deploy_lib.drivers.source.disk import Disk
from deploy_lib.drivers.source.git import Git
from deploy_lib.drivers.source.history import FileHistory
from deploy_lib.drivers.source.status import WorktreeStatus, read_status, with_rules
from deploy_lib.drivers.source.tree import list_commit
from deploy_lib.drivers.source.uncommitted import UncommittedFiles
from deploy_lib.drivers.source.worktree import if_all_were_committed, with_everything
from deploy_lib.source.context import clean_root
from deploy_lib.source.ignore_rules import IgnoreRules, names_of_ignore_files
from deploy_lib.source.model import UNKNOWN_SIZE, DiskFile, Listing, MissingFileContext, Staged, TreeFile
from deploy_lib.source.staging import rules_of, stage_files

if TYPE_CHECKING:
    from deploy_lib.drivers.source.commit_copy import CommitCopy
    from deploy_lib.model.answers import Change, CheckoutRead, SourceRead
    from deploy_lib.model.release import Release
    from deploy_lib.model.service import BuildSource, Service
    from deploy_lib.source.analyse import Analysis
    from deploy_lib.source.last_image import Known, Learned
    from deploy_lib.source.last_image.record import LastImage
    from deploy_lib.source.stored_facts import FactCache
    from deploy_lib.steps.git_clean import ReadCheckout
    from deploy_lib.steps.image_contents import ReadSource

_Key = tuple[object, ...]


class GitSource:
    """`root` is the top of the working copy; `cache` keeps what was learned of each blob. Raises DriverError only.

    `environment` is where a CI system says what it runs for. Safe to share between threads.
    """

    def __init__(
        self,
        root: Path,
        cache: FactCache,
        last_image: Callable[[Service], LastImage | None] = lambda service: None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._git = Git(root)
        self._environment = environment
        self._blobs = Blobs(self._git)
        self._disk = Disk(root)
        self._cache = cache
        self._last_image = last_image
        self._listings: ComputeOnce[str, Listing] = ComputeOnce()
        self._staged: ComputeOnce[_Key, Staged] = ComputeOnce()
        self._pasts: dict[str, FileHistory] = {}
        self._statuses: ComputeOnce[None, WorktreeStatus] = ComputeOnce()
        self._uncommitted_files: ComputeOnce[None, UncommittedFiles] = ComputeOnce()

    def close(self) -> None:
        """Ends the processes of git."""
        self._blobs.close()

    def read_checkout(self, request: ReadCheckout) -> CheckoutRead:
        """How the working copy differs from the commit of the release. Reads only."""
        from deploy_lib.drivers.source.commit_refs import find_branch
        from deploy_lib.model.answers import CheckoutRead

        release, status = request.release, self._status
        source = release.service.source
        changes: tuple[Change, ...] = ()
        if status.head == release.commit and status.files:
            cloud_build = release.options.builder == "cloud_build"
            changes = self._changes(release.service, cloud_build)
        own_rules = f"{_inside(source.dockerfile)}.dockerignore"
        root = _inside(source.context)
        found = find_branch(self._git, release.commit, status, request.settings, self._environment)
        return CheckoutRead(
            commit=release.commit,
            head=status.head,
            branch=found.name,
            changes=changes,
            upstream=found.upstream.name,
            ahead=found.upstream.ahead,
            behind=found.upstream.behind,
            context=root,
            ignore_file=own_rules if (self._git.root / own_rules).is_file() else posixpath.join(root, ".dockerignore"),
            findings=self._disk.included(source).findings,
            evidence=found.evidence,
            by_ci=found.by_ci,
        )

    def copy(self, request: ReadCheckout, also: Iterable[BuildSource]) -> CommitCopy:
        """The commit as a repository of its own, with what include: of `also` takes from the disk."""
        from deploy_lib.drivers.source.commit_copy import commit_copy

        found = self.read_checkout(request)
        included = {file.path for source in also for file in self._disk.included(source).files}
        return commit_copy(self._git, request.release.commit, found.branch, found.upstream, sorted(included))

    def read_source(self, request: ReadSource) -> SourceRead:
        """What the image of the release will hold, and which imports will fail in it. Reads only."""
        from deploy_lib.model.answers import SourceRead
        from deploy_lib.source.summary import summarise

        release = request.release
        service = release.service
        source, cloud_build = service.source, release.options.builder == "cloud_build"
        staged = self.stage(release, cloud_build)
        last = self._last_image(service)
        learned = self.learned(last, staged, source, cloud_build) if last else None
        staged = replace(staged, contents=learned.contents) if learned else staged
        analysis = self._analyse(
            staged,
            release.commit,
            service,
            request.settings.undeclared,
            learned.known if learned else None,
        )
        return SourceRead(
            findings=(*staged.context.findings, *staged.contents.findings, *analysis.findings),
            entrypoint=analysis.entrypoint,
            image_files=len(staged.contents.files),
            closure_modules=len(analysis.modules),
            summary=summarise(staged, source.args, source.target, self._sizes),
        )

    def stage(self, release: Release, cloud_build: bool) -> Staged:
        """The context of a release's commit and what its image will hold."""
        return self.stage_commit(release.commit, release.service.source, cloud_build)

    def stage_commit(self, commit: str, source: BuildSource, cloud_build: bool) -> Staged:
        """As `stage`, for a commit and the build's settings."""
        key = (commit, cloud_build, *_identity(source))

        def make() -> Staged:
            tracked = self._listing(commit)
            rules = self._rules(source, tracked, cloud_build)
            return self._with_includes(source, tracked, rules, commit)

        return self._staged.get(key, make)

    def learned(self, last: LastImage, staged: Staged, source: BuildSource, cloud_build: bool) -> Learned | None:
        """What the last good image teaches of a staged commit; None where this repository does not have its commit."""
        from deploy_lib.source.last_image.learn import learn

        known = self._git.run("rev-parse", "--verify", "--quiet", f"{last.commit}^{{commit}}", fine=(0, 1, 128))
        if not known or not last.is_of(source):
            return None
        return learn(last, self.stage_commit(last.commit, source, cloud_build), staged, source)

    def stage_worktree(self, source: BuildSource, cloud_build: bool) -> Staged:
        """The same for what would ship if everything on the disk were committed."""
        if not self._status.head:
            raise DriverError(f"{self._git.root} has no commit yet, and releases are made from commits", "git commit")
        tracked = if_all_were_committed(self._listing(self._status.head), self._status, self._disk)
        rules = self._rules(source, tracked, cloud_build)
        return self._with_includes(source, tracked, rules, self._status.head)

    def missing_file_context(self, commit: str) -> MissingFileContext:
        """What explains an absence. The disk is read on the first call."""
        past = self._pasts.setdefault(commit, FileHistory(self._git, commit))
        return MissingFileContext(
            self._listing(commit),
            self._uncommitted,
            past.find,
            past.expect,
            lambda: past.complete,
            past.held_lately,
        )

    def differences(self) -> Mapping[str, DiskFile]:
        """Every file whose state on the disk is not that of HEAD, by repository path."""
        return self._uncommitted

    def _changes(self, service: Service, cloud_build: bool) -> tuple[Change, ...]:
        from deploy_lib.drivers.source.changes import Checkout

        source, head = service.source, self._status.head
        listing = self._listing(head)
        tracked = if_all_were_committed(listing, self._status, self._disk, hashed=False)
        rules = self._rules(source, tracked, cloud_build)
        root = _inside(source.context)
        everything = with_everything(listing, self._status, self._disk, root, rules)
        staged = self._stage(source, everything, {}, rules, head)

        def imported() -> frozenset[str]:
            return frozenset(self._analyse(staged, head, service, False).modules.values())

        dockerfile = _inside(source.dockerfile)
        read_by_build = {dockerfile, *names_of_ignore_files(root, dockerfile)}
        read_by_build |= {posixpath.join(root, path) for path in staged.contents.installs}
        return Checkout(
            self._uncommitted,
            rules,
            staged,
            listing,
            imported,
            included=frozenset(file.path for file in self._disk.included(source).files),
            build_files=frozenset(read_by_build),
        ).changes()

    def _with_includes(self, source: BuildSource, tracked: Listing, rules: IgnoreRules, commit: str) -> Staged:
        """The listing, with the files that include: takes from the disk, and what is wrong with its patterns."""
        included = self._disk.included(source)
        generated = {file.path: file for file in included.files if file.path not in tracked}
        staged = self._stage(source, tracked, generated, rules, commit)
        context = replace(staged.context, findings=(*staged.context.findings, *included.findings))
        return replace(staged, context=context)

    def _stage(
        self, source: BuildSource, tracked: Listing, generated: Listing, rules: IgnoreRules, commit: str
    ) -> Staged:
        with _in_words():
            return stage_files(source, tracked, generated, rules, self._read, lambda: self.missing_file_context(commit))

    def _rules(self, source: BuildSource, tracked: Listing, cloud_build: bool) -> IgnoreRules:
        _inside(source.context)
        _inside(source.dockerfile)
        with _in_words():
            return rules_of(source, tracked, self._read, cloud_build=cloud_build)

    def _analyse(
        self,
        staged: Staged,
        commit: str,
        service: Service,
        undeclared: bool,
        known: Known | None = None,
    ) -> Analysis:
        from deploy_lib.drivers.parse_workers import side_by_side
        from deploy_lib.source.analyse import analyse
        from deploy_lib.source.entrypoint import start_of

        return analyse(
            staged.contents,
            staged.context,
            staged.read_many,
            lambda: self.missing_file_context(commit),
            start_of(service),
            self._cache,
            undeclared,
            known,
            side_by_side,
        )

    def _listing(self, commit: str) -> Listing:
        return self._listings.get(commit, lambda: list_commit(self._git, commit))

    def _read(self, files: Iterable[TreeFile]) -> Iterator[bytes]:
        for from_disk, group in groupby(files, self._disk.holds):
            if from_disk:
                yield from map(self._disk.read, group)
            else:
                yield from self._blobs.read_many(group)

    def _sizes(self, files: list[TreeFile]) -> Iterator[int]:
        unknown = self._blobs.sizes([file for file in files if file.size == UNKNOWN_SIZE])
        return (next(unknown) if file.size == UNKNOWN_SIZE else file.size for file in files)

    @property
    def _status(self) -> WorktreeStatus:
        return self._statuses.get(None, lambda: read_status(self._git))

    @property
    def _uncommitted(self) -> Mapping[str, DiskFile]:
        return self._uncommitted_files.get(
            None, lambda: UncommittedFiles(self._git.root, with_rules(self._git, self._status.files.values()))
        )


def _identity(source: BuildSource) -> _Key:
    return source.context, source.dockerfile, source.include, tuple(sorted(source.args.items())), source.target


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """What source truth refuses to read, as the error of a driver."""
    try:
        yield
    except UnicodeError:
        raise
    except ValueError as error:
        raise DriverError(str(error)) from None


def _inside(path: str) -> str:
    try:
        return clean_root(path)
    except ValueError as error:
        raise DriverError(str(error), "write it relative to the repository's top directory") from None
