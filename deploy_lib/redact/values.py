"""Which values are secret by their names, and in what forms a known one may appear."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Mapping
from urllib.parse import quote, quote_plus, unquote

from deploy_lib.redact.shapes import KEY, NAMES, NO_VALUE, WHOLE

SHORTEST = 4  # a shorter secret value protects nothing, and masking it everywhere would eat the text
_SECRET_NAME = re.compile(rf"(?:^|[_.-])(?:{NAMES})(?:[_-](?:value|v?\d+|old|new|base|key))?$", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_KEY_NAME = re.compile(r"(?:^|[_.-])key$", re.IGNORECASE)
_RANDOM = re.compile(r"(?=.*\d)(?=.*[A-Za-z])\S{16,}")  # what a key looks like, and the name of a field does not
_REFERENCE = re.compile(r"^[\w-]+:(?:latest|\d+)$|^projects/")  # the name of a secret and its version
_IN_URL = re.compile(r"://[^\s:/@]*:([^\s@]+)@")
_IN_PAIRS = re.compile(rf"(?i){KEY}\s*=\s*{NO_VALUE}([^\s&;'\"]+)")


def forms_of(value: str) -> set[str]:
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
        if is_secret(name, value):
            found.append(value)
        if not _REFERENCE.match(value):
            found += _within(value)
    return tuple(value for value in dict.fromkeys(found) if is_worth_masking(value))


def is_secret(name: str, value: str) -> bool:
    """The one place that decides by a name: DB_PASSWORD holds a secret, SOME_KEY what looks like a key."""
    if not value or _REFERENCE.match(value):
        return False
    named = _SECRET_NAME.search(_CAMEL.sub("_", name))
    return bool(named or (_KEY_NAME.search(name) and _RANDOM.fullmatch(value)))


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
    found += [match[0] for shape in WHOLE for match in re.finditer(shape, value)]
    return [each for text in found for each in {text, unquote(text)}]
