"""Secrets never leave: every text that a person, a file or a webhook gets goes through a Redactor.

Two nets. Values known to be secret are masked wherever they stand, also URL-quoted, base64 or JSON-escaped. And
what looks like a secret is masked by its shape: tokens, keys, passwords in URLs, credentials in key=value form.
A mask keeps the name and loses the value: better a report that says too little than one that cannot be sent on.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

MASK = "[masked]"
SHORTEST = 4  # a shorter secret value protects nothing, and masking it everywhere would eat the text

T = TypeVar("T")

_NAMES = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key|"
    r"client[_-]?secret|auth[_-]?token|refresh[_-]?token|id[_-]?token|session[_-]?(?:id|key)|signature|credentials?|"
    r"encryption[_-]?key|signing[_-]?key|secret[_-]?key|fernet[_-]?key|dsn|x-goog-signature|sig"
)
_WORD_START = r"(?:(?<![A-Za-z0-9])|(?-i:(?<=[a-z])(?=[A-Z])))"
_KEY = rf"{_WORD_START}(?:{_NAMES})(?:[_-](?:value|v?\d+))?\\?['\"]?"
_NO_VALUE = r"(?!\[masked\]|['\"\\]|projects/|//|latest\b)"  # masked already, quoted (see above), or only a reference
# Shapes that are secret as a whole.
_WHOLE = (
    r"(?s:-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z))",
    r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?",  # JWT
    r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b",  # AWS key ids
    r"\bAIza[0-9A-Za-z_-]{30,}",  # Google: API keys, access tokens, refresh tokens, client secrets
    r"\bya29\.[0-9A-Za-z_.-]{10,}",
    r"\b1//[0-9A-Za-z_-]{20,}",
    r"\bGOCSPX-[0-9A-Za-z_-]{10,}",
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{15,})",
    r"\b[spr]k[-_](?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{16,}",  # OpenAI, Anthropic, Stripe
    r"\bxox[abprs]-[A-Za-z0-9-]{8,}",  # Slack
    r"\b(?:pypi-AgEIcHlwaS|npm_|hf_|SG\.|dop_v1_)[A-Za-z0-9._-]{16,}",
)
# Shapes whose first group may stay: it tells what was masked.
_AFTER = (
    r"(?i)(\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@'\"]*:)[^\s/@'\"]+(?:/[^\s@'\"]*)?(?=@)",  # scheme://user:password@
    r"(?i)\b((?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?(?:(?:bearer|basic|token|digest)\s+)?)[^\s'\",;}]+",
    r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}",
    r"(?i)\b((?:set-)?cookie['\"]?\s*:\s*['\"]?)[^\n'\"]+",
    r"(hooks\.slack\.com/services/)[A-Za-z0-9/_-]+",
    rf"(?i)({_KEY}\s*(?:=>|[=:])\s*\\?(['\"]))(?:(?!\2)[^\n])+?(?=\\?\2)",  # "key": "value"
    rf"(?i)({_KEY}\s*(?:=>|[=:])\s*){_NO_VALUE}[^\s&'\",;)}}\]]+",  # key=value, key: value, ?key=value&
    rf"(?i)(--(?:{_NAMES})\s+)(?!-)\S+",
)
_SHAPES = (
    *((re.compile(shape), MASK) for shape in _WHOLE),
    *((re.compile(shape), rf"\1{MASK}") for shape in _AFTER),
)
_HINT = re.compile(
    rf"PRIVATE KEY|://|authorization|bearer|cookie|eyJ|AKIA|ASIA|AROA|AIDA|AIza|ya29|1//|GOCSPX|gh[pousr]_|github_pat|"
    rf"glpat|[spr]k[-_]|xox|slack|pypi-|npm_|hf_|SG\.|dop_|{_NAMES}",
    re.IGNORECASE,
)

SHAPES = ((f"(?i){_HINT.pattern}", ""), *((shape.pattern, instead) for shape, instead in _SHAPES))
"""The second net for a program that cannot import this module: a text without the first pattern holds no secret's
shape; each of the others is to be replaced."""


class Redactor:
    """Masks known secret values and everything that looks like a secret. Safe to use many times over one text."""

    def __init__(self, secret_values: Collection[str] = ()) -> None:
        forms: set[str] = set()
        for value in secret_values:
            forms |= _forms(value)
        ordered = sorted(forms, key=len, reverse=True)  # a secret inside another one must not leave its rest behind
        self._known = re.compile("|".join(re.escape(form) for form in ordered)) if ordered else None

    def text(self, text: str) -> str:
        """The text with every secret replaced by "[masked]"."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        if not _HINT.search(text):
            return text
        for pattern, instead in _SHAPES:
            text = pattern.sub(instead, text)
        return text

    def lines(self, lines: Iterable[str]) -> list[str]:
        """Lines that belong together: a private key that spans several of them goes as a whole."""
        masked: list[str] = []
        inside = False
        for line in lines:
            if "PRIVATE KEY-----" in line and "-----BEGIN" in line:
                inside = "-----END" not in line
                masked.append(MASK if inside else self.text(line))
            elif inside:
                inside = "-----END" not in line
                masked.append(MASK)
            else:
                masked.append(self.text(line))
        return masked

    def value(self, value: T) -> T:
        """A copy of any plain value (text, mapping, sequence, frozen dataclass) with every text in it masked."""
        return self._value(value)  # type: ignore[no-any-return]

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return value if isinstance(value, enum.Enum) else self.text(value)
        if isinstance(value, Mapping):
            return {self._value(key): self._named(key, item) for key, item in value.items()}
        if isinstance(value, set | frozenset):
            return type(value)(self._value(item) for item in value)
        if isinstance(value, tuple | list):
            if value and all(type(item) is str for item in value):
                return type(value)(self.lines(value))
            return type(value)(self._value(item) for item in value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            changed = {
                field.name: self._value(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init
            }
            return dataclasses.replace(value, **changed)
        return value

    def _named(self, key: object, item: Any) -> Any:
        """A text under a telling name is a secret, whatever it looks like."""
        if isinstance(key, str) and isinstance(item, str) and _SECRET_NAME.search(key) and not _REFERENCE.match(item):
            return MASK if item else item
        return self._value(item)


_SECRET_NAME = re.compile(rf"(?:^|[_.-])(?:{_NAMES})$", re.IGNORECASE)
_REFERENCE = re.compile(r"^[\w-]+:(?:latest|\d+)$|^projects/")  # the name of a secret and its version


def _forms(value: str) -> set[str]:
    """The value as it may appear: plain, each line of it, quoted for URLs, in base64, and escaped in JSON."""
    value = value.strip("\r\n")
    plain = {value, *(line.strip() for line in value.splitlines() if len(line.strip()) >= 2 * SHORTEST)}
    forms = set(plain)
    for text in plain:
        forms |= {
            quote(text, "", errors="replace"),
            quote_plus(text, errors="replace"),
            json.dumps(text)[1:-1],
            json.dumps(text, ensure_ascii=False)[1:-1],
        }
        forms.add(repr(text)[1:-1])
    if len(value) >= 2 * SHORTEST:
        forms |= _base64(value)
    return {form for form in forms if len(form) >= SHORTEST}


def _base64(value: str) -> set[str]:
    """What base64 makes of the value at each of the three places where it may begin, without its uncertain edges."""
    raw = value.encode("utf-8", "surrogatepass")
    found: set[str] = set()
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw).decode()
        start = (0, 2, 3)[shift]
        whole = text[start : len(text) - (4 if (len(raw) + shift) % 3 else 0)]
        if len(whole) >= 3 * SHORTEST:
            found |= {whole, whole.replace("+", "-").replace("/", "_")}
    return found


def named_secrets(values: Mapping[str, str]) -> tuple[str, ...]:
    """The values that stand under the name of a secret, such as DB_PASSWORD; references to a secret are none."""
    return tuple(
        value for name, value in values.items() if _SECRET_NAME.search(name) and value and not _REFERENCE.match(value)
    )
