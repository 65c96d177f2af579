"""Contents of blobs through `git cat-file`, whose process is kept for as long as its owner lives.

Starting git costs more than reading a hundred blobs, so questions are sent in bunches, each small enough that
neither side of the pipe can fill it while the other waits. Contents come one at a time, so a commit of any size
passes through little memory. A process answers one caller; a second who asks meanwhile gets another.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.source.git import Git, not_installed, surroundings, unreadable_object
from deploy_lib.source.model import TreeFile

_BUNCH = 200  # questions of 41 bytes: far below the 64 KiB a pipe holds


class Blobs:
    """Safe to share between threads. The processes end with `close`, and when their owner does."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._idle: list[_Reader] = []

    def read_many(self, files: Iterable[TreeFile]) -> Iterator[bytes]:
        """Contents in the order asked. Raises DriverError for an object that the repository does not hold."""
        reader = self._idle.pop() if self._idle else _Reader(self._git)
        done = False
        try:
            yield from reader.read(file.blob for file in files)
            done = True
        finally:
            # Answers that nobody took are still under way; the next question needs a process that owes nothing.
            if done:
                self._idle.append(reader)
            else:
                reader.close()

    def sizes(self, files: Iterable[TreeFile]) -> Iterator[int]:
        """Bytes of each, in the order asked."""
        given = "".join(f"{file.blob}\n" for file in files).encode()
        for line in self._git.run("cat-file", "--batch-check=%(objectsize)", given=given).split(b"\n")[:-1]:
            if not line.isdigit():
                raise unreadable_object(self._git, line.split()[0].decode())
            yield int(line)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


class _Reader:
    """One `git cat-file --batch`."""

    def __init__(self, git: Git) -> None:
        self._git = git
        try:
            self._process = subprocess.Popen(
                git.command("cat-file", "--batch"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=surroundings(),
            )
        except FileNotFoundError:
            raise not_installed() from None
        self._questions: IO[bytes] = self._process.stdin  # type: ignore[assignment]
        self._answers: IO[bytes] = self._process.stdout  # type: ignore[assignment]

    def read(self, blobs: Iterable[str]) -> Iterator[bytes]:
        waiting = iter(blobs)
        while bunch := list(islice(waiting, _BUNCH)):
            self._ask(bunch)
            for blob in bunch:
                yield self._answer(blob)

    def _ask(self, bunch: list[str]) -> None:
        try:
            self._questions.write("".join(f"{blob}\n" for blob in bunch).encode())
            self._questions.flush()
        except OSError as error:
            raise DriverError(f"git cat-file ended while it was asked: {error.strerror}") from None

    def _answer(self, blob: str) -> bytes:
        head = self._answers.readline().split()
        if len(head) != 3:
            raise unreadable_object(self._git, blob)
        content = self._answers.read(int(head[2]))
        self._answers.read(1)
        return content

    def close(self) -> None:
        for pipe in (self._questions, self._answers):
            with contextlib.suppress(OSError):
                pipe.close()
        self._process.kill()
        self._process.wait()

    def __del__(self) -> None:
        if hasattr(self, "_answers"):
            self.close()
