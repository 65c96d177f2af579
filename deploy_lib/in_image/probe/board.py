"""What a target's process leaves behind, however it ends."""

from __future__ import annotations

import json
import mmap
from typing import Any

from deploy_lib.in_image.probe import Document


class Board:
    """Memory shared with the supervisor. It outlives the target's process, however that ends.

    The first four bytes say how long the list of imports under way is, the next four how long the report is, and four
    more how long the note about the last use of the network.
    """

    REPORT = 1 << 14
    NOTE = 1 << 20
    SIZE = NOTE + (1 << 13)

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, self.SIZE)
        self.ends = [12]

    def push(self, name: str) -> None:
        text = name.encode("utf-8", "replace") + b"\n"
        end = self.ends[-1] + len(text)
        if end < self.REPORT:
            self.memory[self.ends[-1] : end] = text
            self.memory[:4] = end.to_bytes(4, "little")
        self.ends.append(min(end, self.REPORT))

    def pop(self) -> None:
        self.ends.pop()
        self.memory[:4] = self.ends[-1].to_bytes(4, "little")

    def post(self, report: Document) -> None:
        for part in (None, "sources", "loaded", "reads", "failure"):  # what to go without when it does not fit
            report.pop(part or "", None)
            text = json.dumps(report).encode("ascii")
            if len(text) <= self.NOTE - self.REPORT:
                self.memory[self.REPORT : self.REPORT + len(text)] = text
                self.memory[4:8] = len(text).to_bytes(4, "little")
                return

    def note_network(self, use: list[Any]) -> None:
        text = json.dumps(use).encode("ascii")
        if len(text) <= self.SIZE - self.NOTE:
            self.memory[self.NOTE : self.NOTE + len(text)] = text
            self.memory[8:12] = len(text).to_bytes(4, "little")

    def read(self) -> tuple[list[str], Document, list[Any]]:
        """Imports under way, the report, and the last use of the network: its address and who asked."""
        stack_end, length, noted = (int.from_bytes(self.memory[i : i + 4], "little") for i in (0, 4, 8))
        names = self.memory[12:stack_end].decode("utf-8", "replace").split("\n") if stack_end > 12 else []
        text = self.memory[self.REPORT : self.REPORT + length]
        note = self.memory[self.NOTE : self.NOTE + noted]
        self.memory.close()
        return [n for n in names if n], json.loads(text) if length else {}, json.loads(note) if noted else []
