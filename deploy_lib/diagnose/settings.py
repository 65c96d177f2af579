"""Which variables an exception at start complains of. Only names come out of here, never values."""

from __future__ import annotations

import itertools
import re

from deploy_lib.diagnose.tracebacks import ExceptionSection

_UPPER = r"[A-Z][A-Z0-9_]{2,}"
_KEY = re.compile(rf"^'({_UPPER})'$")
_PYDANTIC = re.compile(r"validation errors? for (\w+)")
_FIELD = re.compile(r"^([A-Za-z_][\w.]*)$")
_UNSET = re.compile(
    rf"\b({_UPPER})\b[^\n]{{0,60}}?(?:not set|not found|missing|is required|are required|must be set|must be defined|"
    rf"is empty|not defined|undefined|not configured|not provided)"
)
_SET_THE = re.compile(
    rf"(?:set|define|missing|required|provide)\b[^\n]{{0,40}}?(?:variables?|setting|env(?:ironment)?(?: var)?)?"
    rf"[\s:'\"]+({_UPPER})\b",
    re.IGNORECASE,
)
_ENVIRON = re.compile(r"environ|getenv|env\(|config\(|settings", re.IGNORECASE)
_NOT_NAMES = frozenset(
    [
        "HTTP",
        "HTTPS",
        "URL",
        "JSON",
        "UTF",
        "ASCII",
        "ERROR",
        "INFO",
        "WARNING",
        "None",
        "API",
        "SQL",
        "TCP",
        "SSL",
        "TLS",
        "DNS",
    ]
)


def variables(section: ExceptionSection) -> tuple[str, ...]:
    """The variables named, in order; empty when the exception is about something else."""
    name = section.name
    if name == "ValidationError":
        return _of_pydantic(section)
    key = _KEY.match(section.message.strip())
    if name == "KeyError" and key:
        from_environment = any(_ENVIRON.search(frame.code) or frame.file.endswith("/os.py") for frame in section.frames)
        return (key[1],) if from_environment else ()
    about = name in ("UndefinedValueError", "EnvError", "ImproperlyConfigured", "EnvironmentError", "SettingsError")
    general = name in (
        "RuntimeError",
        "ValueError",
        "AssertionError",
        "Exception",
        "SystemExit",
        "KeyError",
        "TypeError",
    )
    if not (about or general or name.endswith(("ConfigError", "ConfigurationError", "SettingsError", "EnvError"))):
        return ()
    found = [match[1] for pattern in (_UNSET, _SET_THE) for match in pattern.finditer(section.message)]
    if not found and about:
        found = re.findall(rf"\b({_UPPER})\b", section.message)
    return tuple(dict.fromkeys(word for word in found if word not in _NOT_NAMES and word == word.upper()))


def _of_pydantic(section: ExceptionSection) -> tuple[str, ...]:
    """Pydantic prints each field on a separate line, then what is wrong with it, indented."""
    model = _PYDANTIC.search(section.message)
    if model is None or not re.search(r"setting|config|env", model[1], re.IGNORECASE):
        return ()
    lines = (*section.tail, "")
    fields = [
        line.strip() for line, after in itertools.pairwise(lines) if _FIELD.match(line) and after.startswith("  ")
    ]
    return tuple(dict.fromkeys(field.upper() for field in fields)) or (f"of {model[1]}",)
