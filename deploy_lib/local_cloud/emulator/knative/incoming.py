"""A service as v1's clients send it, as v2's message. Pure.

What v1 cannot say of a service stays as it is.
"""

from __future__ import annotations

from google.cloud.run_v2.types import Service
from google.protobuf import json_format

from ..wire.method import RpcRefusal
from .annotations import SERVICE, TEMPLATE, Json, from_annotations, own
from .containers import containers_from_v1, volumes_from_v1

_TYPE = "TRAFFIC_TARGET_ALLOCATION_TYPE_"


def service_from_v1(body: Json, current: Service | None) -> Service:
    """`current` is what it is to replace. Raises RpcRefusal INVALID_ARGUMENT, all it finds in one message."""
    try:
        metadata, spec = body.get("metadata", {}), body.get("spec", {})
        found: Json = {} if current is None else json_format.MessageToDict(Service.pb(current))
        annotations = metadata.get("annotations", {})
        from_annotations(found, annotations, SERVICE)
        found["annotations"], found["labels"] = own(annotations), own(metadata.get("labels", {}))
        found["template"] = _template(spec.get("template", {}), found.get("template", {}))
        found["traffic"] = [_target(each) for each in spec.get("traffic", [])]
        message = Service.pb(Service())
        json_format.ParseDict(found, message)
    except (AttributeError, TypeError, KeyError) as error:
        raise RpcRefusal("INVALID_ARGUMENT", f"The request has a field of a wrong type: {error}") from None
    except (ValueError, OverflowError, json_format.ParseError) as error:
        raise RpcRefusal("INVALID_ARGUMENT", str(error).partition("\n")[0]) from None
    service: Service = Service.wrap(message)
    return service


def _template(template: Json, current: Json) -> Json:
    metadata, spec = template.get("metadata", {}), template.get("spec", {})
    annotations, found = metadata.get("annotations", {}), current
    from_annotations(found, annotations, TEMPLATE)
    found |= {
        "revision": metadata.get("name") or "",
        "annotations": own(annotations),
        "labels": own(metadata.get("labels", {})),
        "containers": containers_from_v1(spec, annotations),
        "volumes": volumes_from_v1(spec, annotations),
        "serviceAccount": spec.get("serviceAccountName", ""),
        "maxInstanceRequestConcurrency": spec.get("containerConcurrency", 0),
    }
    found.pop("timeout", None)
    if "timeoutSeconds" in spec:
        found["timeout"] = f"{int(spec['timeoutSeconds'])}s"
    return found


def _target(target: Json) -> Json:
    found = {name: target[name] for name in ("percent", "tag") if target.get(name) is not None}
    if target.get("latestRevision"):
        return {**found, "type": f"{_TYPE}LATEST"}
    return {**found, "type": f"{_TYPE}REVISION", "revision": target.get("revisionName", "")}
