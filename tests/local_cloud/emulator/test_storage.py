"""Cloud Storage of the local cloud, asked through Google's own client and, where that hides the wire, plain HTTP."""

from __future__ import annotations

import base64
import io
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import google_crc32c
import httpx
import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from deploy_lib.local_cloud.emulator.storage.routes import storage_routes
from deploy_lib.local_cloud.emulator.storage.store import Storage
from tests.local_cloud.emulator.http_app import serving

MiB = 1024 * 1024


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    store = Storage(tmp_path_factory.mktemp("storage"))
    with serving(storage_routes(store, lambda _, serve: serve)) as url:
        yield url


@pytest.fixture(scope="module")
def client(address: str) -> storage.Client:
    return storage.Client("p", credentials=AnonymousCredentials(), client_options={"api_endpoint": address})


@pytest.fixture
def bucket(client: storage.Client) -> storage.Bucket:
    return client.create_bucket(f"bucket-{uuid.uuid4().hex}")


def test_a_bucket_can_be_made_found_listed_and_deleted(client: storage.Client) -> None:
    client.create_bucket("made-here", location="europe-west1")
    assert client.get_bucket("made-here").location == "EUROPE-WEST1"
    assert "made-here" in [b.name for b in client.list_buckets()]
    client.get_bucket("made-here").delete()
    with pytest.raises(exceptions.NotFound, match="does not exist"):
        client.get_bucket("made-here")


def test_bucket_mistakes_are_refused_as_google_refuses_them(client: storage.Client, bucket: storage.Bucket) -> None:
    with pytest.raises(exceptions.Conflict):
        client.create_bucket(bucket.name)
    with pytest.raises(exceptions.BadRequest, match="Invalid bucket name"):
        client.create_bucket("Not.../A_bucket")
    bucket.blob("kept").upload_from_string("x")
    with pytest.raises(exceptions.Conflict, match="not empty"):
        bucket.delete()


@pytest.mark.parametrize("name", ["plain", "a/b/c.txt", "spaces and ü", "per%2Fcent", "q?a=1#x", "../../etc/passwd"])
def test_small_objects_come_back_whole_under_any_name(bucket: storage.Bucket, name: str) -> None:
    blob = bucket.blob(name)
    blob.metadata = {"owner": "me"}
    blob.upload_from_string("hello", content_type="text/plain")
    found = bucket.get_blob(name)
    assert (found.name, found.size, found.content_type) == (name, 5, "text/plain")
    assert found.metadata == {"owner": "me"}
    assert found.crc32c == base64.b64encode(google_crc32c.value(b"hello").to_bytes(4, "big")).decode()
    assert found.download_as_bytes() == b"hello"
    found.delete()
    assert bucket.get_blob(name) is None


def test_a_large_object_goes_up_in_resumable_chunks(bucket: storage.Bucket) -> None:
    data = os.urandom(9 * MiB + 17)
    blob = bucket.blob("large", chunk_size=2 * MiB)
    blob.upload_from_file(io.BytesIO(data), size=len(data), checksum="crc32c")
    assert blob.size == len(data)
    assert bucket.blob("large").download_as_bytes(checksum="md5") == data
    assert bucket.blob("large").download_as_bytes(start=10, end=19) == data[10:20]


def test_a_file_over_eight_mebibytes_is_resumable_by_itself(bucket: storage.Bucket, tmp_path: Path) -> None:
    path = tmp_path / "context.tar.gz"
    path.write_bytes(os.urandom(8 * MiB + 1))
    bucket.blob("ctx").upload_from_filename(path, if_generation_match=0)
    bucket.blob("ctx").download_to_filename(tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == path.read_bytes()


def test_generation_zero_means_only_when_there_is_none(bucket: storage.Bucket) -> None:
    lease = bucket.blob("lease")
    lease.upload_from_string("first", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed) as caught:
        bucket.blob("lease").upload_from_string("second", if_generation_match=0)
    assert caught.value.response.json()["error"]["errors"][0]["reason"] == "conditionNotMet"
    assert bucket.blob("lease").download_as_bytes() == b"first"


@pytest.mark.parametrize("size", [10, 9 * MiB])
def test_an_object_is_replaced_only_from_the_generation_read(bucket: storage.Bucket, size: int) -> None:
    blob = bucket.blob("state")
    blob.upload_from_string("one")
    first = blob.generation
    bucket.blob("state").upload_from_string(b"2" * size, if_generation_match=first)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("state").upload_from_string(b"3" * size, if_generation_match=first)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("state").delete(if_generation_match=first)
    assert bucket.get_blob("state").generation > first
    with pytest.raises(exceptions.NotFound):
        bucket.blob("state", generation=first).download_as_bytes()


def test_metadata_changes_count_the_metageneration_only(bucket: storage.Bucket) -> None:
    blob = bucket.blob("m")
    blob.upload_from_string("x")
    generation = blob.generation
    blob.metadata = {"a": "1", "b": "2"}
    blob.patch(if_metageneration_match=1)
    blob.metadata = {"b": None}
    blob.cache_control = "no-store"
    blob.patch()
    assert (blob.generation, blob.metageneration) == (generation, 3)
    assert (blob.metadata, blob.cache_control) == ({"a": "1"}, "no-store")
    with pytest.raises(exceptions.PreconditionFailed):
        blob.patch(if_metageneration_match=1)


def test_listing_pages_through_every_name_once(client: storage.Client, bucket: storage.Bucket) -> None:
    names = [f"logs/{n:02}" for n in range(7)] + ["other", "src/a"]
    for name in names:
        bucket.blob(name).upload_from_string("")
    assert [b.name for b in client.list_blobs(bucket, page_size=2)] == names
    assert [b.name for b in client.list_blobs(bucket, prefix="logs/0", page_size=3)] == names[:7]
    folded = client.list_blobs(bucket, delimiter="/", page_size=1)
    assert [b.name for b in folded] == ["other"]
    assert folded.prefixes == {"logs/", "src/"}


def test_a_wrong_checksum_stores_nothing(address: str, bucket: storage.Bucket) -> None:
    url = f"{address}/upload/storage/v1/b/{bucket.name}/o"
    answer = httpx.post(
        url,
        params={"uploadType": "media", "name": "bad"},
        content=b"data",
        headers={"X-Goog-Hash": "crc32c=AAAAAA=="},
    )
    assert answer.status_code == 400
    assert "doesn't match calculated CRC32C" in answer.json()["error"]["message"]
    assert bucket.get_blob("bad") is None


def test_a_broken_session_says_how_far_it_came_and_goes_on(address: str, bucket: storage.Bucket) -> None:
    url = f"{address}/upload/storage/v1/b/{bucket.name}/o"
    opened = httpx.post(url, params={"uploadType": "resumable", "name": "r"}, json={})
    where = opened.headers["Location"]
    sent = httpx.put(where, content=b"abcd", headers={"Content-Range": "bytes 0-3/8"})
    assert (sent.status_code, sent.headers["Range"]) == (308, "bytes=0-3")
    gap = httpx.put(where, content=b"gh", headers={"Content-Range": "bytes 6-7/8"})
    assert (gap.status_code, gap.headers["Range"]) == (308, "bytes=0-3")
    again = httpx.put(where, content=b"cdefgh", headers={"Content-Range": "bytes 2-7/8"})
    assert again.status_code == 200
    asked = httpx.put(where, headers={"Content-Range": "bytes */8"})
    assert asked.json()["generation"] == again.json()["generation"]
    assert bucket.blob("r").download_as_bytes() == b"abcdefgh"


@pytest.mark.parametrize(
    ("header", "status", "body"),
    [
        ("bytes=2-4", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-3", 206, b"789"),
        ("bytes=5-99", 206, b"56789"),
        ("bytes=10-", 416, None),
        ("bytes=4-2", 416, None),
        ("lines=1-2", 200, b"0123456789"),
    ],
)
def test_ranges(address: str, bucket: storage.Bucket, header: str, status: int, body: bytes | None) -> None:
    bucket.blob("digits").upload_from_string("0123456789")
    url = f"{address}/storage/v1/b/{bucket.name}/o/digits?alt=media"
    answer = httpx.get(url, headers={"Range": header})
    assert answer.status_code == status
    if body is not None:
        assert answer.content == body


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/storage/v1/b/none-such/o", 404),
        ("GET", "/storage/v1/b/none-such/acl", 501),
        ("POST", "/upload/storage/v1/b/none-such/o?uploadType=media&name=x", 404),
        ("POST", "/upload/storage/v1/b/none-such/o?uploadType=odd&name=x", 400),
        ("GET", "/storage/v1/b/none-such/o?maxResults=many", 400),
        ("GET", "/storage/v1/b/none-such/o?pageToken=%F0", 400),
        ("PUT", "/upload/storage/v1/b/none-such/o?upload_id=gone", 404),
    ],
)
def test_bad_requests_answer_in_googles_error_form(address: str, verb: str, path: str, status: int) -> None:
    answer = httpx.request(verb, address + path)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == status


def test_objects_outlive_the_process_and_leftovers_do_not(tmp_path: Path) -> None:
    store = Storage(tmp_path)
    store.create_bucket("kept-bucket", "p")
    store.put("kept-bucket", "a", b"one")
    store.append("kept-bucket", "a", b" two")
    half_sent = store.begin("kept-bucket")
    half_sent.write(b"never finished")
    again = Storage(tmp_path)
    with again.open(again.get("kept-bucket", "a")) as file:
        assert file.read() == b"one two"
    assert len(list((tmp_path / "kept-bucket" / "data").iterdir())) == 1


def test_an_appended_object_keeps_a_true_checksum(tmp_path: Path) -> None:
    store = Storage(tmp_path)
    store.create_bucket("logs-bucket", "p")
    for word in (b"one ", b"two ", b"three"):
        item = store.append("logs-bucket", "log", word)
    whole = google_crc32c.value(b"one two three").to_bytes(4, "big")
    assert (item.crc32c, item.size) == (base64.b64encode(whole).decode(), 13)
