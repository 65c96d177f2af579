"""The whole report as one JSON object: what each section read, under its key; times are ISO 8601 in UTC."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Any

from deploy_lib.report.document import Renderable

FORMAT = 1
"""Raised when a field changes its meaning; new fields do not."""


def write(report: Renderable) -> str:
    whole = {"format": FORMAT, "headline": report.headline, **report.found, "made": report.made, "zone": report.zone}
    return json.dumps(_plain(whole), indent=2, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value
