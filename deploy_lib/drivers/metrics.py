"""Cloud Monitoring's figures of real requests to a revision.

`run.googleapis.com/request_count` counts by response code class, `request_latencies` holds a distribution in
milliseconds. They come up to three minutes late, so figures that are absent are not figures of zero; and they count
every request, those of our probes among them.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from deploy_lib.drivers.policy import Calls
from deploy_lib.model.answers import Side
from deploy_lib.model.service import Service
from deploy_lib.steps.responses import TOO_MANY, is_redirect, is_turned_away

if TYPE_CHECKING:
    from google.cloud.monitoring_v3 import TimeSeries

COUNT, LATENCIES = "run.googleapis.com/request_count", "run.googleapis.com/request_latencies"
MOST_LATENCIES = 2000
"""Values that a distribution is spread out to: enough for any quantile, little enough to sort often."""


def requests_of(
    calls: Calls, service: Service, revision: str, since: datetime, until: datetime, warm: datetime | None = None
) -> Side | None:
    """None while Cloud Monitoring knows of no request; `refused` are those answered 4xx but 429.

    A redirect is known by its code alone, since its class holds 304, too. How long answers took is read from `warm` on.
    Raises ApiError.
    """
    counted = _series(calls, service, COUNT, revision, since, until)
    if not counted:
        return None
    requests = errors = refused = redirected = 0
    statuses: Counter[int] = Counter()
    for series in counted:
        number, code = sum(int(point.value.int64_value) for point in series.points), _code(series)
        requests += number
        errors += number if _is_error(code) else 0
        refused += number if code.startswith("4") and not _is_error(code) else 0
        redirected += number if code.isdigit() and is_redirect(int(code)) else 0
        if code.isdigit() and is_turned_away(int(code)):
            statuses[int(code)] += number
    if not requests:
        return None
    latencies: list[float] = []
    timed = warm or since
    for series in _series(calls, service, LATENCIES, revision, timed, until) if timed < until else ():
        if not _is_error(_code(series)):
            latencies += [value for point in series.points for value in spread(point.value.distribution_value)]
    step = max(1, len(latencies) // MOST_LATENCIES)
    return Side(
        requests,
        errors,
        tuple(sorted(latencies)[::step]),
        refused,
        redirected=redirected,
        statuses=tuple(statuses.items()),
    )


def spread(distribution: Any) -> list[float]:
    """Seconds: the distribution as single values, each bucket's in even steps between its bounds."""
    bounds = _bounds(distribution.bucket_options)
    values: list[float] = []
    for index, count in enumerate(distribution.bucket_counts):
        number = int(count)
        if not number or not bounds:
            continue
        low = 0.0 if index == 0 else bounds[min(index, len(bounds)) - 1]
        high = bounds[index] if index < len(bounds) else low
        values += [(low + (high - low) * (at + 0.5) / number) / 1000 for at in range(number)]
    if not values and distribution.count:
        return [distribution.mean / 1000] * int(distribution.count)
    return values


def _bounds(options: Any) -> list[float]:
    """Upper bounds of the buckets, the overflow bucket's left out (google.api.Distribution.BucketOptions)."""
    if "exponential_buckets" in options:
        found = options.exponential_buckets
        return [float(found.scale * found.growth_factor**power) for power in range(found.num_finite_buckets + 1)]
    if "linear_buckets" in options:
        even = options.linear_buckets
        return [float(even.offset + even.width * number) for number in range(even.num_finite_buckets + 1)]
    return [float(bound) for bound in options.explicit_buckets.bounds]


def _code(series: TimeSeries) -> str:
    """ "503", or "5xx" where only the class is known."""
    labels = series.metric.labels
    return str(labels.get("response_code") or labels.get("response_code_class", ""))


def _is_error(code: str) -> bool:
    return code.startswith("5") or code == str(TOO_MANY)


def _series(
    calls: Calls, service: Service, metric: str, revision: str, since: datetime, until: datetime
) -> list[TimeSeries]:
    from google.cloud.monitoring_v3 import ListTimeSeriesRequest, TimeInterval

    request = ListTimeSeriesRequest(
        name=f"projects/{service.project}",
        filter=(
            f'metric.type="{metric}" AND resource.type="cloud_run_revision"'
            f' AND resource.labels.service_name="{service.cloud_run}"'
            f' AND resource.labels.revision_name="{revision}"'
            f' AND resource.labels.location="{service.region}"'
        ),
        interval=TimeInterval(start_time=since, end_time=until),
        view=ListTimeSeriesRequest.TimeSeriesView.FULL,
    )
    doing = f"read the request figures of {revision}"
    pager = calls.ask("list_time_series", calls.clients.metrics.list_time_series, request, doing)
    return list(next(iter(pager.pages)).time_series)
