"""One change of a service: read it, decide, write on the condition that it is still what was read.

A change that leaves the template alone goes through v1 of the API, which refuses it when somebody else has written
meanwhile; v2 takes a stale etag and writes over (docs/decisions/023). A new template, and a service that v1 has no
words for, go through v2 with the fields that change and the etag. A refusal, and an answer that was lost, both lead
back to reading: the edit is made again on what is there now, and says that there is nothing to do when its effect is
there already. Nothing is guessed.

A quota that is used up leads back to reading, too: while it is waited for, somebody else may change the service, and v2
would write over that.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING

from deploy_lib.drivers.errors import ApiError, is_quota
from deploy_lib.drivers.interface import Clock, DriverError
from deploy_lib.drivers.json_api import Json
from deploy_lib.drivers.policy import QUOTA_WITHIN
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.services import exposure, knative
from deploy_lib.drivers.services.api import RunApi
from deploy_lib.drivers.services.knative import KnativeApi
from deploy_lib.drivers.services.traffic import short
from deploy_lib.drivers.services.v1_words import has_no_word
from deploy_lib.drivers.status_code import StatusCode

if TYPE_CHECKING:
    from google.cloud import run_v2

WRITES_WITHIN = 30.0
"""Seconds. A service that is written to for longer than this is in somebody else's hands."""
QUOTA_PAUSE = 5.0
"""Seconds before a write that met a quota of another kind than by the minute is tried again."""
_BY_V1 = {"traffic", "annotations", *exposure.FIELDS}
_ABSENT = frozenset({StatusCode.NOT_FOUND, StatusCode.UNIMPLEMENTED, StatusCode.UNSENT, StatusCode.PERMISSION_DENIED})
"""v1 is not to be had here: another host than v2's, which a network or a perimeter may keep out."""
_REFUSED = _ABSENT - {StatusCode.UNSENT} | {StatusCode.INVALID_ARGUMENT}
"""v1 does not take what it gave: one field of it, perhaps. v2 is asked, which is given less."""

Edit = Callable[["run_v2.Service"], list[str]]
"""Changes the message it is given and names the fields changed; none when the service is as wanted already.

It is called anew on every reading, so it must follow from that reading alone. It refuses by raising DriverError.
"""


@dataclass(frozen=True, slots=True)
class Changed:
    """`operation` is None when nothing had to be written, when v1 wrote it, or when the answer was lost."""

    service: run_v2.Service
    operation: str | None = None


class ServiceWriter:
    """All writes of this process to services go through one lock, so that they never conflict with each other."""

    def __init__(self, api: RunApi, v1: KnativeApi, clock: Clock) -> None:
        self._api = api
        self._v1: KnativeApi | None = v1
        self._clock = clock
        self._lock = RLock()

    def write(self, path: str, edit: Edit, doing: str, *, template: bool = False) -> Changed:
        """Raises DriverError, also when the service does not exist; it is `no_effect` unless an answer was lost.

        `template`: the edit may change the template, so that v1 need not be asked.
        """
        doubt: ApiError | None = None
        lost, by_v1 = False, not template
        for waited in polls(self._clock, QUOTA_WITHIN):
            if waited > WRITES_WITHIN and not (doubt is not None and doubt.by_the_minute):
                break
            asked = asked_v1 = False
            try:
                self._api.wait_to_write()
                with self._lock:
                    document = self._document(path) if by_v1 else None
                    service = self._read(path, doing)
                    before = copy.deepcopy(service)
                    mask = edit(service)
                    if not mask:
                        return Changed(service)
                    if document is not None and _BY_V1.issuperset(mask) and not has_no_word(before):
                        if not knative.tells_the_same(document, before):
                            continue  # one of the two was older
                        asked = asked_v1 = True
                        assert self._v1 is not None
                        self._v1.replace(path, knative.changed(document, before, service), doing)
                        self._api.replaced(path, before)
                        return Changed(service)
                    asked = True
                    return Changed(service, self._api.update(service, mask, doing))
            except ApiError as error:
                lost = lost or (asked and error.maybe_done)
                error.no_effect = not lost
                if asked_v1 and error.code in _REFUSED:
                    by_v1 = False
                elif not (error.maybe_done or error.is_stale or (asked and _not_taken(error))):
                    raise
                if is_quota(error):
                    pause = 0.0 if error.by_the_minute else QUOTA_PAUSE  # `wait_to_write` knows of the minute
                    pause = pause if error.retry_after is None else error.retry_after
                    if waited + pause > QUOTA_WITHIN:
                        raise
                    self._clock.sleep(pause)
                doubt = error
        if doubt is None:
            raise DriverError(f"could not {doing}: the service is read as it was before its last change", "try again")
        raise doubt

    def _document(self, path: str) -> Json | None:
        """The service by v1, read before v2 tells it: what is written rests on nothing older. None: v1 is not there."""
        if self._v1 is None:
            return None
        try:
            return self._v1.read(path)
        except ApiError as error:
            if error.code not in _ABSENT or error.of_token:
                raise
            if error.code is not StatusCode.NOT_FOUND:
                self._v1 = None
            return None

    def _read(self, path: str, doing: str) -> run_v2.Service:
        service = self._api.service(path)
        if service is None:
            raise DriverError(f"could not {doing}: the service {short(path)} does not exist", conflict=True)
        return service


def _not_taken(error: ApiError) -> bool:
    """Cloud Run did nothing, and may do it a little later."""
    return error.code is StatusCode.UNSENT or is_quota(error)
