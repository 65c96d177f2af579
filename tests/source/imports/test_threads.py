"""Sources read by several threads at once, as a run of many services reads them."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from deploy_lib.source.imports.parse import facts_of


@contextmanager
def turns_everywhere() -> Iterator[None]:
    """Threads take turns also where the interpreter makes objects: when it collects garbage, it runs Python."""

    def turn(phase: str, info: object) -> None:
        for _ in range(200):
            pass

    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(20, 1000, 1000)
    gc.callbacks.append(turn)
    try:
        yield
    finally:
        gc.callbacks.remove(turn)
        gc.set_threshold(*threshold)
        sys.setswitchinterval(interval)


def test_threads_do_not_disturb_each_other(recwarn: pytest.WarningsRecorder) -> None:
    warnings.simplefilter("always")
    source = b"x = 'a\\d'\n" + b"".join(b"def f%d(x):\n    return [x, (x, [x + %d])]\n" % (n, n) for n in range(60))
    alone = facts_of(source, None)
    with turns_everywhere(), ThreadPoolExecutor(8) as pool:
        assert all(found == alone for found in pool.map(lambda _: facts_of(source, None), range(24)))
    assert [str(each.message) for each in recwarn] == []
