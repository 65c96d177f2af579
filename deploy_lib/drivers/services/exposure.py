"""How a service is reached, as Google's messages have it: read, compared with the YAML, and set. Pure.

Each setting is a field of v2's Service and an annotation of v1's
(https://cloud.google.com/run/docs/reference/rest/v1/ObjectMeta).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy_lib.model.exposure import Changes, Exposure, differing

if TYPE_CHECKING:
    from google.cloud import run_v2

UNSAID = "none"
"""What a service may have, and no YAML asks for."""
INGRESS = {
    "all": "INGRESS_TRAFFIC_ALL",
    "internal": "INGRESS_TRAFFIC_INTERNAL_ONLY",
    "internal-and-cloud-load-balancing": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
    UNSAID: "INGRESS_TRAFFIC_NONE",
}
"""As the YAML and gcloud say it."""


@dataclass(frozen=True, slots=True)
class ExposureField:
    """`read` and `write` translate between v2's field and the YAML's value, `text` makes v1's annotation of that."""

    key: str
    field: str
    annotation: str
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]
    text: Callable[[Any], str]


def _ingress(value: Any) -> str:
    return next((word for word, name in INGRESS.items() if name == value.name), "all")


def _ingress_of(word: str) -> Any:
    from google.cloud import run_v2

    return getattr(run_v2.IngressTraffic, INGRESS[word])


def _truth(value: bool) -> str:
    return "true" if value else "false"


SETTINGS = (
    ExposureField("ingress", "ingress", "run.googleapis.com/ingress", _ingress, _ingress_of, str),
    ExposureField(
        "custom_audiences", "custom_audiences", "run.googleapis.com/custom-audiences", list, list, json.dumps
    ),
    ExposureField(
        "default_url",
        "default_uri_disabled",
        "run.googleapis.com/default-url-disabled",
        lambda disabled: not disabled,
        lambda enabled: not enabled,
        lambda enabled: _truth(not enabled),
    ),
    ExposureField("public", "invoker_iam_disabled", "run.googleapis.com/invoker-iam-disabled", bool, bool, _truth),
)
FIELDS = frozenset(setting.field for setting in SETTINGS)


def now(service: run_v2.Service) -> dict[str, Any]:
    """Every setting by its key in the YAML."""
    return {each.key: each.read(getattr(service, each.field)) for each in SETTINGS}


def wanted(exposure: Exposure) -> dict[str, Any]:
    """What the YAML says of them; the invokers are not here."""
    given = {each.key: getattr(exposure, each.key) for each in SETTINGS}
    return {key: [*value] if isinstance(value, tuple) else value for key, value in given.items() if value is not None}


def changes(service: run_v2.Service, exposure: Exposure) -> Changes:
    """What the YAML would change of the service."""
    return differing(now(service), wanted(exposure))


def put(service: run_v2.Service, values: Mapping[str, Any]) -> list[str]:
    """Sets those of the values that are fields of the service, and names the fields."""
    chosen = [each for each in SETTINGS if each.key in values]
    for each in chosen:
        setattr(service, each.field, each.write(values[each.key]))
    return [each.field for each in chosen]


def v1_annotations(before: run_v2.Service, after: run_v2.Service) -> dict[str, str]:
    """v1's annotations for what differs between the two."""
    was, is_now = now(before), now(after)
    return {each.annotation: each.text(is_now[each.key]) for each in SETTINGS if is_now[each.key] != was[each.key]}
