"""Time series of two metrics from the same counts, and how they are aligned and added up.

https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run names the metrics and labels,
https://cloud.google.com/monitoring/api/ref_v3/rpc/google.monitoring.v3#aggregation the aligners and reducers. A
point belongs to the window its end lies in; the real one spreads a point that spans two.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .counts import Point, RequestSource
from .tally import total

COUNT = "run.googleapis.com/request_count"
LATENCIES = "run.googleapis.com/request_latencies"
RESOURCE = "cloud_run_revision"


@dataclass(frozen=True, slots=True)
class Series:
    metric: str
    labels: Mapping[str, str]
    resource: Mapping[str, str]
    points: tuple[Point, ...]  # newest first

    def field(self, path: tuple[str, ...]) -> str | None:
        """A field as filters and groups name it; None when there is no such label. Both `label` and `labels` do."""
        match path:
            case ("metric", "type"):
                return self.metric
            case ("resource", "type"):
                return RESOURCE
            case ("project",) | ("resource", "project"):
                return self.resource.get("project_id")
            case ("metric", "label" | "labels", name):
                return self.labels.get(name)
            case ("resource", "label" | "labels", name):
                return self.resource.get(name)
        return None


def make_series(found: Mapping[RequestSource, list[Point]]) -> list[Series]:
    return [
        Series(metric, _metric_labels(source), _resource_labels(source), tuple(points))
        for metric in (COUNT, LATENCIES)
        for source, points in found.items()
    ]


def align(series: Series, end: float, period: float) -> Series:
    """Sums over windows of `period` seconds that lead up to `end`."""
    windows: dict[int, list[Point]] = {}
    for point in series.points:
        windows.setdefault(math.floor((end - point.end) / period + 1e-9), []).append(point)
    points = tuple(
        Point(end - (number + 1) * period, end - number * period, total(point.tally for point in windows[number]))
        for number in sorted(windows)
    )
    return replace(series, points=points)


def add_up(found: Iterable[Series], fields: list[tuple[str, ...]]) -> list[Series]:
    """One series for each combination of the fields' values, with no other labels."""
    groups: dict[tuple[str | None, ...], list[Series]] = {}
    for series in found:
        groups.setdefault(tuple(series.field(path) for path in fields), []).append(series)
    return [_merge(group, fields) for group in groups.values()]


def _merge(group: list[Series], fields: list[tuple[str, ...]]) -> Series:
    moments: dict[tuple[float, float], list[Point]] = {}
    for series in group:
        for point in series.points:
            moments.setdefault((point.start, point.end), []).append(point)
    points = tuple(
        Point(start, end, total(point.tally for point in moments[start, end]))
        for start, end in sorted(moments, reverse=True)
    )
    first = group[0]
    labels = _only(first.labels, {path[-1] for path in fields if path[0] == "metric"})
    resource = _only(first.resource, {path[-1] for path in fields if path[0] == "resource"} | {"project_id"})
    return Series(first.metric, labels, resource, points)


def _only(labels: Mapping[str, str], names: set[str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name in names}


def _metric_labels(source: RequestSource) -> dict[str, str]:
    return {"response_code": str(source.status), "response_code_class": f"{source.status // 100}xx"}


def _resource_labels(source: RequestSource) -> dict[str, str]:
    return {
        "project_id": source.project,
        "location": source.location,
        "service_name": source.service,
        "configuration_name": source.service,
        "revision_name": source.revision,
    }
