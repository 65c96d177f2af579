"""The whole report as one JSON object, its fields named as in `report.model`; times are ISO 8601 in UTC."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Any

from deploy_lib.report.model import Difference, Report, Subject

FORMAT = 1
"""Raised when a field changes its meaning; new fields do not."""


def write(report: Report) -> str:
    return json.dumps({"format": FORMAT, **_plain(report)}, indent=2, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        found = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        if isinstance(value, Subject):
            found["seconds"] = value.seconds
        if isinstance(value, Difference):
            found["changed"] = value.changed
        return found
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value
