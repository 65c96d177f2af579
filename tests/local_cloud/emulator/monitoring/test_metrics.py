"""Request counts and latencies through Google's own client, with a clock of the test's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.api.metric_pb2 import MetricDescriptor
from google.api_core import exceptions
from google.cloud.monitoring_v3 import Aggregation, MetricServiceClient, TimeInterval, TimeSeries
from hypothesis import given
from hypothesis import strategies as st

from deploy_lib.local_cloud.emulator.monitoring.counts import RequestCounts
from deploy_lib.local_cloud.emulator.monitoring.methods import monitoring_methods
from deploy_lib.local_cloud.emulator.monitoring.tally import FINITE_BUCKETS, GROWTH, SCALE, Tally, bucket, total
from deploy_lib.local_cloud.emulator.wire.server import GrpcServer
from tests.local_cloud.emulator import clients

KIND, VALUE = MetricDescriptor.MetricKind, MetricDescriptor.ValueType
COUNT = 'metric.type="run.googleapis.com/request_count"'
LATENCIES = 'metric.type="run.googleapis.com/request_latencies"'
START = 1_700_000_040.0  # the start of a minute
SUM = {"per_series_aligner": Aggregation.Aligner.ALIGN_SUM, "alignment_period": timedelta(seconds=60)}


class Bench:
    def __init__(self) -> None:
        self.now = START
        self.counts = RequestCounts(lambda: self.now, 1.0)
        self.server = GrpcServer(monitoring_methods(self.counts))
        self.channel = grpc.insecure_channel(self.server.address, options=[("grpc.enable_http_proxy", 0)])
        self.client: MetricServiceClient = clients.metrics(self.channel)

    def ask(self, revision: str, status: int, seconds: float, at: float, times: int = 1) -> None:
        for _ in range(times):
            self.counts.request("p", "r", "api", revision, status, seconds, START + at)

    def list(self, query: str, minutes: float = 60, **fields: Any) -> list[TimeSeries]:
        """Of the hour that began with the test, as it can be seen now."""
        interval = TimeInterval(start_time=moment(0), end_time=moment(minutes * 60))
        return list(
            self.client.list_time_series({"name": "projects/p", "filter": query, "interval": interval, **fields})
        )


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(START + seconds, UTC)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.channel.close()
    bench.server.close(0)


def values(series: TimeSeries) -> list[int]:
    return [point.value.int64_value for point in series.points]


def test_one_series_for_each_revision_and_code_with_a_point_for_each_minute(bench: Bench) -> None:
    bench.ask("api-1", 200, 0.1, 10, times=3)
    bench.ask("api-1", 503, 0.1, 59)
    bench.ask("api-1", 200, 0.1, 61, times=2)
    bench.now += 3600
    ok, bad = bench.list(COUNT)
    assert ok.resource.type == "cloud_run_revision"
    assert dict(ok.resource.labels) == {
        "project_id": "p",
        "location": "r",
        "service_name": "api",
        "configuration_name": "api",
        "revision_name": "api-1",
    }
    assert dict(ok.metric.labels) == {"response_code": "200", "response_code_class": "2xx"}
    assert dict(bad.metric.labels) == {"response_code": "503", "response_code_class": "5xx"}
    assert (ok.metric_kind, ok.value_type, ok.unit) == (KIND.DELTA, VALUE.INT64, "1")
    assert (values(ok), values(bad)) == ([2, 3], [1])  # the newest first
    newest = ok.points[0].interval
    assert (newest.start_time, newest.end_time) == (moment(60), moment(120))


def test_a_minute_is_seen_three_minutes_after_it_ended(bench: Bench) -> None:
    bench.ask("api-1", 200, 0.1, 10)
    bench.now = START + 239
    assert bench.list(COUNT) == []
    bench.now = START + 240
    assert values(bench.list(COUNT)[0]) == [1]


def test_the_time_scale_shortens_minutes_and_delay() -> None:
    now = 1000.0
    counts = RequestCounts(lambda: now, 0.01)
    counts.request("p", "r", "api", "api-1", 200, 0.1, 1000.0)
    now = 1001.9  # its minute ended at 1000.2
    assert counts.visible("p", 0, 2000) == {}
    now = 1002.1
    ((point,),) = counts.visible("p", 0, 2000).values()
    assert math.isclose(point.end - point.start, 0.6)


def test_an_interval_holds_what_ends_in_it(bench: Bench) -> None:
    for minute in range(5):
        bench.ask("api-1", 200, 0.1, minute * 60, times=minute + 1)
    bench.now += 3600
    between = TimeInterval(start_time=moment(60), end_time=moment(180))
    assert values(bench.list(COUNT, interval=between)[0]) == [3, 2]


@pytest.mark.parametrize(
    ("query", "revisions"),
    [
        (f'{COUNT} AND resource.labels.revision_name="api-1"', ["api-1"]),
        (f'{COUNT} resource.label.revision_name!="api-1"', ["api-2"]),
        (f'{COUNT} AND metric.labels.response_code_class="5xx"', ["api-2"]),
        (f'{COUNT} AND metric.labels.response_code >= "500"', ["api-2"]),
        (f'{COUNT} AND resource.labels.revision_name=one_of("api-1","x")', ["api-1"]),
        (f'{COUNT} AND resource.labels.revision_name=ends_with("-2")', ["api-2"]),
        (f'{COUNT} AND resource.labels.revision_name=monitoring.regex.full_match("api-[1]")', ["api-1"]),
        (f'{COUNT} AND NOT resource.labels.revision_name:"-1"', ["api-2"]),
        (f'resource.type="cloud_run_revision" AND {COUNT} AND project="p"', ["api-1", "api-2"]),
        (f'{COUNT} AND resource.labels.missing="x"', []),
        (f'resource.type="gce_instance" AND {COUNT}', []),
    ],
)
def test_filters(bench: Bench, query: str, revisions: list[str]) -> None:
    bench.ask("api-1", 200, 0.1, 0)
    bench.ask("api-2", 500, 0.1, 0)
    bench.now += 3600
    assert [series.resource.labels["revision_name"] for series in bench.list(query)] == revisions


def test_sums_over_time_and_over_series(bench: Bench) -> None:
    for minute in range(4):
        bench.ask("api-1", 200, 0.1, minute * 60, times=2)
        bench.ask("api-1", 201, 0.1, minute * 60, times=1)
        bench.ask("api-2", 500, 0.1, minute * 60, times=5)
    bench.now += 3600
    how = {
        "per_series_aligner": Aggregation.Aligner.ALIGN_DELTA,
        "alignment_period": timedelta(seconds=120),
        "cross_series_reducer": Aggregation.Reducer.REDUCE_SUM,
        "group_by_fields": ["resource.labels.revision_name", "metric.labels.response_code_class"],
    }
    first, second = bench.list(COUNT, minutes=4, aggregation=how)
    assert (values(first), values(second)) == ([6, 6], [10, 10])
    assert dict(first.metric.labels) == {"response_code_class": "2xx"}
    assert dict(first.resource.labels) == {"project_id": "p", "revision_name": "api-1"}
    assert first.points[0].interval.start_time == moment(120)
    (whole,) = bench.list(COUNT, minutes=4, aggregation={**how, "group_by_fields": []})
    assert values(whole) == [16, 16]
    headers = bench.list(COUNT, view="HEADERS")
    assert len(headers) == 3 and not any(series.points for series in headers)


def test_latencies_are_distributions_in_milliseconds(bench: Bench) -> None:
    seconds = [0.0005, 0.010, 0.020, 0.150]
    for one in seconds:
        bench.ask("api-1", 200, one, 0)
    bench.now += 3600
    (series,) = bench.list(LATENCIES)
    assert (series.value_type, series.unit) == (VALUE.DISTRIBUTION, "ms")
    found = series.points[0].value.distribution_value
    assert found.count == sum(found.bucket_counts) == 4
    assert math.isclose(found.mean, sum(seconds) / 4 * 1000)
    options = found.bucket_options.exponential_buckets
    assert (options.scale, round(options.growth_factor, 6)) == (10, 1.1)  # six bounds of the real one are of this row
    bound = options.scale * options.growth_factor ** (len(found.bucket_counts) - 1)
    assert bound / options.growth_factor <= 150 < bound
    (aligned,) = bench.list(LATENCIES, aggregation=SUM)
    assert aligned.points[0].value.distribution_value.count == 4


def test_pages(bench: Bench) -> None:
    for number in range(5):
        bench.ask(f"api-{number}", 200, 0.1, 0)
    bench.now += 3600
    found = bench.list(COUNT, page_size=2)
    assert [series.resource.labels["revision_name"] for series in found] == [f"api-{n}" for n in range(5)]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"filter": ""}, "must name one metric"),
        ({"filter": 'resource.type="cloud_run_revision"'}, "must name one metric"),
        ({"filter": 'metric.type="run.googleapis.com/billable"'}, "run.googleapis.com/billable"),
        ({"filter": f"{COUNT} AND group.id=7"}, "group.id"),
        ({"filter": f"{COUNT} AND"}, "ends where"),
        ({"filter": f'{COUNT} AND resource.labels.x=sounds_like("y")'}, "sounds_like"),
        ({"name": "folders/7"}, "folders/7"),
        ({"interval": TimeInterval(end_time=moment(0))}, "start_time"),
        ({"interval": TimeInterval(start_time=moment(1), end_time=moment(0))}, "before"),
        ({"aggregation": {**SUM, "per_series_aligner": Aggregation.Aligner.ALIGN_RATE}}, "ALIGN_RATE"),
        ({"aggregation": {**SUM, "alignment_period": timedelta(seconds=59)}}, "at least 60"),
        ({"aggregation": {**SUM, "cross_series_reducer": Aggregation.Reducer.REDUCE_MEAN}}, "REDUCE_MEAN"),
        ({"aggregation": {"cross_series_reducer": Aggregation.Reducer.REDUCE_SUM}}, "per_series_aligner"),
        ({"order_by": "x"}, "order_by"),
        ({"page_token": "x"}, "page token"),
    ],
)
def test_what_is_not_known_here_is_refused(bench: Bench, fields: dict[str, Any], why: str) -> None:
    fields.setdefault("interval", TimeInterval(start_time=moment(0), end_time=moment(60)))
    with pytest.raises(exceptions.InvalidArgument, match=why):
        list(bench.client.list_time_series({"name": "projects/p", "filter": COUNT, **fields}))


@given(st.floats(0, 1e13))
def test_every_latency_has_the_bucket_whose_bounds_hold_it(value: float) -> None:
    number = bucket(value)
    assert number == 0 or value >= SCALE * GROWTH ** (number - 1)
    assert number == FINITE_BUCKETS + 1 or value < SCALE * GROWTH**number
    assert number <= FINITE_BUCKETS + 1


@given(st.lists(st.lists(st.floats(0, 1e5), max_size=20), max_size=5))
def test_adding_up_tallies_is_tallying_all(parts: Sequence[Sequence[float]]) -> None:
    whole, tallies = Tally(), []
    for part in parts:
        tallies.append(Tally())
        for value in part:
            whole.add(value)
            tallies[-1].add(value)
    added = total(tallies)
    assert (added.count, added.buckets) == (whole.count, whole.buckets)
    assert math.isclose(added.mean, whole.mean, rel_tol=1e-9, abs_tol=1e-6)
    assert math.isclose(added.squares, whole.squares, rel_tol=1e-6, abs_tol=1e-3)
