"""What a release changes of a service's settings, and what set by hand it keeps, in words for a terminal.

Values of variables are never shown: a plain value may be as secret as a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from deploy_lib.drivers.services import exposure
from deploy_lib.drivers.services.runtime_words import settings_of
from deploy_lib.drivers.services.template import main_container
from deploy_lib.model.exposure import INVOKERS, WHEN, differing, opens, value_words
from deploy_lib.model.exposure import told as exposure_words
from deploy_lib.model.release_history import changes_of
from deploy_lib.model.runtime import OUR_LABELS
from deploy_lib.model.service import Service

if TYPE_CHECKING:
    from google.cloud import run_v2


def changed(
    old: run_v2.RevisionTemplate | run_v2.Revision, new: run_v2.RevisionTemplate | run_v2.Revision
) -> tuple[str, ...]:
    """ "memory: 512Mi -> 1Gi"; variables by name, and labels but for those that a release gives."""
    was, now = _settings(old), _settings(new)
    found = [
        f"{name}: {was.get(name) or 'not set'} -> {now.get(name) or 'not set'}"
        for name in now
        if (was.get(name) or "") != now[name]
    ]
    found += [f"{name}: {was[name]} -> removed" for name in was if was[name] and name not in now]
    return (*found, *_env_changes(_env(old), _env(new)), *changes_of("label", _labels(old), _labels(new)))


def kept(new: run_v2.RevisionTemplate, wanted: Service) -> tuple[str, ...]:
    """What the YAML does not name and the running service has."""
    named: dict[str, object] = {
        **{name: getattr(wanted.runtime, name, None) for name in _settings(new)},
        "port": wanted.port,
        "cpu": wanted.cpu,
        "memory": wanted.memory,
        "CPU between requests": wanted.cpu_always,
        "concurrency": wanted.concurrency,
        "request timeout": wanted.request_timeout,
        "min instances": wanted.instances.min,
        "max instances": wanted.instances.max,
        "service account": wanted.service_account,
        "VPC connector": wanted.vpc_connector,
        **dict.fromkeys([f"volume {name}" for name in wanted.runtime.volumes], "set"),
        **dict.fromkeys([f"container {name}" for name in wanted.runtime.containers], "set"),
    }
    found = [f"{name}: {value}" for name, value in _settings(new).items() if value and named.get(name) is None]
    found = [each for each in found if not each.startswith("image: ")]
    variables = sorted(set(_env(new)) - set(wanted.env) - set(wanted.secrets))
    found += [f"variable {name}" for name in variables]
    return tuple(found)


def of_the_service(
    found: run_v2.Service | None, wanted: Service, let_in: Sequence[str] | None, unknown: str = ""
) -> tuple[str, ...]:
    """What the YAML says otherwise of how the service is reached, and by whom, and when that changes.

    `let_in` are its invokers, None where they could not be read: `unknown` says why. A new service has the rest from
    its creation.
    """
    invited = wanted.exposure.invokers
    changes = dict(exposure.changes(found, wanted.exposure)) if found is not None else {}
    at_once = [
        f"{key}: {value_words(value)}, from its creation" for key, value in exposure.wanted(wanted.exposure).items()
    ]
    lines = []
    if invited is not None and let_in is None:
        lines.append(f"{INVOKERS}: {value_words([*invited])}; who they are now is not known: {unknown}")
    elif invited is not None:
        changes |= differing({INVOKERS: [*(let_in or ())]}, {INVOKERS: sorted(invited)})
    opened = opens(changes)
    lines = [*exposure_words(changes), *lines, *([opened] if opened else [])]
    return (*(at_once if found is None else ()), *(f"{each}, {WHEN}" for each in lines))


def _settings(template: Any) -> dict[str, str]:
    main = main_container(template)
    limits = dict(main.resources.limits) if main is not None else {}
    seconds = int(template.timeout.total_seconds()) if template.timeout else 0
    return {
        "image": main.image if main is not None else "",
        "port": str(main.ports[0].container_port) if main is not None and main.ports else "",
        "cpu": limits.get("cpu", ""),
        "memory": limits.get("memory", ""),
        "CPU between requests": _between_requests(main),
        "concurrency": str(template.max_instance_request_concurrency or ""),
        "request timeout": f"{seconds} s" if seconds else "",
        "min instances": str(template.scaling.min_instance_count or ""),
        "max instances": str(template.scaling.max_instance_count or ""),
        "service account": template.service_account,
        "VPC connector": template.vpc_access.connector,
        **(settings_of(template, main) if main is not None else {}),
    }


def _between_requests(container: Any) -> str:
    """Cloud Run gives no CPU between requests to a container that says nothing of its resources."""
    if container is None or "resources" not in container:
        return ""
    return "none" if container.resources.cpu_idle else "always allocated"


def _env(template: Any) -> dict[str, Any]:
    main = main_container(template)
    return {each.name: each for each in main.env} if main is not None else {}


def _labels(found: run_v2.Revision | run_v2.RevisionTemplate) -> dict[str, str]:
    return {name: value for name, value in found.labels.items() if "/" not in name and not name.startswith(OUR_LABELS)}


def _kind(variable: Any) -> str:
    if "value_source" not in variable:
        return "plain value"
    where = variable.value_source.secret_key_ref
    return f"secret {where.secret.rpartition('/')[2]}:{where.version}"


def _env_changes(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    found = [f"variable {name}: added, {_kind(now[name])}" for name in now if name not in was]
    found += [f"variable {name}: removed" for name in was if name not in now]
    for name in (name for name in now if name in was and was[name] != now[name]):
        old, new = _kind(was[name]), _kind(now[name])
        found.append(f"variable {name}: {'another value' if old == new else f'{old} -> {new}'}")
    return found
