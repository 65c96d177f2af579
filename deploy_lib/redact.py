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
import shlex
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus, unquote

MASK = "[masked]"
SHORTEST = 4  # a shorter secret value protects nothing, and masking it everywhere would eat the text

T = TypeVar("T")

_NAMES = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key|"
    r"client[_-]?secret|auth[_-]?token|refresh[_-]?token|id[_-]?token|session[_-]?(?:id|key)|signature|credentials?|"
    r"encryption[_-]?key|signing[_-]?key|secret[_-]?key|fernet[_-]?key|account[_-]?key|shared[_-]?key|storage[_-]?key|"
    r"master[_-]?key|webhook[_-]?url|connection[_-]?string|dsn|x-goog-signature|sig"
)
_WORD_START = r"(?:(?<![A-Za-z0-9])|(?-i:(?<=[a-z])(?=[A-Z])))"
_KEY = rf"{_WORD_START}(?:{_NAMES})(?:[_-](?:value|v?\d+))?\\?['\"]?"
# After a colon no secret, but the next word of a sentence: "there is no secret api-key: gcloud secrets create ...".
_PROSE = (
    r"(?:(?<==)|(?!(?:a|access|added|an|and|cannot|changed|does|expired|for|from|gcloud|grant|in|invalid|is|it|its|missing|no|"
    r"none|not|nothing|of|on|only|or|permission|plain|removed|required|set|that|the|there|this|to|unknown|unset|was|"
    r"with|write)(?=[\s,;:.]|$)|roles/))"
)
# Masked already, quoted (see above), only a reference, or prose.
_NO_VALUE = rf"(?!\[masked\]|['\"\\]|projects/|//|latest\b){_PROSE}"
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
    r"\b(?:pypi-AgEIcHlwaS|npm_|hf_|SG\.|do[opr]_v1_|dckr_pat_|shp(?:at|ss|ca)_|whsec_|sntrys_|hvs\.|glptt-|xapp-|"
    r"lin_api_|PMAK-|NRAK-|AGE-SECRET-KEY-1)[A-Za-z0-9._-]{16,}",
    r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b",  # Telegram
)
# Shapes whose first group may stay: it tells what was masked.
_AFTER = (
    r"(?i)(\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@'\"]*:)[^\s/@'\"]+(?:/[^\s@'\"]*)?(?=@)",  # scheme://user:password@
    r"(?i)\b((?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?(?:(?:bearer|basic|token|digest)\s+)?)"
    rf"{_PROSE}[^\s'\",;}}]+",
    r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}",
    r"(?i)\b((?:set-)?cookie['\"]?\s*:\s*['\"]?)[^\n'\"]+",
    r"(hooks\.slack\.com/(?:services|workflows)/)[A-Za-z0-9/_-]+",
    r"(discord(?:app)?\.com/api/webhooks/)[A-Za-z0-9/_-]+",
    r"(webhook\.office\.com/)[^\s'\"]+",
    r"(?i)(\b(?:password|passwd|passphrase|passcode|pwd)\s+(['\"`]))[^'\"`\n]+(?=\2)",  # log in with password 'x'
    r"(?i)(\b(?:token|(?:api|access|account|secret) key)\s+(['\"`]))(?=[^'\"`\s]*\d)[^'\"`\s]{8,}(?=\2)",
    r"(?i)(\b(?:password|passwd|passphrase|passcode)\s+(?:is|was)\s+)(?=\S*[\d!@#$%^&*_+=])(?!\[masked\])[^\s,;]+",
    r"(\s(?:-u|--user)[ =])[A-Za-z][^\s:]*:[^\s'\"]+",  # curl -u user:password
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
    rf"glpat|[spr]k[-_]|xox|slack|discord|office|pypi-|npm_|hf_|SG\.|do[opr]_|dckr_|shp|whsec_|sntrys_|hvs\.|glptt|xapp|"
    rf"lin_api|PMAK|NRAK|AGE-|:AA|-u |--user|{_NAMES}",
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
        self._whole = [form for form in ordered if len(form) >= 2 * PIECE]

    def text(self, text: str) -> str:
        """The text with every secret replaced by "[masked]"."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
            text = "\n".join(self._pieces(line) for line in text.split("\n")) if self._whole else text
        if not _HINT.search(text):
            return text
        for pattern, instead in _SHAPES:
            text = pattern.sub(instead, text)
        return text

    def _pieces(self, line: str) -> str:
        """Without what a line holds of a known secret that was folded: its begin, its end, or the middle alone."""
        for form in self._whole:
            start = line.rfind(form[:PIECE])
            if start >= 0 and _tells(piece := line[start:].rstrip()) and form.startswith(piece):
                line = line[:start] + MASK
            end = line.find(form[-PIECE:])
            if end >= 0:
                head = _LABEL.sub("", line[: end + PIECE]).lstrip()
                if _tells(head) and form.endswith(head):
                    line = line[: end + PIECE - len(head)] + MASK + line[end + PIECE :]
            middle = _LABEL.sub("", line).strip()
            if len(middle) >= PIECE and _tells(middle) and middle in form:
                line = line.replace(middle, MASK)
        return line

    def lines(self, lines: Iterable[str]) -> list[str]:
        """Lines that belong together: a private key that spans several of them goes as a whole."""
        following = Following(self)
        return [following.line(line) for line in lines]

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
            if value and all(_is_line(item) for item in value):
                texts = self.lines(item.text for item in value)
                return type(value)(
                    dataclasses.replace(item, text=text) for item, text in zip(value, texts, strict=True)
                )
            return type(value)(self._value(item) for item in value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            changed = {
                field.name: self._value(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init
            }
            return dataclasses.replace(value, **changed)
        return value

    def _named(self, key: object, item: Any) -> Any:
        """A text under a name that says so is a secret, whatever it looks like."""
        if isinstance(key, str) and isinstance(item, str) and is_secret_name(key) and not _REFERENCE.match(item):
            return MASK if item else item
        return self._value(item)


PIECE = 6  # characters of a known secret that give away a line which holds only a part of it
_LABEL = re.compile(r"^\s*(?:[\w./-]+: +)+")  # "build: " before the line itself


def _tells(piece: str) -> bool:
    """A piece that is one plain word may stand there by chance."""
    return len(piece) >= PIECE and not piece.isalpha()


class Following:
    """Masks lines as they come, one after the other: a private key that spans several of them goes as a whole."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._left = 0

    def line(self, line: str) -> str:
        if "PRIVATE KEY-----" in line and "-----BEGIN" in line:
            self._left = 0 if "-----END" in line else LONGEST_KEY
            return MASK if self._left else self._redactor.text(line)
        if self._left:
            self._left = 0 if "-----END" in line else self._left - 1
            return MASK
        return self._redactor.text(line)


LONGEST_KEY = 200  # lines; a log that was cut inside a key is not masked for ever


def _is_line(item: object) -> bool:
    """Lines of a log, say: they belong together as plain texts do."""
    return (
        dataclasses.is_dataclass(item)
        and not isinstance(item, type)
        and isinstance(getattr(item, "text", None), str)
        and {field.name for field in dataclasses.fields(item)} >= {"text", "at"}
    )


_SECRET_NAME = re.compile(rf"(?:^|[_.-])(?:{_NAMES})(?:[_-](?:value|v?\d+|old|new|base|key))?$", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_KEY_NAME = re.compile(r"(?:^|[_.-])key$", re.IGNORECASE)
_RANDOM = re.compile(r"(?=.*\d)(?=.*[A-Za-z])\S{16,}")  # what a key looks like, and the name of a field does not
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
        forms |= {repr(text)[1:-1], shlex.quote(text), quote(text, "", errors="replace").replace("%", "%25")}
        forms |= {re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), quote(text, "", errors="replace"))}
    if len(value) >= 2 * SHORTEST:
        forms |= _base64(value) | {value.encode("utf-8", "surrogatepass").hex()}
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
    """The values that stand under the name of a secret, such as DB_PASSWORD; references to a secret are none.

    Of any other value that holds a secret (a URL with a password) just that.
    """
    found: list[str] = []
    for name, value in values.items():
        if not value or _REFERENCE.match(value):
            continue
        if is_secret_name(name) or (_KEY_NAME.search(name) and _RANDOM.fullmatch(value)):
            found.append(value)
        found += _within(value)
    return tuple(value for value in dict.fromkeys(found) if is_worth_masking(value))


def is_secret_name(name: str) -> bool:
    return bool(_SECRET_NAME.search(_CAMEL.sub("_", name)))


# Words that many services are given as a "secret" on a developer's machine, and that any log is full of.
_ORDINARY = frozenset(
    {
        "true",
        "false",
        "null",
        "none",
        "default",
        "disabled",
        "enabled",
        "changeme",
        "example",
        "password",
        "passwd",
        "secret",
        "token",
        "production",
        "staging",
        "development",
        "localhost",
        "postgres",
        "postgresql",
        "anonymous",
        "required",
        "optional",
        "container",
        "127.0.0.1",
        "0.0.0.0",
    }
)


def is_worth_masking(value: str) -> bool:
    """Whether a value may be masked wherever it stands, and not only after its name.

    From eight characters on, or from four that are not all letters and not all digits; no ordinary word. Anything
    else would eat the text it stands in, and protects nothing.
    """
    if value.lower() in _ORDINARY:
        return False
    plain = value.isalpha() or value.isdigit()
    return len(value) >= (2 * SHORTEST if plain else SHORTEST)


def _within(value: str) -> list[str]:
    """Passwords of URLs and connection strings, tokens of known services."""
    found = [match[1] for match in _IN_URL.finditer(value)]
    found += [match[1] for match in _IN_PAIRS.finditer(value)]
    found += [match[0] for shape in _WHOLE for match in re.finditer(shape, value)]
    return [each for text in found for each in {text, unquote(text)}]


_IN_URL = re.compile(r"://[^\s:/@]*:([^\s@]+)@")
_IN_PAIRS = re.compile(rf"(?i){_KEY}\s*=\s*{_NO_VALUE}([^\s&;'\"]+)")
