"""What reads answered before the last write, for replicas that lag behind.

A write makes every earlier answer of its API old. Only what a client really asked can be given again: a read whose
like was never asked before the write is answered from the present.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from typing import Any

_KEPT = 500  # different reads
_READS = ("Get", "List", "Access", "Test", "Wait", "Write")  # writing log entries changes nothing a read here tells

_Question = tuple[str, bytes]


class Memory:
    """May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writes: defaultdict[str, int] = defaultdict(int)  # by API, the package of the service
        # The newest answer, and the newest one from before the write that preceded it: each with its time in writes.
        self._answers: OrderedDict[_Question, list[tuple[int, Any]]] = OrderedDict()

    def wrote(self, method: str) -> None:
        with self._lock:
            self._writes[_api(method)] += 1

    def answered(self, method: str, question: bytes, answer: Any) -> None:
        with self._lock:
            now = self._writes[_api(method)]
            known = self._answers.setdefault((method, question), [])
            known[:] = [*[old for old in known if old[0] < now][-1:], (now, answer)]
            self._answers.move_to_end((method, question))
            if len(self._answers) > _KEPT:
                self._answers.popitem(last=False)

    def before_last_write(self, method: str, question: bytes) -> Any:
        """None when the question was not asked then."""
        with self._lock:
            now = self._writes[_api(method)]
            older = [answer for at, answer in self._answers.get((method, question), []) if at < now]
            return older[-1] if older else None


def is_read(method: str) -> bool:
    return method.rpartition("/")[2].startswith(_READS)


def _api(method: str) -> str:
    return method.rpartition("/")[0].rpartition(".")[0]
