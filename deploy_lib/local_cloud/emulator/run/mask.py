"""How an UpdateServiceRequest changes a service: all of it, or only the fields its mask names.

Without a mask everything a client may set is replaced, so what the request leaves out is cleared
(https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/patch).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from google.cloud.run_v2.types import Service
from google.protobuf.field_mask_pb2 import FieldMask  # type: ignore[attr-defined]

from .refusal import invalid

_SMALL = re.compile(r"(?<=[a-z0-9])[A-Z]")
SETTABLE = (
    "annotations",
    "binary_authorization",
    "build_config",
    "client",
    "client_version",
    "custom_audiences",
    "default_uri_disabled",
    "description",
    "iap_enabled",
    "ingress",
    "invoker_iam_disabled",
    "labels",
    "launch_stage",
    "multi_region_settings",
    "scaling",
    "template",
    "traffic",
)


def merge(current: Service, wanted: Service, paths: Sequence[str]) -> Service:
    """The service after the request; paths that name output-only fields change nothing. Raises RunRefusal.

    A path may be written in camel case, over gRPC too [report: google-cloud-python#14259, where it was taken].
    """
    paths = [_SMALL.sub(lambda found: f"_{found[0].lower()}", path) for path in paths]
    result = Service.pb(Service.deserialize(Service.serialize(current)))
    mask = FieldMask(paths=[path for path in paths if path != "*"])
    if not mask.IsValidForDescriptor(result.DESCRIPTOR):
        known = [path for path in mask.paths if not FieldMask(paths=[path]).IsValidForDescriptor(result.DESCRIPTOR)]
        raise invalid(f"update_mask: {', '.join(known)} names no field of a service")
    kept = [path for path in mask.paths if path.partition(".")[0] in SETTABLE]
    if not paths or "*" in paths:
        kept = list(SETTABLE)
    FieldMask(paths=kept).MergeMessage(
        Service.pb(wanted), result, replace_message_field=True, replace_repeated_field=True
    )
    merged: Service = Service.wrap(result)
    return merged
