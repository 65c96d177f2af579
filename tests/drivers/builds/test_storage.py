"""The bucket of archives and logs over the official client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.storage import ONE_REQUEST, Bucket, build_bucket
from tests.drivers.builds.conftest import BuildHarness

LARGE = 2 * ONE_REQUEST + 12_345


def bucket(harness: BuildHarness) -> Bucket:
    return Bucket(Calls(harness.clients, harness.clock), build_bucket(harness.project))


def pieces(size: int, asked: list[int] | None = None) -> Iterator[bytes]:
    if asked is not None:
        asked.append(size)
    for start in range(0, size, 100_000):
        yield bytes([start // 100_000 % 251]) * min(100_000, size - start)


def test_a_missing_bucket_is_made_and_an_object_is_sent_once(harness: BuildHarness) -> None:
    asked: list[int] = []
    store = bucket(harness)
    assert store.generation("source/a.tgz") is None
    first = store.put_once("source/a.tgz", lambda: pieces(250_000, asked))
    assert store.generation("source/a.tgz") == first
    assert store.put_once("source/a.tgz", lambda: iter([b"other"])) == first
    assert store.read("source/a.tgz") == b"".join(pieces(250_000))
    assert asked == [250_000]


def test_a_large_object_goes_in_chunks_of_unknown_number(harness: BuildHarness) -> None:
    store = bucket(harness)
    store.put_once("large", lambda: pieces(LARGE))
    assert store.read("large") == b"".join(pieces(LARGE))


@pytest.mark.parametrize("size", [0, 1, ONE_REQUEST, ONE_REQUEST + 1])
def test_sizes_at_the_edges(harness: BuildHarness, size: int) -> None:
    store = bucket(harness)
    store.put_once("edge", lambda: pieces(size))
    assert store.read("edge") == b"".join(pieces(size))


def test_a_lost_answer_to_an_upload_is_settled_by_looking(harness: BuildHarness) -> None:
    harness.cloud.faults({"method": "storage.objects.insert", "code": "UNAVAILABLE", "after": True})
    store = bucket(harness)
    assert store.put_once("a", lambda: iter([b"x"])) == store.generation("a")
    assert harness.cloud.fired() == [1]


def test_a_failed_upload_is_begun_again(harness: BuildHarness) -> None:
    harness.cloud.faults({"method": "storage.objects.insert", "code": "UNAVAILABLE"})
    store = bucket(harness)
    store.put_once("a", lambda: pieces(LARGE))
    assert store.read("a") == b"".join(pieces(LARGE))


def test_only_what_is_new_is_read(harness: BuildHarness) -> None:
    store = bucket(harness)
    store.put_once("log", lambda: iter([b"0123456789"]))
    assert [store.read("log", start) for start in (0, 7, 10, 99)] == [b"0123456789", b"789", b"", b""]
    assert store.read("none") is None


def test_a_bucket_of_another_project_gets_nothing(harness: BuildHarness) -> None:
    other = BuildHarness(harness.cloud, harness.cloud.name("other"), harness.state, harness.store)
    bucket(other).put_once("a", lambda: iter([b"x"]))
    store = Bucket(Calls(harness.clients, harness.clock), build_bucket(other.project))
    with pytest.raises(DriverError, match="belongs to another project"):
        store.put_once("secret", lambda: iter([b"source"]))
    assert bucket(other).read("secret") is None


def test_who_may_not_make_the_bucket_is_told_so(harness: BuildHarness) -> None:
    harness.cloud.faults({"method": "storage.buckets.insert", "code": "PERMISSION_DENIED", "message": "no"})
    with pytest.raises(DriverError, match="create the bucket") as refused:
        bucket(harness).put_once("a", lambda: iter([b"x"]))
    assert "storage.buckets.create" in refused.value.reason


def test_the_bucket_is_gclouds() -> None:
    assert build_bucket("netra-staging") == "netra-staging_cloudbuild"
    assert build_bucket("example.com:google-app") == "example_com_elgoog-app_cloudbuild"
