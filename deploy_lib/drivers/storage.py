"""One bucket of Cloud Storage: source archives go in, build logs and check results come out.

Unless the YAML names one, the bucket is the one `gcloud builds submit` uses, so that permissions given for it serve
here too. Its name can be guessed, and bucket names are global: a bucket of that name in someone else's project must
not get the source, so ownership is looked up before anything is uploaded
(https://cloud.google.com/storage/docs/buckets#naming). A bucket that the YAML names may be any project's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, cast

from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.status_code import StatusCode

if TYPE_CHECKING:
    from google.cloud.storage import Blob

ONE_REQUEST = 8 * 2**20  # bytes; a longer object is sent in chunks of this size
_PATIENCE = 120.0  # seconds for one request


def build_bucket(project: str) -> str:
    """The bucket gcloud keeps a project's build sources in: "P_cloudbuild"; bucket names may not contain "google"."""
    return project.replace(":", "_").replace(".", "_").replace("google", "elgoog") + "_cloudbuild"


class Bucket:
    """All methods raise DriverError. `named` in the YAML: whoever owns it. A new one is made in `region`."""

    def __init__(self, calls: Calls, name: str, *, named: bool = False, region: str | None = None) -> None:
        self._calls = calls
        self.name = name
        self._named = named
        self._region = region
        self._ours = False

    def generation(self, name: str) -> int | None:
        """Of the object; None when there is none, or no bucket."""

        def look() -> int | None:
            blob = self._blob_found(name)
            return int(blob.generation) if blob is not None else None

        return self._calls.make("get_object", look, f"look up gs://{self.name}/{name}")

    def put_once(self, name: str, pieces: Callable[[], Iterable[bytes]]) -> int:
        """Create the object unless it exists; its generation. `pieces` is called again when a try is lost.

        The object's name must stand for its content: what is there already is taken as equal.
        """
        self.ensure()
        try:
            self._calls.make("put_object", lambda: self._send(name, pieces()), f"upload gs://{self.name}/{name}")
        except ApiError as problem:
            if (
                problem.code is not StatusCode.FAILED_PRECONDITION
            ):  # else it came to be meanwhile, perhaps by a lost try of ours
                raise
        found = self.generation(name)
        if found is None:
            raise DriverError(f"gs://{self.name}/{name} was uploaded and is gone again", "try again")
        return found

    def read(self, name: str, start: int = 0) -> bytes | None:
        """The object from that byte on; b"" when it is no longer than that, None when there is none."""

        def fetch() -> bytes | None:
            from google.api_core import exceptions

            try:
                blob = self._calls.clients.storage.bucket(self.name).blob(name)
                data = blob.download_as_bytes(start=start, checksum=None, retry=None, timeout=_PATIENCE)
                return cast(bytes, data)
            except exceptions.NotFound:
                return None
            except exceptions.RequestRangeNotSatisfiable:
                return b""

        return self._calls.make("get_object", fetch, f"read gs://{self.name}/{name}")

    def remove(self, name: str) -> None:
        """The object; nothing happens where there is none."""

        def delete() -> None:
            from google.api_core import exceptions

            try:
                self._calls.clients.storage.bucket(self.name).blob(name).delete(retry=None, timeout=_PATIENCE)
            except exceptions.NotFound:
                return

        self._calls.make("delete_object", delete, f"remove gs://{self.name}/{name}")

    def _blob_found(self, name: str) -> Blob | None:
        found = self._calls.clients.storage.bucket(self.name).get_blob(name, retry=None, timeout=_PATIENCE)
        return cast("Blob | None", found)

    def _send(self, name: str, pieces: Iterable[bytes]) -> None:
        blob = self._calls.clients.storage.bucket(self.name).blob(name, chunk_size=ONE_REQUEST)
        start, rest = _split(iter(pieces), ONE_REQUEST)
        if not rest:
            blob.upload_from_string(
                start, content_type="application/gzip", if_generation_match=0, retry=None, timeout=_PATIENCE
            )
            return
        blob.upload_from_file(
            _Stream(chain([start, *rest], pieces)),
            content_type="application/gzip",
            if_generation_match=0,
            retry=None,
            timeout=_PATIENCE,
        )

    def ensure(self) -> None:
        """Make the bucket when it is missing; DriverError when it belongs to another project. Looks once."""
        if not self._ours:
            self._make_sure()
            self._ours = True

    def _listed(self) -> bool:
        """Whether the project has it, or anybody has the one that the YAML names."""
        client = self._calls.clients.storage

        def look() -> bool:
            if self._named:
                return client.lookup_bucket(self.name, retry=None, timeout=_PATIENCE) is not None
            found = client.list_buckets(prefix=self.name, retry=None, timeout=_PATIENCE)
            return any(bucket.name == self.name for bucket in found)

        return self._calls.make("get_bucket", look, f"look up the bucket gs://{self.name}")

    def _make_sure(self) -> None:
        client = self._calls.clients.storage
        try:
            if self._listed():
                return
        except ApiError as problem:
            if problem.code is not StatusCode.PERMISSION_DENIED:
                raise
            return  # who may not look at buckets may still write to this one
        try:
            self._calls.make(
                "create_bucket",
                lambda: client.create_bucket(self.name, location=self._region, retry=None, timeout=_PATIENCE),
                f"create the bucket gs://{self.name} for source archives",
            )
        except ApiError as problem:
            if problem.code not in (StatusCode.ABORTED, StatusCode.ALREADY_EXISTS):
                raise
            if self._listed():  # made by someone else meanwhile
                return
            raise self._not_ours() from None

    def _not_ours(self) -> DriverError:
        return DriverError(
            f"the bucket gs://{self.name} belongs to another project, so nothing is kept in it",
            "name another bucket with bucket:, or ask its owner to give it up",
        )

    def refusal(self) -> DriverError | None:
        """Why nothing in a bucket that is there may be believed; None where it is ours, or that is not known.

        Nothing is made.
        """
        if self._ours:
            return None
        try:
            self._ours = self._listed()
        except ApiError:
            return None
        return None if self._ours else self._not_ours()


class _Stream:
    """What the client reads an upload of unknown length from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._pending = b""
        self._position = 0

    def tell(self) -> int:
        return self._position

    def read(self, size: int) -> bytes:
        parts, length = [self._pending], len(self._pending)
        while length < size and (piece := next(self._pieces, None)) is not None:
            parts.append(piece)
            length += len(piece)
        data = b"".join(parts)
        self._pending = data[size:]
        self._position += min(length, size)
        return data[:size]


def _split(pieces: Iterator[bytes], size: int) -> tuple[bytes, list[bytes]]:
    """The first pieces joined, and the one that went beyond `size`, if there is one."""
    start = bytearray()
    for piece in pieces:
        if len(start) + len(piece) > size:
            return bytes(start), [piece]
        start += piece
    return bytes(start), []
