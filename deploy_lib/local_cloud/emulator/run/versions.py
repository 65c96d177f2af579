"""The version of a service or job: update_time and the etag made from it. Pure.

Both move with a write of the wanted state alone, never with what Cloud Run itself finds out afterwards; the etag is
"B64(update time)/B64(full name)", the time as a google.protobuf.Timestamp [recorded].
"""

from __future__ import annotations

import base64
import datetime

from google.cloud.run_v2.types import Job, Service
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[attr-defined]

_STEP = datetime.timedelta(microseconds=1)


def stamp(resource: Service | Job, now: datetime.datetime) -> None:
    """A new version, later than the one before; in place. The resource has its name."""
    before = resource.update_time
    resource.update_time = now if before is None or before < now else before + _STEP
    resource.etag = etag(resource.update_time, resource.name)


def etag(at: datetime.datetime, name: str) -> str:
    moment = Timestamp()
    moment.FromDatetime(at)
    return f'"{_text(moment.SerializeToString())}/{_text(name.encode())}"'


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
