"""Operations that a test starts with Google's client, which by itself looks once in a second or more."""

from __future__ import annotations

from typing import Any

from google.api_core.future.polling import DEFAULT_POLLING
from google.api_core.operation import Operation

from tests.waits import WITHIN

_OFTEN = DEFAULT_POLLING.with_delay(0.02, 0.1, 1.5)


def ended(operation: Operation) -> Any:
    """Its result as soon as it is there; raises what it failed with."""
    return operation.result(timeout=WITHIN, polling=_OFTEN)
