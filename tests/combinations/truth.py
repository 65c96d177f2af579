"""What is so: the commit's context is built, the image started, and whether the server came to serve is seen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rehearse.repository import Repository

from deploy_lib.cli.image_facts import facts_from
from deploy_lib.drivers.builds.check import plan_check
from deploy_lib.drivers.builds.check_result import read_check
from deploy_lib.drivers.builds.findings import ResultContext
from deploy_lib.drivers.builds.local_check import run_check
from deploy_lib.drivers.builds.source_analysis import entrypoint_of
from deploy_lib.drivers.builds.staging import write_build
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.fact_cache import NoFactCache
from deploy_lib.drivers.source.driver import GitSource
from deploy_lib.local_cloud.engines.model import BuildFailed, BuildSpec, Engine, EngineError, RunSpec
from deploy_lib.model.requests import ImportCheck
from deploy_lib.model.service import BuildSource
from deploy_lib.source.entrypoint import GivenStart
from deploy_lib.source.last_image.record import LastImage
from tests.combinations.generator import Combination
from tests.source.git_repository import release_of

_LONGEST = 60.0  # seconds for a start, on a machine that is busy with other things


@dataclass(frozen=True, slots=True)
class Truth:
    """`said` is the build's reason, or the last of what the process printed."""

    starts: bool
    said: str


def commit(made: Combination, root: Path) -> Repository:
    """The repository as its author has it: what an earlier commit held, this one, and what is on the disk only."""
    repository = Repository.empty(root)
    for path, text in {**made.draft.files, **made.draft.before}.items():
        _write(root / path, text, executable=path in made.draft.executable)
    if made.draft.before:
        repository.commit("Open the shop")
        for path in made.draft.before:
            (root / path).unlink()
    repository.commit("Tidy up")
    for path, text in made.draft.disk.items():
        _write(root / path, text)
    return repository


def _write(path: Path, text: str, *, executable: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    path.chmod(0o755 if executable else 0o644)


def commit_over(made: Combination, repository: Repository) -> None:
    """A further commit that holds what it holds, and no other file."""
    for path in sorted(repository.root.rglob("*")):
        if path.is_file() and ".git" not in path.relative_to(repository.root).parts:
            path.unlink()
    for path, text in made.draft.files.items():
        _write(repository.root / path, text, executable=path in made.draft.executable)
    repository.write("NOTES.md", "Something changes in every commit.\n")
    repository.commit("Change it")
    for path, text in made.draft.disk.items():
        _write(repository.root / path, text)


def seen_inside(engine: Engine, repository: Repository, dockerfile: str, place: Path) -> LastImage:
    """The facts of the image of the commit that is checked out, as the import check of a release notes them."""
    source = BuildSource(dockerfile=dockerfile)
    release = release_of(repository.head(), source, builder="namespaces")
    git = GitSource(repository.root, NoFactCache())
    try:
        staged = git.stage_commit(release.commit, source, True)
        image = engine.build(BuildSpec(*write_build(staged, place)), lambda line: None, lambda: False)
        entry = entrypoint_of(staged, GivenStart())
        check = ImportCheck(also=("json",))  # something, where no start is known
        plan = plan_check(check, release.service, entry, staged.contents.workdir, "n")
        output, why = run_check(engine, plan, image.digest, SystemClock(), _LONGEST, lambda line: None)
        inside = read_check(output, ResultContext(plan, "services.shop", staged), why).inside
    finally:
        git.close()
    assert inside is not None, why
    facts = facts_from(release, inside)
    assert facts is not None
    return facts


def truth(engine: Engine, made: Combination, repository: Repository, place: Path) -> Truth:
    """`place` is an empty directory."""
    source = GitSource(repository.root, NoFactCache())
    try:
        staged = source.stage_commit(repository.head(), BuildSource(dockerfile=made.dockerfile), True)
        context, dockerfile = write_build(staged, place)
    finally:
        source.close()
    printed: list[str] = []
    try:
        image = engine.build(BuildSpec(context, dockerfile), printed.append, lambda: False)
    except BuildFailed as failure:
        return Truth(False, f"the build failed: {failure.reason}")
    try:
        container = engine.run(RunSpec(image=image.digest, network=False, env={"PORT": "8080"}))
    except EngineError as problem:
        return Truth(False, problem.reason)
    code = container.wait(_LONGEST)
    output = container.stdout.read().decode(errors="replace")
    errors = container.stderr.read().decode(errors="replace")
    starts = code == 0 and "serving" in output.splitlines()
    return Truth(starts, json.dumps((errors.strip() or output.strip())[-600:]))
