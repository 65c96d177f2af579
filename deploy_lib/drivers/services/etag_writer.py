"""One change of a service: read it, decide, write with its etag; read again whenever the answer leaves a doubt.

Cloud Run refuses a write whose etag is stale, so two writers never overwrite each other. A refusal for that reason,
and an answer that was lost, both lead back to reading: the edit is made again on what is there now, and says that
there is nothing to do when its effect is there already. Nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING

from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import Clock, DriverError
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.services.api import RunApi
from deploy_lib.drivers.services.traffic import short
from deploy_lib.drivers.status_code import StatusCode

if TYPE_CHECKING:
    from google.cloud import run_v2

WRITES_WITHIN = 30.0
"""Seconds. A service that is written to for longer than this is in somebody else's hands."""

Edit = Callable[["run_v2.Service"], list[str]]
"""Changes the message it is given and names the fields changed; none when the service is as wanted already.

It is called anew on every reading, so it must follow from that reading alone. It refuses by raising DriverError.
"""


@dataclass(frozen=True, slots=True)
class Changed:
    """`operation` is None when nothing had to be written, or when the answer was lost and the effect was there."""

    service: run_v2.Service
    operation: str | None = None


class EtagWriter:
    """All writes of this process to services go through one lock, so that they never conflict with each other."""

    def __init__(self, api: RunApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._lock = RLock()

    def write(self, path: str, edit: Edit, doing: str) -> Changed:
        """Raises DriverError, also when the service does not exist; it is `no_effect` unless an answer was lost."""
        doubt: ApiError | None = None
        lost = False
        for _ in polls(self._clock, WRITES_WITHIN):
            asked = False
            try:
                with self._lock:
                    service = self._read(path, doing)
                    mask = edit(service)
                    if not mask:
                        return Changed(service)
                    asked = True
                    return Changed(service, self._api.update(service, mask, doing))
            except ApiError as error:
                lost = lost or (asked and error.maybe_done)
                error.no_effect = not lost
                if not (error.maybe_done or _stale(error)):
                    raise
                doubt = error
        assert doubt is not None
        raise doubt

    def _read(self, path: str, doing: str) -> run_v2.Service:
        service = self._api.service(path)
        if service is None:
            raise DriverError(f"could not {doing}: the service {short(path)} does not exist", conflict=True)
        return service


def _stale(error: ApiError) -> bool:
    return error.code is StatusCode.ABORTED or (
        error.code is StatusCode.FAILED_PRECONDITION and "etag" in error.message.lower()
    )
