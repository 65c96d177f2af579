"""What v1 writes as annotations where v2 has fields, for reading and for writing alike. Pure.

https://cloud.google.com/run/docs/reference/rest/v1/ObjectMeta lists the annotations. Paths are those of v2's JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
_RUN, _SCALE = "run.googleapis.com/", "autoscaling.knative.dev/"
_GOOGLES = ("run.googleapis.com", "cloud.googleapis.com", "serving.knative.dev", "autoscaling.knative.dev")


@dataclass(frozen=True, slots=True)
class Mapped:
    """`write` gives the annotation's text for v2's value, `read` the value for the text."""

    path: str
    name: str
    write: Callable[[Any], str] = str
    read: Callable[[str], Any] = str


def _enum(prefix: str, words: Mapping[str, str]) -> tuple[Callable[[Any], str], Callable[[str], Any]]:
    """Words that both know, else v2's own name in small letters."""
    values = {word: value for value, word in words.items()}
    return (
        lambda value: words.get(value.removeprefix(prefix), value.removeprefix(prefix).lower()),
        lambda text: prefix + values.get(text, text.upper().replace("-", "_")),
    )


def _truth(value: object) -> str:
    return "true" if value else "false"


def _true(text: str) -> bool:
    return text.lower() == "true"


_TRAFFIC = {"ALL": "all", "INTERNAL_ONLY": "internal", "INTERNAL_LOAD_BALANCER": "internal-and-cloud-load-balancing"}
_INGRESS = _enum("INGRESS_TRAFFIC_", _TRAFFIC)
_EGRESS = _enum("", {"ALL_TRAFFIC": "all-traffic", "PRIVATE_RANGES_ONLY": "private-ranges-only"})

SERVICE = (
    Mapped("ingress", f"{_RUN}ingress", *_INGRESS),
    Mapped("client", f"{_RUN}client-name"),
    Mapped("clientVersion", f"{_RUN}client-version"),
    Mapped("description", f"{_RUN}description"),
    Mapped("launchStage", f"{_RUN}launch-stage"),
    Mapped("scaling.minInstanceCount", f"{_RUN}minScale", str, int),
    Mapped("scaling.maxInstanceCount", f"{_RUN}maxScale", str, int),
    Mapped("scaling.manualInstanceCount", f"{_RUN}manualInstanceCount", str, int),
    Mapped("scaling.scalingMode", f"{_RUN}scalingMode", *_enum("", {"AUTOMATIC": "automatic", "MANUAL": "manual"})),
    Mapped("invokerIamDisabled", f"{_RUN}invoker-iam-disabled", _truth, _true),
    Mapped("defaultUriDisabled", f"{_RUN}default-url-disabled", _truth, _true),
    Mapped("iapEnabled", f"{_RUN}iap-enabled", _truth, _true),
    Mapped("customAudiences", f"{_RUN}custom-audiences", json.dumps, json.loads),
)
TEMPLATE = (
    Mapped("scaling.minInstanceCount", f"{_SCALE}minScale", str, int),
    Mapped("scaling.maxInstanceCount", f"{_SCALE}maxScale", str, int),
    Mapped("executionEnvironment", f"{_RUN}execution-environment", *_enum("EXECUTION_ENVIRONMENT_", {})),
    Mapped("sessionAffinity", f"{_RUN}sessionAffinity", _truth, _true),
    Mapped("encryptionKey", f"{_RUN}encryption-key"),
    Mapped("healthCheckDisabled", f"{_RUN}health-check-disabled", _truth, _true),
    Mapped("vpcAccess.connector", f"{_RUN}vpc-access-connector"),
    Mapped("vpcAccess.egress", f"{_RUN}vpc-access-egress", *_EGRESS),
    Mapped("vpcAccess.networkInterfaces", f"{_RUN}network-interfaces", json.dumps, json.loads),
)
CREATED_BY = (Mapped("creator", "serving.knative.dev/creator"),)
WRITTEN_BY_US = (
    *CREATED_BY,
    Mapped("lastModifier", "serving.knative.dev/lastModifier"),
    Mapped("ingress", f"{_RUN}ingress-status", *_INGRESS),
    Mapped("urls", f"{_RUN}urls", json.dumps),
)
"""Of a service, and read by nobody."""
CPU_BOOST, CPU_THROTTLING = f"{_RUN}startup-cpu-boost", f"{_RUN}cpu-throttling"
CLOUD_SQL, DEPENDENCIES = f"{_RUN}cloudsql-instances", f"{_RUN}container-dependencies"


def to_annotations(resource: Json, mapped: Iterable[Mapped]) -> dict[str, str]:
    """Of what the v2 resource holds."""
    found = {each.name: (each, _get(resource, each.path)) for each in mapped}
    return {name: each.write(value) for name, (each, value) in found.items() if value is not None}


def from_annotations(resource: Json, annotations: Mapping[str, str], mapped: Iterable[Mapped]) -> None:
    """Sets v2's fields in place, and unsets those that no annotation gives. Raises ValueError for an unusable text."""
    for each in mapped:
        text = annotations.get(each.name)
        try:
            _put(resource, each.path, None if text is None else each.read(text))
        except ValueError:
            raise ValueError(f"metadata.annotations[{each.name}]: invalid value {text!r}") from None


def own(names: Mapping[str, str]) -> dict[str, str]:
    """Annotations or labels without those of Google's namespaces."""
    return {name: value for name, value in names.items() if name.partition("/")[0] not in _GOOGLES}


def _get(resource: Json, path: str) -> Any:
    found: Any = resource
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _put(resource: Json, path: str, value: object) -> None:
    """None unsets it, and with the last field of a message the message: an empty one says something else than none."""
    first, _, rest = path.partition(".")
    if value is not None:
        resource[first] = value if not rest else resource.get(first, {})
        if rest:
            _put(resource[first], rest, value)
    elif first in resource:
        if rest:
            _put(resource[first], rest, None)
        if not rest or not resource[first]:
            del resource[first]
