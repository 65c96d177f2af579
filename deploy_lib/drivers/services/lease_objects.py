"""Deploy leases as objects of Cloud Storage, one for each service: Storage itself refuses a write over another's.

A write names the generation that it takes the place of (0: none), and is refused with 412 when the object is another
by then (https://cloud.google.com/storage/docs/request-preconditions). How old a lease is follows from Storage's own
times alone: when it wrote the object, and when it answered. So no clock of a deployer's machine has a say in it.

The bucket is the one that builds use, which need not be there yet.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.json_api import JsonAnswer
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.services.release_record import Lease
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.drivers.storage import Bucket, build_bucket
from deploy_lib.model.program import Invocation
from deploy_lib.model.service import Service

_HOST = "storage.googleapis.com"
_TIMEOUT = 20.0  # seconds for one request
_PART = "deploy-to-gcp-lease"  # between the two parts of an upload


@dataclass(frozen=True, slots=True)
class LeaseObject:
    """Where a lease is: `gs://bucket/name`."""

    bucket: str
    name: str

    def __str__(self) -> str:
        return f"gs://{self.bucket}/{self.name}"

    @classmethod
    def of(cls, service: Service) -> LeaseObject:
        """The one of a service; a bucket may be shared by projects."""
        kind = "" if service.job is None else "jobs/"
        name = f"deploy-to-gcp/leases/{service.project}/{service.region}/{kind}{service.cloud_run}"
        return cls(service.bucket or build_bucket(service.project), name)

    @classmethod
    def at(cls, address: str) -> LeaseObject:
        """The one at such an address, as `str` gives it."""
        bucket, _, name = address.removeprefix("gs://").partition("/")
        return cls(bucket, name)


@dataclass(frozen=True, slots=True)
class StoredLease:
    """A lease as Storage has it; its `until` and whether it is over are by Storage's clock."""

    lease: Lease
    generation: int
    is_over: bool


class LeaseObjects:
    """Raises DriverError. `ahead`: seconds that this machine's clock is before Storage's, as its last answer tells."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._buckets: dict[str, Bucket] = {}
        self.ahead = 0.0

    @property
    def program(self) -> Invocation:
        """For commands to type."""
        return self._calls.clients.program

    def read(self, where: LeaseObject) -> StoredLease | None:
        """None where there is none, or no bucket."""
        path = f"/storage/v1/b/{where.bucket}/o/{quote(where.name, safe='')}"
        try:
            answer = self._ask("get_lease", "GET", path, f"read the lease {where}")
        except ApiError as error:
            if error.code is StatusCode.NOT_FOUND:
                return None
            raise
        return _stored(answer)

    def write(self, service: Service, lease: Lease, lasts: float, over: int) -> StoredLease | None:
        """The lease, good for `lasts` seconds from now on; None when what is there is not of the generation `over`."""
        where = LeaseObject.of(service)
        if not over:  # whoever owns a bucket could read who deploys what, and block it
            self._bucket(service).ensure()
        told = {"holder": lease.holder, "token": lease.token, "since": lease.since.isoformat(), "lasts": str(lasts)}
        told |= {"release": lease.release_id or "", "why": lease.why}
        resource = json.dumps({"name": where.name, "contentType": "application/json", "metadata": told})
        body = "".join(
            f"--{_PART}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{part}\r\n"
            for part in (resource, json.dumps(told))
        )
        query = {"uploadType": "multipart", "ifGenerationMatch": str(over)}
        path, doing = f"/upload/storage/v1/b/{where.bucket}/o", f"write the lease {where}"
        try:
            answer = self._ask(
                "put_lease", "POST", path, doing, query=query, body=f"{body}--{_PART}--\r\n".encode(),
                content=f"multipart/related; boundary={_PART}",
            )  # fmt: skip
        except ApiError as error:
            if error.code is StatusCode.FAILED_PRECONDITION:
                return None
            raise
        return _stored(answer)

    def remove(self, service: Service, generation: int) -> bool:
        """The lease of that generation; False where it is another by now, or none."""
        where = LeaseObject.of(service)
        path = f"/storage/v1/b/{where.bucket}/o/{quote(where.name, safe='')}"
        query = {"ifGenerationMatch": str(generation)}
        try:
            self._ask("delete_object", "DELETE", path, f"remove the lease {where}", query=query)
        except ApiError as error:
            if error.code not in (StatusCode.NOT_FOUND, StatusCode.FAILED_PRECONDITION):
                raise
            return False
        return True

    def refusal(self, service: Service) -> DriverError | None:
        """Why a lease that is there says nothing: somebody else has taken the bucket's name, which can be guessed."""
        return self._bucket(service).refusal()

    def _ask(self, name: str, verb: str, path: str, doing: str, **more: Any) -> JsonAnswer:
        api = self._calls.clients.json_api
        before = api.told
        try:
            return self._calls.make(name, lambda: api.ask(verb, _HOST, path, timeout=_TIMEOUT, **more), doing)
        finally:  # a refusal has its time too
            if api.told is not None and api.told is not before:
                self.ahead = (self._calls.clock.now() - api.told).total_seconds()

    def _bucket(self, service: Service) -> Bucket:
        name = LeaseObject.of(service).bucket
        if name not in self._buckets:
            named = service.bucket is not None
            self._buckets[name] = Bucket(self._calls, name, named=named, region=service.home)
        return self._buckets[name]


def _stored(answer: JsonAnswer) -> StoredLease:
    """An object that somebody else put there counts as a lease that is over."""
    try:
        written = datetime.fromisoformat(str(answer.body["updated"])).astimezone(UTC)
        generation, now = int(answer.body["generation"]), answer.at or written
    except (KeyError, ValueError):
        raise DriverError("Cloud Storage's answer tells no lease", "try again") from None
    told = answer.body.get("metadata") or {}
    try:
        until = written + timedelta(seconds=float(told["lasts"]))
        since = datetime.fromisoformat(told["since"]).astimezone(UTC)
        lease = Lease(told["holder"], told["token"], since, until, told["release"] or None, told["why"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return StoredLease(Lease("somebody", "", written, written), generation, True)
    return StoredLease(lease, generation, until <= now)
