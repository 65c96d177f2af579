"""A running sandbox, as the engine's callers see it.

The supervisor is the process Python waits for; signals go to it and it passes them on, so a process id that
was reused can never be hit.
"""

from __future__ import annotations

import signal
import subprocess
import threading
from contextlib import suppress
from typing import IO, BinaryIO, cast

from .sandbox import StartedSandbox, read_event


class NamespaceContainer:
    """See model.Container. Exit codes are docker's: 137 killed, 127 not found, 126 not runnable."""

    def __init__(self, started: StartedSandbox) -> None:
        self._supervisor = started.supervisor
        self._status = started.status
        self._pid = started.pid
        self._outcome: dict[str, int] | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def stdout(self) -> BinaryIO:
        return _open_stream(self._supervisor.stdout)

    @property
    def stderr(self) -> BinaryIO:
        return _open_stream(self._supervisor.stderr)

    def poll(self) -> int | None:
        return _as_docker(self._supervisor.poll())

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutError when it still runs after `timeout` seconds."""
        try:
            code = _as_docker(self._supervisor.wait(timeout))
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"the container still runs after {timeout} s") from None
        assert code is not None
        return code

    def stop(self, grace: float = 10.0) -> int:
        if self.poll() is None:
            self._supervisor.send_signal(signal.SIGTERM)
            with suppress(TimeoutError):
                return self.wait(grace)
        return self.kill()

    def kill(self) -> int:
        if self.poll() is None:
            self._supervisor.send_signal(signal.SIGUSR1)
        return self.wait()

    def peak_memory(self) -> int | None:
        return self._read_outcome().get("peak")

    def killed_for_memory(self) -> bool:
        return bool(self._read_outcome().get("memory_killed", False))

    def _read_outcome(self) -> dict[str, int]:
        """Empty while it runs, or when the supervisor itself was killed."""
        if self.poll() is None:
            return {}
        with self._lock:
            if self._outcome is None:
                self._outcome = read_event(self._status)
                self._status.close()
            return self._outcome


def _open_stream(stream: IO[bytes] | None) -> BinaryIO:
    assert stream is not None
    return cast(BinaryIO, stream)


def _as_docker(code: int | None) -> int | None:
    return 128 - code if code is not None and code < 0 else code
