"""How each RPC is called over HTTP: the google.api.http rules that Google's client libraries were made from.

The libraries keep them in the `rest_base` module of each service. Logging's and Monitoring's have none; their rules
are those of their references (https://cloud.google.com/logging/docs/reference/v2/rest,
https://cloud.google.com/monitoring/api/ref_v3/rest), as are those of operations.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

_LIBRARIES = {
    "google.cloud.run_v2": "google.cloud.run.v2",
    "google.cloud.devtools.cloudbuild_v1": "google.devtools.cloudbuild.v1",
    "google.cloud.secretmanager_v1": "google.cloud.secretmanager.v1",
}
_MIXINS = {
    "GetOperation": "google.longrunning.Operations",
    "ListOperations": "google.longrunning.Operations",
    "DeleteOperation": "google.longrunning.Operations",
    "WaitOperation": "google.longrunning.Operations",
    "GetLocation": "google.cloud.location.Locations",
    "ListLocations": "google.cloud.location.Locations",
}
_V1_SERVICE = "/v1/{resource=projects/*/locations/*/services/*}"
_V1_JOB = "/v1/{resource=projects/*/locations/*/jobs/*}"
_WRITTEN_HERE = (
    ("google.longrunning.Operations/GetOperation", "get", "/v1/{name=operations/**}", ""),
    ("google.longrunning.Operations/GetOperation", "get", "/v1/{name=projects/*/locations/*/operations/*}", ""),
    ("google.cloud.run.v2.Services/GetIamPolicy", "get", f"{_V1_SERVICE}:getIamPolicy", ""),
    ("google.cloud.run.v2.Services/SetIamPolicy", "post", f"{_V1_SERVICE}:setIamPolicy", "*"),
    ("google.cloud.run.v2.Services/TestIamPermissions", "post", f"{_V1_SERVICE}:testIamPermissions", "*"),
    ("google.cloud.run.v2.Jobs/GetIamPolicy", "get", f"{_V1_JOB}:getIamPolicy", ""),
    ("google.cloud.run.v2.Jobs/SetIamPolicy", "post", f"{_V1_JOB}:setIamPolicy", "*"),
    ("google.logging.v2.LoggingServiceV2/ListLogEntries", "post", "/v2/entries:list", "*"),
    ("google.logging.v2.LoggingServiceV2/WriteLogEntries", "post", "/v2/entries:write", "*"),
    ("google.logging.v2.LoggingServiceV2/TailLogEntries", "post", "/v2/entries:tail", "*"),
    ("google.logging.v2.LoggingServiceV2/ListLogs", "get", "/v2/{parent=projects/*}/logs", ""),
    ("google.logging.v2.LoggingServiceV2/DeleteLog", "delete", "/v2/{log_name=projects/*/logs/*}", ""),
    ("google.monitoring.v3.MetricService/ListTimeSeries", "get", "/v3/{name=projects/*}/timeSeries", ""),
    ("google.monitoring.v3.MetricService/CreateTimeSeries", "post", "/v3/{name=projects/*}/timeSeries", "*"),
)
_VARIABLE = re.compile(r"\{([\w.]+)(?:=([^}]*))?\}|([^{]+)")


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to call `rpc` ("google.cloud.run.v2.Services/GetService"). `body` is the field that the body fills: "*"
    for the whole request, "" for none. `fields` are the names of the path's variables, in its order."""

    rpc: str
    verb: str
    path: re.Pattern[str]
    fields: tuple[str, ...]
    body: str

    def match(self, verb: str, path: str) -> dict[str, str] | None:
        """The path's variables by the names of their fields; None when the rule is of another path or verb."""
        found = self.path.fullmatch(path) if verb.lower() == self.verb else None
        return dict(zip(self.fields, map(unquote, found.groups()), strict=True)) if found else None


def rules() -> list[Rule]:
    """Of all RPCs that the installed libraries know, served here or not. Imports them, which takes its time."""
    return [rule(*row) for row in (*_of_libraries(), *_WRITTEN_HERE)]


def rule(rpc: str, verb: str, uri: str, body: str) -> Rule:
    """`uri` is a path template (https://github.com/googleapis/googleapis/blob/master/google/api/http.proto)."""
    template, colon, action = uri.rpartition(":") if re.search(r":\w+$", uri) else (uri, "", "")
    fields, pattern = [], ""
    for name, inner, text in _VARIABLE.findall(template):
        if name:
            fields.append(name)
            pattern += f"({_segments(inner or '*')})"
        else:
            pattern += re.escape(text)
    return Rule(rpc, verb, re.compile(pattern + re.escape(colon + action)), tuple(fields), body)


def _segments(template: str) -> str:
    """A colon ends a path's last segment: what follows is an action."""
    parts = {"**": ".+", "*": "[^/:]+"}
    return "/".join(parts.get(part) or re.escape(part) for part in template.split("/"))


def _of_libraries() -> Iterator[tuple[str, str, str, str]]:
    for library, package in _LIBRARIES.items():
        services = importlib.import_module(f"{library}.services")
        for module in pkgutil.iter_modules(services.__path__):
            found = importlib.import_module(f"{library}.services.{module.name}.transports.rest_base")
            (transport,) = (kind for name, kind in vars(found).items() if re.fullmatch("_Base.+RestTransport", name))
            service = transport.__name__.removeprefix("_Base").removesuffix("RestTransport")
            for name, kind in vars(transport).items():
                if name.startswith("_Base") and hasattr(kind, "_get_http_options"):
                    rpc = name.removeprefix("_Base")
                    full = f"{_MIXINS.get(rpc) or f'{package}.{service}'}/{rpc}"
                    for option in kind._get_http_options():
                        yield full, option["method"], option["uri"], option.get("body", "")
