"""Several instances of a revision, as in the production profile: started when needed, and no more than may be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from google.cloud.run_v2 import Service

from deploy_lib.local_cloud.emulator.profile.profile import Profile
from deploy_lib.local_cloud.engines.model import Engine
from tests.local_cloud.emulator.run.bench import RunBench, template
from tests.waits import WITHIN, until


@pytest.fixture(scope="module")
def bench(engine: Engine, subject: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunBench]:
    root = tmp_path_factory.mktemp("scaling")
    with closing(RunBench(engine, subject, root, profile=Profile("scaling", scales=True))) as bench:
        yield bench


@contextmanager
def under_way(bench: RunBench, url: str) -> Iterator[None]:
    """A request that has begun in an instance, and ends with the block."""
    with bench.http.stream("GET", f"{url}/stream?{2 * WITHIN}") as answer:
        pieces = answer.iter_bytes()  # whose own end would end the request
        assert next(pieces) == b"0\n"
        yield


def test_an_instance_more_is_started_for_who_finds_none_free(bench: RunBench) -> None:
    wanted = template("many-a")
    wanted.max_instance_request_concurrency, wanted.scaling.max_instance_count = 1, 3
    url = bench.deploy("many", Service(template=wanted)).uri
    with under_way(bench, url), under_way(bench, url), under_way(bench, url):
        assert sum("AUTOSCALING" in line for line in bench.told.of("many-a", "system")) == 2
        assert bench.http.get(url).status_code == 429
    instances = until(lambda: found if len(found := _took(bench, "many-a")) == 3 else None)
    assert len(set(instances)) == 3, "one for each request"
    assert bench.http.get(url).status_code == 200


def test_429_where_there_may_be_no_more(bench: RunBench) -> None:
    wanted = template("few-a")
    wanted.max_instance_request_concurrency, wanted.scaling.max_instance_count = 2, 1
    url = bench.deploy("few", Service(template=wanted)).uri
    with under_way(bench, url):
        assert bench.http.get(url).status_code == 200, "it takes two at once"
        with under_way(bench, url):
            refused = bench.http.get(url)
    assert (refused.status_code, refused.text) == (429, "Rate exceeded.")
    assert sum("no available instance" in text for text in bench.told.of("few-a", "requests")) == 1
    assert bench.http.get(url).status_code == 200


def _took(bench: RunBench, revision: str) -> list[str]:
    """The instance of each request that one took."""
    labels = [*bench.told.labels]
    return [each for name, stream, each, _ in labels if (name, stream) == (revision, "requests") and each]
