"""Packing the build context of a commit: ours beside git's own archive, and beside what gcloud does for an upload."""

from __future__ import annotations

import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .bench_figures import Bench, Figure, compared, median

if TYPE_CHECKING:
    from deploy_lib.source.model import Staged


def figures(bench: Bench) -> Iterator[Figure]:
    large = bench.large
    sizes: list[int] = []
    ours = median(lambda: _pack(large, sizes), 3)
    git = median(lambda: bench.run("sh", "-c", "git archive HEAD | gzip > /dev/null", cwd=large).seconds, 3)
    what = f"read, pack and compress 9,000 files ({sizes[0] / 2**20:.1f} MiB)"
    yield Figure(what, f"{ours:.3f} s")
    yield compared("archive", git, ours)
    packed = bench.run("sh", "-c", "git archive HEAD | gzip | wc -c", cwd=large).output
    yield Figure("size of git's", f"{int(packed) / 2**20:.1f} MiB; ours is {sizes[0] / int(packed):.2f} times that")
    gcloud = median(lambda: _pack_as_gcloud(large, bench.place / "gcloud.tgz"), 1)
    yield compared("archive-disk", gcloud, ours)
    same = median(lambda: _identify(large), 3)
    yield Figure("the identity of an unchanged context, nothing read", f"{same:.3f} s")


def _pack(root: Path, sizes: list[int]) -> float:
    """Seconds from a staged context to its last byte; git's process is started within."""
    from deploy_lib.source.archive import archive

    with _staged(root) as staged:
        begun = time.perf_counter()
        sizes.append(sum(len(piece) for piece in archive(staged)))
        return time.perf_counter() - begun


def _identify(root: Path) -> float:
    from deploy_lib.source.archive import context_hash

    with _staged(root) as staged:
        begun = time.perf_counter()
        context_hash(staged, {}, None)
        return time.perf_counter() - begun


def _pack_as_gcloud(root: Path, target: Path) -> float:
    begun = time.perf_counter()
    with tarfile.open(target, "w:gz") as packed:
        for path in sorted(root.rglob("*")):
            if ".git" not in path.relative_to(root).parts:
                packed.add(path, str(path.relative_to(root)), recursive=False)
    return time.perf_counter() - begun


@contextmanager
def _staged(root: Path) -> Iterator[Staged]:
    from deploy_lib.drivers.fact_cache import NoFactCache
    from deploy_lib.drivers.source.driver import GitSource
    from deploy_lib.model.service import BuildSource

    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True).stdout
    source = GitSource(root, NoFactCache())
    try:
        yield source.stage_commit(commit.strip(), BuildSource(), cloud_build=True)
    finally:
        source.close()
