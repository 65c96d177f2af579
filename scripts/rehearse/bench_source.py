"""Reading the truth from git: listing a commit of 9,000 files, applying ignore rules, predicting the image."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from .bench_figures import TOOL, Bench, Figure, beside, median


def figures(bench: Bench) -> Iterator[Figure]:
    large = bench.large
    ours = median(lambda: _stage(large))
    yield Figure("build context and image contents of 9,000 files", f"{ours:.3f} s")
    status = median(lambda: bench.run("git", "status", "--porcelain", cwd=large).seconds)
    yield beside("git status, same tree", status, ours)
    ruff = shutil.which("ruff", path=str(Path(TOOL[0]).parent)) or shutil.which("ruff")
    if ruff:
        graph = median(lambda: bench.run(ruff, "analyze", "graph", "--quiet", "--preview", cwd=large).seconds, 3)
        yield beside("ruff analyze graph, same tree", graph, ours)
    if shutil.which("gcloud"):
        listed = median(lambda: bench.run("gcloud", "meta", "list-files-for-upload", str(large)).seconds, 1)
        yield beside("gcloud meta list-files-for-upload, same tree", listed, ours)
    else:
        yield Figure("gcloud meta list-files-for-upload", "gcloud is not installed here")


def _stage(root: Path) -> float:
    """Seconds from nothing known to the predicted image, imports of the library aside."""
    import subprocess

    from deploy_lib.drivers.fact_cache import NoFactCache
    from deploy_lib.drivers.source.driver import GitSource
    from deploy_lib.model.service import BuildSource

    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True).stdout
    begun = time.perf_counter()
    source = GitSource(root, NoFactCache())
    staged = source.stage_commit(commit.strip(), BuildSource(), cloud_build=True)
    seconds = time.perf_counter() - begun
    source.close()
    assert len(staged.contents.files) > 7000, "the generated repository is not what it should be"
    return seconds
