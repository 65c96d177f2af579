"""Contents of blobs through one `git cat-file --batch`, kept for as long as its owner lives.

Starting git costs more than reading a thousand blobs, so they are asked for in bunches, each small enough that
neither side of the pipe can fill it while the other waits.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterable, Iterator

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.source.git import Git, missing_object, not_installed, surroundings
from deploy_lib.source.model import TreeFile

_BUNCH = 200  # requests of 41 bytes: far below the 64 KiB a pipe holds
_BYTES = 4 << 20  # of answers held at a time, but for a single larger one


class Blobs:
    """Safe to share between threads. The process ends with `close`, and when its owner does."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, file: TreeFile) -> bytes:
        """Raises DriverError for an object that the repository does not hold."""
        return next(self.read_many([file]))

    def read_many(self, files: Iterable[TreeFile]) -> Iterator[bytes]:
        """Contents in the order asked."""
        for bunch in _bunches(files):
            with self._lock:
                contents = self._read(bunch)
            yield from contents

    def _read(self, bunch: list[str]) -> list[bytes]:
        process = self._start()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write("".join(f"{blob}\n" for blob in bunch).encode())
            process.stdin.flush()
            contents = []
            for blob in bunch:
                head = process.stdout.readline().split()
                if len(head) != 3:
                    raise missing_object(blob)
                contents.append(process.stdout.read(int(head[2])))
                process.stdout.read(1)
            return contents
        except BaseException as error:
            # Answers may still be under way; the next question needs a process that owes nothing.
            self._end()
            if isinstance(error, (OSError, ValueError)):
                raise DriverError(f"git cat-file ended while it was asked: {error}") from None
            raise

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            try:
                self._process = subprocess.Popen(
                    self._git.command("cat-file", "--batch"),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=surroundings(),
                )
            except FileNotFoundError:
                raise not_installed() from None
        return self._process

    def close(self) -> None:
        with self._lock:
            self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.kill()
        process.wait()

    def __del__(self) -> None:
        self._end()


def _bunches(files: Iterable[TreeFile]) -> Iterator[list[str]]:
    bunch: list[str] = []
    size = 0
    for file in files:
        if bunch and (len(bunch) == _BUNCH or size + file.size > _BYTES):
            yield bunch
            bunch, size = [], 0
        bunch.append(file.blob)
        size += file.size
    if bunch:
        yield bunch
