"""How a team releases, as a page: the four keys as sentences, tables and drawings, and in each format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from deploy_lib.model.outcome import Tone
from deploy_lib.report.blocks import Block, Column, Figure, Series, Table, Weeks
from deploy_lib.report.document import BuiltSection
from deploy_lib.report.facts.four_keys import FourKeys, Spread, Week
from deploy_lib.report.formatting import long_duration

Value = Callable[[Week], float | None]


@dataclass(frozen=True, slots=True)
class StatisticsPage:
    """As every format shows it."""

    headline: str
    sections: tuple[BuiltSection, ...]
    found: dict[str, Any]
    made: datetime

    title = "STATISTICS"
    label = "the four keys"
    source = "the journals of the releases kept on this machine"
    file = "statistics"
    zone = "UTC"

    @property
    def tone(self) -> Tone:
        return "good"


def page_of(keys: FourKeys, whose: str, made: datetime) -> StatisticsPage:
    """The page; a section for which nothing was written down is not there."""
    sections = (
        ("keys", "The four keys", (Table(tuple(_keys(keys))),)),
        ("weeks", "Releases per week", tuple(_per_week(keys))),
        ("causes", "Why releases failed", tuple(_causes(keys))),
        ("lead", "From commit to live", tuple(_times(keys, "from commit to live", lambda week: week.lead))),
        ("restored", "Until users were well again", tuple(_times(keys, "to restore", lambda week: week.restored))),
    )
    built = tuple(BuiltSection(key, title, None, blocks) for key, title, blocks in sections if blocks)
    return StatisticsPage(f"How {whose} is released", built, as_data(keys), made)


def as_data(keys: FourKeys) -> dict[str, Any]:
    """For programs. Times in seconds, shares from 0 to 1, days as ISO 8601; null where nothing is known."""
    found = asdict(keys)
    return {
        **found,
        "causes": dict(keys.causes),
        "weeks": [{**asdict(week), "monday": week.monday.isoformat()} for week in keys.weeks],
    }


def _keys(keys: FourKeys) -> Iterator[tuple[str, str]]:
    weeks = len(keys.weeks)
    often = f"{keys.per_week:.1f}" if keys.per_week is not None else "not known"
    yield "live releases per week", f"{often} ({keys.live} in {weeks} week{'s' if weeks != 1 else ''})"
    yield "failed releases", f"{_share(keys.failed_share)} ({keys.failed} of {keys.releases})"
    yield "of those that users were given", f"{_share(keys.met_share)} failed ({keys.met})"
    yield "to restore users", _spread(keys.restored)
    yield "from commit to live", _spread(keys.lead)
    yield "rollbacks", str(keys.rollbacks)


def _per_week(keys: FourKeys) -> Iterator[Block]:
    if not keys.weeks:
        return
    rows = tuple((f"{week.monday:%Y-%m-%d}", str(week.live), str(week.failed)) for week in keys.weeks)
    chart = Weeks(
        _labels(keys),
        (
            Series("live", "good", tuple(float(week.live) for week in keys.weeks)),
            Series("failed", "bad", tuple(float(week.failed) for week in keys.weeks)),
        ),
    )
    heads = (Column("week from", "time"), Column("live", "number"), Column("failed", "number"))
    yield Figure("Releases that ended", chart, Table(rows, heads))


def _causes(keys: FourKeys) -> Iterator[Block]:
    if keys.causes:
        rows = tuple((str(count), _share(count / keys.failed), cause) for cause, count in keys.causes)
        yield Table(rows, (Column("releases", "number"), Column("share", "number"), Column("cause")))


def _times(keys: FourKeys, name: str, value: Value) -> Iterator[Block]:
    values = tuple(value(week) for week in keys.weeks)
    if any(each is not None for each in values):
        chart = Weeks(_labels(keys), (Series(name, "stable", values),), are_times=True)
        rows = tuple(
            (f"{week.monday:%Y-%m-%d}", long_duration(value(week))) for week in keys.weeks if value(week) is not None
        )
        yield Figure(
            f"The median {name}", chart, Table(rows, (Column("week from", "time"), Column("median", "number")))
        )


def _labels(keys: FourKeys) -> tuple[str, ...]:
    return tuple(f"{week.monday:%d %b}" for week in keys.weeks)


def _share(value: float | None) -> str:
    return "not known" if value is None else f"{value * 100:.0f} %"


def _spread(found: Spread | None) -> str:
    if found is None:
        return "not known"
    return f"{long_duration(found.median)} in the median of {found.count}, {long_duration(found.longest)} at most"
