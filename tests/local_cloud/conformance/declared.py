"""The differences that are meant: tests/recorded/differences.yaml, each with its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from tests.local_cloud.conformance.comparison import Field
from tests.local_cloud.conformance.recording import DIRECTORY


@dataclass(frozen=True, slots=True)
class Declared:
    """`field` is the end of a path, such as `uri` or `template.revision`."""

    field: str
    reason: str

    def explains(self, found: Field) -> bool:
        return re.search(rf"(^|\.){re.escape(self.field)}$", found.path) is not None


def declared() -> list[Declared]:
    found = yaml.safe_load((DIRECTORY / "differences.yaml").read_text(encoding="utf-8"))
    return [Declared(each["field"], " ".join(each["reason"].split())) for each in found]
