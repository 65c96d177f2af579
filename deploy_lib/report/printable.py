"""Text that can be shown anywhere: secrets masked, and nothing left that a terminal or an XML parser trips over."""

from __future__ import annotations

import re

from deploy_lib.redact import Redactor

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# What XML 1.0 does not allow, and what moves a terminal's cursor. Tab and newline stay.
_ODD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")


class Printable(Redactor):
    """A Redactor that also takes out terminal colours, control characters and broken surrogates."""

    def text(self, text: str) -> str:
        if not (text.isascii() and text.isprintable()):
            text = _ODD.sub("\ufffd", _COLOUR.sub("", text.replace("\r\n", "\n")))
        return super().text(text)
