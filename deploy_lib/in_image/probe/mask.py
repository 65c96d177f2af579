"""Hide secrets in all that leaves the image."""

from __future__ import annotations

import os
import re
from typing import Any

from deploy_lib.in_image.probe import Document


class Mask:
    """Hides values known to be secret, and what looks like one. Most applications print nothing to compile it for."""

    def __init__(self, options: Document) -> None:
        self.hidden = {os.environ[n]: n for n in options["secrets"] if len(os.environ.get(n, "")) >= 4}
        self.shapes: list[tuple[str, str]] = options["shapes"]
        self.compiled: list[tuple[Any, str]] = []

    def text(self, text: str) -> str:
        for secret, name in self.hidden.items():
            text = text.replace(secret, "<%s>" % name)
        if text and self.shapes and not self.compiled:
            self.compiled = [(re.compile(pattern), instead) for pattern, instead in self.shapes]
        if self.compiled and self.compiled[0][0].search(text):
            for pattern, instead in self.compiled[1:]:
                text = pattern.sub(instead, text)
        return text

    def data(self, data: bytes) -> bytes:
        return self.text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        return self.text(value) if isinstance(value, str) else value
