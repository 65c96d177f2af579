"""The JSON API's view of buckets, objects, queries and refusals.

Pure translations between the wire's JSON and the store's records. Shapes follow
https://cloud.google.com/storage/docs/json_api/v1/objects and .../buckets; sizes and generations are strings there.
"""

from __future__ import annotations

import base64
import urllib.parse
from collections.abc import Mapping
from typing import Any

from ..wire.times import utc
from .incoming import Expected
from .model import Conditions, Description, StorageRefusal, StoredBucket, StoredObject

Json = dict[str, Any]

# Text properties that are stored and given back as they came.
FIELDS = ("contentEncoding", "contentDisposition", "contentLanguage", "cacheControl", "customTime")


def refusal_json(refusal: StorageRefusal) -> Json:
    detail = {"message": refusal.message, "domain": "global", "reason": refusal.reason}
    return {"error": {"code": refusal.code, "message": refusal.message, "errors": [detail]}}


def bucket_json(bucket: StoredBucket, origin: str) -> Json:
    return {
        "kind": "storage#bucket",
        "id": bucket.name,
        "selfLink": f"{origin}/storage/v1/b/{bucket.name}",
        "name": bucket.name,
        "projectNumber": "0",
        "location": bucket.location,
        "locationType": "region" if "-" in bucket.location else "multi-region",
        "storageClass": "STANDARD",
        "metageneration": str(bucket.metageneration),
        "etag": _etag(bucket.metageneration),
        "timeCreated": _time(bucket.created),
        "updated": _time(bucket.created),
        "labels": dict(bucket.labels),
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}},
    }


def object_json(item: StoredObject, origin: str) -> Json:
    path = f"b/{item.bucket}/o/{urllib.parse.quote(item.name, safe='')}"
    value: Json = {
        "kind": "storage#object",
        "id": f"{item.bucket}/{item.name}/{item.generation}",
        "selfLink": f"{origin}/storage/v1/{path}",
        "mediaLink": f"{origin}/download/storage/v1/{path}?generation={item.generation}&alt=media",
        "name": item.name,
        "bucket": item.bucket,
        "generation": str(item.generation),
        "metageneration": str(item.metageneration),
        "contentType": item.content_type,
        "storageClass": "STANDARD",
        "size": str(item.size),
        "crc32c": item.crc32c,
        "etag": object_etag(item),
        "timeCreated": _time(item.created),
        "updated": _time(item.updated),
        **item.fields,
    }
    if item.md5 is not None:
        value["md5Hash"] = item.md5
    if item.metadata:
        value["metadata"] = dict(item.metadata)
    return value


def object_etag(item: StoredObject) -> str:
    return _etag(item.generation, item.metageneration)


def conditions_from(query: Mapping[str, str]) -> Conditions:
    return Conditions(
        generation_match=whole_number(query, "ifGenerationMatch"),
        generation_not_match=whole_number(query, "ifGenerationNotMatch"),
        metageneration_match=whole_number(query, "ifMetagenerationMatch"),
        metageneration_not_match=whole_number(query, "ifMetagenerationNotMatch"),
    )


def whole_number(query: Mapping[str, str], key: str) -> int | None:
    """The parameter as a number, None when absent. Raises StorageRefusal 400."""
    text = query.get(key)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise StorageRefusal(400, "invalidParameter", f"Invalid value for parameter {key}: '{text}'")
    return int(text)


def description_from(resource: Json, content_type: str | None = None) -> Description:
    """What an uploaded object's JSON says of it; `content_type` is the media part's own."""
    return Description(
        content_type=str(resource.get("contentType") or content_type or "application/octet-stream"),
        fields={key: str(resource[key]) for key in FIELDS if resource.get(key) is not None},
        metadata={str(k): str(v) for k, v in (resource.get("metadata") or {}).items() if v is not None},
    )


def expected_from(resource: Json, hash_header: str = "") -> Expected:
    """Checksums claimed in the object's JSON or in an X-Goog-Hash header such as `crc32c=AAAAAA==,md5=...`."""
    claimed = dict(part.strip().split("=", 1) for part in hash_header.split(",") if "=" in part)
    return Expected(
        crc32c=claimed.get("crc32c") or resource.get("crc32c"),
        md5=claimed.get("md5") or resource.get("md5Hash"),
    )


def page_token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode("utf-8", "surrogatepass")).decode()


def name_from_token(token: str) -> str:
    try:
        return base64.b64decode(token, b"-_", validate=True).decode("utf-8", "surrogatepass")
    except ValueError:
        raise StorageRefusal(400, "invalid", "Invalid page token.") from None


def _etag(*numbers: int) -> str:
    return base64.b64encode("/".join(map(str, numbers)).encode()).decode()


def _time(seconds: float) -> str:
    return utc(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
