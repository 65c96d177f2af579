"""A local cloud that has run for long holds thousands of files open."""

from __future__ import annotations

import fcntl
import os

from deploy_lib.local_cloud.engines.readiness import is_readable


def test_a_file_of_any_number_is_waited_for() -> None:
    end, begin = os.pipe()
    high = fcntl.fcntl(end, fcntl.F_DUPFD, 1500)
    try:
        assert not is_readable(high, 0)
        os.write(begin, b"x")
        assert is_readable(high, 0)
    finally:
        for each in (end, begin, high):
            os.close(each)
