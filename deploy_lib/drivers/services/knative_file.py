"""A service as a Knative file has it, or as `gcloud run services describe` prints it, as v2's message. Pure.

The names are those of https://cloud.google.com/run/docs/reference/rest/v1/namespaces.services and its annotations.
What is not here is not read; it stays as it is on the service.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.cloud import run_v2

_RUN, _SCALE = "run.googleapis.com/", "autoscaling.knative.dev/"
_BUCKETS = "gcsfuse.run.googleapis.com"


def service_of(document: Any) -> run_v2.Service:
    """Of a mapping that was read from YAML or JSON. Raises ValueError with a whole clause for what is not a service."""
    from google.cloud import run_v2
    from google.protobuf import json_format

    if not isinstance(document, dict) or document.get("kind") != "Service" or "spec" not in document:
        raise ValueError("this is not a service; give what `gcloud run services describe S --format yaml` prints")
    message = run_v2.Service.pb(run_v2.Service())
    try:
        json_format.ParseDict(_service(document), message, ignore_unknown_fields=True)
    except (AttributeError, TypeError, KeyError, IndexError, ValueError, json_format.ParseError) as error:
        raise ValueError(f"a field is not as Cloud Run writes it: {str(error).splitlines()[0]}") from None
    found: run_v2.Service = run_v2.Service.wrap(message)
    return found


def place_of(document: Any) -> tuple[str, str]:
    """Project and region as far as the file tells them; empty where it does not."""
    metadata = document.get("metadata", {}) if isinstance(document, dict) else {}
    metadata = metadata if isinstance(metadata, dict) else {}
    labels = metadata.get("labels") or {}
    project = str(metadata.get("namespace") or "")
    region = labels.get("cloud.googleapis.com/location", "") if isinstance(labels, dict) else ""
    return ("" if project.isdigit() or project == "default" else project), str(region)


def _service(document: dict[str, Any]) -> dict[str, Any]:
    metadata, template = document["metadata"], document["spec"].get("template", {})
    annotations = metadata.get("annotations") or {}
    found = {"name": metadata["name"], "template": _template(template)}
    ingress = annotations.get(f"{_RUN}ingress")
    names = {
        "all": "ALL",
        "internal": "INTERNAL_ONLY",
        "internal-and-cloud-load-balancing": "INTERNAL_LOAD_BALANCER",
    }
    if ingress in names:
        found["ingress"] = f"INGRESS_TRAFFIC_{names[ingress]}"
    if audiences := annotations.get(f"{_RUN}custom-audiences"):
        found["customAudiences"] = json.loads(audiences)
    return found


def _template(template: dict[str, Any]) -> dict[str, Any]:
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    annotations: dict[str, str] = metadata.get("annotations") or {}

    def told(name: str) -> str:
        return str(annotations.get(name, ""))

    found: dict[str, Any] = {
        "labels": {name: value for name, value in (metadata.get("labels") or {}).items() if "/" not in name},
        "containers": _containers(spec, annotations),
        "volumes": [_volume(each) for each in spec.get("volumes") or []],
        "serviceAccount": spec.get("serviceAccountName", ""),
        "maxInstanceRequestConcurrency": spec.get("containerConcurrency", 0),
        "sessionAffinity": told(f"{_RUN}sessionAffinity").lower() == "true",
        "scaling": {
            "minInstanceCount": int(told(f"{_SCALE}minScale") or 0),
            "maxInstanceCount": int(told(f"{_SCALE}maxScale") or 0),
        },
    }
    if "timeoutSeconds" in spec:
        found["timeout"] = f"{int(spec['timeoutSeconds'])}s"
    if generation := told(f"{_RUN}execution-environment"):
        found["executionEnvironment"] = f"EXECUTION_ENVIRONMENT_{generation.upper()}"
    if accelerator := (spec.get("nodeSelector") or {}).get(f"{_RUN}accelerator"):
        found["nodeSelector"] = {"accelerator": accelerator}
    _add_network(found, told)
    if instances := told(f"{_RUN}cloudsql-instances"):
        found["volumes"].append({"name": "cloudsql", "cloudSqlInstance": {"instances": instances.split(",")}})
    return found


def _add_network(found: dict[str, Any], told: Any) -> None:
    access: dict[str, Any] = {}
    if connector := told(f"{_RUN}vpc-access-connector"):
        access["connector"] = connector
    if interfaces := told(f"{_RUN}network-interfaces"):
        access["networkInterfaces"] = json.loads(interfaces)
    if egress := told(f"{_RUN}vpc-access-egress"):
        access["egress"] = {"all": "ALL_TRAFFIC"}.get(egress, egress.upper().replace("-", "_"))
    if access:
        found["vpcAccess"] = access


def _containers(spec: dict[str, Any], annotations: dict[str, str]) -> list[dict[str, Any]]:
    waits = json.loads(annotations.get(f"{_RUN}container-dependencies", "{}"))
    found = []
    for each in spec.get("containers") or []:
        container = {name: each[name] for name in ("name", "image", "command", "args") if each.get(name)}
        container["env"] = [_variable(variable) for variable in each.get("env") or []]
        container["ports"] = [
            {"name": port.get("name", ""), "containerPort": port["containerPort"]} for port in each.get("ports") or []
        ]
        container["volumeMounts"] = [
            {"name": mount["name"], "mountPath": mount["mountPath"]} for mount in each.get("volumeMounts") or []
        ]
        container["resources"] = {
            "limits": {name: str(amount) for name, amount in (each.get("resources", {}).get("limits") or {}).items()},
            "cpuIdle": annotations.get(f"{_RUN}cpu-throttling", "true") != "false",
            "startupCpuBoost": annotations.get(f"{_RUN}startup-cpu-boost") == "true",
        }
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            if each.get(name):
                container[name] = each[name]
        if each.get("name") in waits:
            container["dependsOn"] = waits[each["name"]]
        found.append(container)
    return found


def _variable(variable: dict[str, Any]) -> dict[str, Any]:
    reference = (variable.get("valueFrom") or {}).get("secretKeyRef")
    if reference is None:
        return {"name": variable["name"], "value": str(variable.get("value", ""))}
    known = {"secret": reference["name"], "version": str(reference.get("key", "latest"))}
    return {"name": variable["name"], "valueSource": {"secretKeyRef": known}}


def _volume(volume: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": volume["name"]}
    if secret := volume.get("secret"):
        items = [{"path": item["path"], "version": str(item["key"])} for item in secret.get("items") or []]
        found["secret"] = {"secret": secret["secretName"], "items": items}
    elif "emptyDir" in volume:
        size = (volume["emptyDir"] or {}).get("sizeLimit", "")
        found["emptyDir"] = {"medium": "MEMORY", "sizeLimit": str(size)}
    elif nfs := volume.get("nfs"):
        found["nfs"] = {"server": nfs["server"], "path": nfs["path"], "readOnly": bool(nfs.get("readOnly"))}
    elif (buckets := volume.get("csi")) and buckets.get("driver") == _BUCKETS:
        bucket = (buckets.get("volumeAttributes") or {}).get("bucketName", "")
        found["gcs"] = {"bucket": bucket, "readOnly": bool(buckets.get("readOnly"))}
    return found
