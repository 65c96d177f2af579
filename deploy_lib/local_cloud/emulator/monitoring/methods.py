"""Cloud Monitoring's ListTimeSeries for Cloud Run's request metrics, as a row for the server.

https://cloud.google.com/monitoring/api/ref_v3/rpc/google.monitoring.v3#listtimeseriesrequest. What is not known here
is refused: a figure that is silently another one would mislead a release.
"""

from __future__ import annotations

import re

from google.api import distribution_pb2, metric_pb2, monitored_resource_pb2
from google.cloud.monitoring_v3.types import common, metric_service
from google.cloud.monitoring_v3.types import metric as series_types

from ..query.parse import BadQuery, parse
from ..wire.method import Method, RpcRefusal
from ..wire.pages import page
from ..wire.times import utc
from .counts import Point, RequestCounts
from .filters import check_field, compile_filter
from .series import COUNT, LATENCIES, RESOURCE, Series, add_up, align, make_series
from .tally import FINITE_BUCKETS, GROWTH, SCALE, Tally

_PROJECT = re.compile(r"projects/([^/]+)")
_Aligner = common.Aggregation.Aligner
_Reducer = common.Aggregation.Reducer
_SUMS = {_Aligner.ALIGN_DELTA, _Aligner.ALIGN_SUM}


class Monitoring:
    def __init__(self, counts: RequestCounts) -> None:
        self._counts = counts

    def find(self, request: metric_service.ListTimeSeriesRequest) -> metric_service.ListTimeSeriesResponse:
        project = _PROJECT.fullmatch(request.name)
        if project is None:
            raise _invalid(f"invalid name {request.name!r}: want projects/P")
        if request.order_by or metric_service.ListTimeSeriesRequest.pb(request).HasField("secondary_aggregation"):
            raise _invalid("the local cloud knows neither order_by nor secondary_aggregation")
        after, until = _interval(request.interval)
        try:
            matches = compile_filter(parse(request.filter))
            found = [
                series for series in make_series(self._counts.visible(project[1], after, until)) if matches(series)
            ]
            found = self._aggregate(found, request.aggregation, until)
        except BadQuery as error:
            raise _invalid(f"The supplied filter or group does not work: {error}") from None
        shown, token = page(found, request.page_size, request.page_token, default=100_000)
        full = request.view == metric_service.ListTimeSeriesRequest.TimeSeriesView.FULL
        return metric_service.ListTimeSeriesResponse(
            time_series=[_message(series, full) for series in shown], next_page_token=token
        )

    def _aggregate(self, found: list[Series], how: common.Aggregation, until: float) -> list[Series]:
        aligner, reducer = how.per_series_aligner, how.cross_series_reducer
        if aligner not in _SUMS | {_Aligner.ALIGN_NONE}:
            raise _invalid(f"the local cloud aligns with ALIGN_DELTA and ALIGN_SUM only, not with {aligner.name}")
        if reducer not in {_Reducer.REDUCE_NONE, _Reducer.REDUCE_SUM}:
            raise _invalid(f"the local cloud reduces with REDUCE_SUM only, not with {reducer.name}")
        period = how.alignment_period.total_seconds() if how.alignment_period else 0.0
        if aligner in _SUMS:
            if period < self._counts.period:
                raise _invalid(f"the alignment period is {period} s; at least {self._counts.period} s are needed")
            found = [align(series, until, period) for series in found]
        elif reducer == _Reducer.REDUCE_SUM:
            raise _invalid("series are reduced after they were aligned: set per_series_aligner")
        if reducer == _Reducer.REDUCE_SUM:
            fields = [tuple(field.split(".")) for field in how.group_by_fields]
            for path in fields:
                check_field(path)
            return add_up(found, fields)
        return found


def monitoring_methods(counts: RequestCounts) -> list[Method]:
    path = "/google.monitoring.v3.MetricService/ListTimeSeries"
    api = Monitoring(counts)
    return [Method(path, metric_service.ListTimeSeriesRequest, metric_service.ListTimeSeriesResponse, api.find)]


def _interval(interval: common.TimeInterval) -> tuple[float, float]:
    """A time series is listed for points that end after the start, up to and with the end."""
    if not interval.end_time or not interval.start_time:
        raise _invalid("interval needs a start_time and an end_time")
    after, until = interval.start_time.timestamp(), interval.end_time.timestamp()
    if after >= until:
        raise _invalid("interval.start_time must be before interval.end_time")
    return after, until


def _message(series: Series, full: bool) -> series_types.TimeSeries:
    counted = series.metric == COUNT
    descriptor = metric_pb2.MetricDescriptor
    return series_types.TimeSeries(
        metric=metric_pb2.Metric(type=series.metric, labels=series.labels),
        resource=monitored_resource_pb2.MonitoredResource(type=RESOURCE, labels=series.resource),
        metric_kind=descriptor.MetricKind.DELTA,
        value_type=descriptor.ValueType.INT64 if counted else descriptor.ValueType.DISTRIBUTION,
        unit="1" if counted else "ms",
        points=[_point(point, series.metric) for point in series.points] if full else [],
    )


def _point(point: Point, metric: str) -> series_types.Point:
    value = (
        common.TypedValue(distribution_value=_distribution(point.tally))
        if metric == LATENCIES
        else common.TypedValue(int64_value=point.tally.count)
    )
    return series_types.Point(
        interval=common.TimeInterval(start_time=utc(point.start), end_time=utc(point.end)), value=value
    )


def _distribution(tally: Tally) -> distribution_pb2.Distribution:
    options = distribution_pb2.Distribution.BucketOptions
    exponential = options.Exponential(num_finite_buckets=FINITE_BUCKETS, growth_factor=GROWTH, scale=SCALE)
    return distribution_pb2.Distribution(
        count=tally.count,
        mean=tally.mean,
        sum_of_squared_deviation=tally.squares,
        bucket_options=options(exponential_buckets=exponential),
        bucket_counts=tally.bucket_counts(),
    )


def _invalid(message: str) -> RpcRefusal:
    return RpcRefusal("INVALID_ARGUMENT", message)
