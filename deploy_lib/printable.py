"""Text from outside, made fit to be shown: an application's output, a build's, file names, commit messages, errors.

A terminal obeys what it is sent (titles, the clipboard, links, the cursor), a reader is misled by marks that turn the
direction of writing round, and a CI system takes commands from a log. `clean` is for what is kept, `shown` for the last
step before a screen or a log. Sources: ECMA-48 5.3 and 5.6 (escape sequences), Unicode UAX 9 (bidirectional marks).
"""

from __future__ import annotations

import re
from collections.abc import Collection

from deploy_lib.redact import Redactor

_ENDED = r"(?:\x1b\\|[\x07\x9c])"  # ST or BEL
_SEQUENCE = re.compile(
    rf"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*{_ENDED}?"  # OSC, DCS, SOS, PM, APC with their text
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, the cursor, clearing
    r"|\x1b[ -/]*[0-~]?"
)
# What XML 1.0 does not allow, what moves a cursor, and what reorders, hides or breaks a line. Tab and newline stay.
_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff\ufff9-\ufffb"
    "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\U000e0000-\U000e007f]"
)
_FEED = re.compile(r"\r+\n")
_ESCAPED_BYTE = range(0xDC80, 0xDD00)  # PEP 383: how a byte that is not UTF-8 stands in a text
# "##[error]", "##vso[...]", "##teamcity[...]" act anywhere in a line; "::error::" at its start, after spaces
# (github.com/actions/runner, ActionCommand.cs; Azure Pipelines, "Logging commands"; TeamCity, "Service messages").
_HASHES = re.compile(r"##(?=\w*\[)")
_COLONS = re.compile(
    r"^(\s*):(?=:)|:(?=:(?:error|warning|notice|debug|group|endgroup|add-mask|add-path|add-matcher|remove-matcher|"
    r"set-env|set-output|save-state|stop-commands|echo|internal-set-repo-path)\b[^:\n]*::)",
    re.IGNORECASE | re.MULTILINE,
)


def without_escapes(text: str) -> str:
    """Without escape sequences: colours, the cursor's way, titles, links."""
    return _SEQUENCE.sub("", text)


def clean(text: str) -> str:
    """Without escape sequences; every other odd character as \\ufffd, a byte that is not UTF-8 as its \\x.. code."""
    if text.isascii() and text.isprintable():
        return text
    return _ODD.sub(_instead, without_escapes(_FEED.sub("\n", text)))


def shown(text: str) -> str:
    """`clean`, and of no meaning to the CI system whose log it may stand in."""
    text = clean(text)
    return _COLONS.sub(r"\1: ", _HASHES.sub("# #", text)) if "##" in text or "::" in text else text


def _instead(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02x}" if code in _ESCAPED_BYTE else "\ufffd"


class Printable(Redactor):
    """A Redactor that also cleans, and cleans first: a sequence inside a secret must not hide it."""

    def __init__(self, secret_values: Collection[str] = ()) -> None:
        super().__init__([clean(value) for value in secret_values])

    def text(self, text: str) -> str:
        return super().text(clean(text))
