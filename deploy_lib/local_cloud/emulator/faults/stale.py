"""Remembers what reads answered before the last write, to answer like a replica that lags behind.

A write makes every earlier answer of its API old. Only what a client really asked can be given again: a read whose
like was never asked before the write is answered from the present.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict

_KEPT = 16 * 1024 * 1024  # bytes of answers; the longest unasked go first
_READS = ("Get", "List", "Access", "Test", "Wait")

_Question = tuple[str, bytes]


class Memory:
    """Questions and answers as bytes. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writes: defaultdict[str, int] = defaultdict(int)  # by API, the package of the service
        # The newest answer, and before it the newest from before the write that preceded it: each with its time in
        # writes.
        self._answers: OrderedDict[_Question, list[tuple[int, bytes]]] = OrderedDict()
        self._size = 0

    def wrote(self, method: str) -> None:
        with self._lock:
            self._writes[_api(method)] += 1

    def answered(self, method: str, question: bytes, answer: bytes) -> None:
        with self._lock:
            now = self._writes[_api(method)]
            known = self._answers.pop((method, question), [])
            kept = [*[old for old in known if old[0] < now][-1:], (now, answer)]
            self._answers[method, question] = kept
            self._size += _bytes(kept) - _bytes(known)
            while self._size > _KEPT:
                self._size -= _bytes(self._answers.popitem(last=False)[1])

    def before_last_write(self, method: str, question: bytes) -> bytes | None:
        """None when the question was not asked then."""
        with self._lock:
            now = self._writes[_api(method)]
            older = [answer for at, answer in self._answers.get((method, question), []) if at < now]
            return older[-1] if older else None


def is_read(method: str) -> bool:
    return method.rpartition("/")[2].startswith(_READS)


def _api(method: str) -> str:
    return method.rpartition("/")[0].rpartition(".")[0]


def _bytes(answers: list[tuple[int, bytes]]) -> int:
    return sum(len(answer) for _, answer in answers)
