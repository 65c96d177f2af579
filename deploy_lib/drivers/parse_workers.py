"""Many modules parsed by several processes, since one process parses on one processor at a time.

A worker is this interpreter with the source room alone. It reads its share of the modules from a file, writes their
facts to another, and ends. What a worker does not answer, for whatever reason, is parsed here.
"""

from __future__ import annotations

import gc
import marshal
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from deploy_lib.source.imports.facts import Facts, Python, decode
from deploy_lib.source.stored_facts import Source, in_turn

WORTH_A_PROCESS = 100
"""Modules. Measured: one takes 1 to 1.5 ms, and a worker 60 ms to start."""
MOST_PROCESSES = 8
AT_ONCE = 4_000  # modules held in memory
_ROOT = str(Path(__file__).resolve().parents[2])
_WORK = f"import sys; sys.path.insert(0, sys.argv[1]); from {__name__} import work; work()"


def side_by_side(
    sources: Iterable[Source],
    python: Python | None,
    processors: int | None = None,
    interpreter: str = sys.executable,
) -> Iterator[tuple[str, Facts, bytes]]:
    """What `in_turn` gives, in another order, by as many processes as there are processors and work for them."""
    rest = iter(sources)
    while batch := list(islice(rest, AT_ONCE)):
        count = min(processors or _processors(), len(batch) // WORTH_A_PROCESS, MOST_PROCESSES)
        shares = [batch[number :: max(count, 1)] for number in range(max(count, 1))]
        with ExitStack() as stack:
            workers = [stack.enter_context(_Worker(interpreter, share, python)) for share in shares[1:]]
            yield from in_turn(shares[0], python)
            for worker in workers:
                yield from worker.answer()


def work() -> None:
    """What a worker does."""
    gc.disable()
    python, sources = marshal.load(sys.stdin.buffer)
    marshal.dump([stored for _, _, stored in in_turn(sources, python)], sys.stdout.buffer)


class _Worker:
    """One process and its share. It is killed when it is left before it has answered."""

    def __init__(self, interpreter: str, share: Sequence[Source], python: Python | None) -> None:
        self._interpreter = interpreter
        self._share = share
        self._python = python
        self._files = ExitStack()
        self._answer: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> _Worker:
        try:
            task = self._files.enter_context(TemporaryFile())
            self._answer = self._files.enter_context(TemporaryFile())
            marshal.dump((self._python, list(self._share)), task)
            task.seek(0)
            command = [self._interpreter, "-P", "-c", _WORK, _ROOT]  # -P: no module of the directory that we stand in
            self._process = subprocess.Popen(command, stdin=task, stdout=self._answer, stderr=subprocess.DEVNULL)
        except OSError:
            self._process = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._files.close()

    def answer(self) -> Iterator[tuple[str, Facts, bytes]]:
        stored = self._stored()
        facts = [decode(each) for each in stored]
        if len(facts) != len(self._share) or None in facts:
            return in_turn(self._share, self._python)
        return ((path, each, text) for (path, _), each, text in zip(self._share, facts, stored, strict=True) if each)

    def _stored(self) -> list[bytes]:
        """Empty for a worker that did not end well."""
        if self._process is None or self._answer is None or self._process.wait() != 0:
            return []
        self._answer.seek(0)
        try:
            found: list[bytes] = marshal.load(self._answer)
        except (ValueError, EOFError, TypeError):
            return []
        return found


def _processors() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
