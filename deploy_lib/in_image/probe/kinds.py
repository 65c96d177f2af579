"""Which kind of failure an exception is."""

from __future__ import annotations

import re
from typing import Any

from deploy_lib.in_image.probe import Document

# Kinds that mean the image lacks or breaks something; the rest follow `on_other_errors`.
IMPORT_KINDS = (
    "missing_module", "missing_dependency", "missing_name", "circular_import", "syntax_error", "encoding",
    "missing_shared_library", "incompatible_binary", "import_error",
)  # fmt: skip
# Kinds that come of what the check lacks and Cloud Run has.
OFFLINE_KINDS = ("network", "credentials")
SHARED_LIBRARY = re.compile(
    r"([\w.+-]+\.so[\w.]*): cannot open shared object file|Error loading shared library ([\w.+-]+): No such file"
)
INCOMPATIBLE = re.compile(
    r"undefined symbol: \w+|version `[\w.]+' not found|invalid ELF header|file too short|wrong ELF class"
    r"|Exec format error|Error relocating .*: symbol not found"
)
CIRCULAR = re.compile(r"partially initialized module '([\w.]+)'|most likely due to a circular import")
NO_NAME = re.compile(r"cannot import name '([^']+)' from (?:partially initialized module )?'([^']+)'")
NO_ATTRIBUTE = re.compile(r"module '([\w.]+)' has no attribute '(\w+)'")
# Words of libraries whose own exceptions hide the system's error, or that ask the network in C.
OFFLINE = re.compile(
    r"Temporary failure in name resolution|Name or service not known|nodename nor servname|No address associated with"
    r"|could not translate host name|Name does not resolve|Name resolution|getaddrinfo|Unknown (MySQL server )?host"
    r"|Connection refused|Network is unreachable|No route to host|Can't connect to|[Cc]ould not connect to"
    r"|[Ff]ailed to connect to|Cannot assign requested address|connection to server .* failed|NoBrokersAvailable"
    r"|actively refused|Max retries exceeded|[Tt]emporarily unavailable.*DNS|DNS (resolution|query)",
)
WITHOUT_CREDENTIALS = re.compile(
    r"(google\.auth|google\.oauth2)\b.*:(DefaultCredentials|Refresh|Reauth|MutualTLSChannel)Error"
    r"|google\.api_core\b.*:(Unauthorized|Unauthenticated|Forbidden|PermissionDenied)"
    r"|botocore\b.*:(NoCredentials|PartialCredentials|CredentialRetrieval|TokenRetrieval|NoAuthToken)\w*Error"
    r"|azure\.\w+\b.*:(CredentialUnavailable|ClientAuthentication)Error"
)
WITHOUT_NETWORK = re.compile(
    r"google\.auth\b.*:TransportError|google\.api_core\b.*:(ServiceUnavailable|RetryError|DeadlineExceeded|GatewayTimeout)"
    r"|botocore\b.*:(EndpointConnection|ConnectTimeout|ConnectionClosed|HTTPClient)Error"
    r"|(urllib3|requests|httpx|httpcore|aiohttp)\b.*:\w*(Connect|Resolution|Timeout|Retry)\w*"
)
MISTAKES = (NameError, TypeError, AttributeError, LookupError, ArithmeticError, AssertionError, SyntaxError)
NAMES_OF_MISTAKES = frozenset(kind.__name__ for kind in MISTAKES)


def name_kind(error: BaseException, message: str, unset: list[str]) -> tuple[str, Document]:
    if isinstance(error, SyntaxError):
        decoding = re.search(r"encoding|unicode error|Non-UTF-8|null bytes", message)
        return ("encoding" if decoding else "syntax_error"), {}
    if isinstance(error, UnicodeDecodeError) or (isinstance(error, ValueError) and "null bytes" in message):
        return "encoding", {}
    library = SHARED_LIBRARY.search(message) if isinstance(error, (ImportError, OSError)) else None
    if library:
        return "missing_shared_library", {"library": library.group(1) or library.group(2)}
    if isinstance(error, (ImportError, OSError)) and INCOMPATIBLE.search(message):
        return "incompatible_binary", {}
    if isinstance(error, (ImportError, AttributeError)):
        return name_import_kind(error, message)
    offline = offline_kind(error, message)
    if offline:
        return offline, {}
    if isinstance(error, OSError):
        return name_system_kind(error), {}
    if isinstance(error, MemoryError):
        return "memory", {}
    if type(error).__name__ == "ValidationError" and hasattr(error, "errors"):
        return read_settings_error(error)
    named = [name for name in unset if len(name) > 2 and re.search(r"\b%s\b" % re.escape(name), message)]
    if named and not isinstance(error, (NameError, TypeError)):
        return "environment_variable", {"variables": named[:20]}
    return ("exit" if isinstance(error, SystemExit) else "other"), {}


def name_import_kind(error: BaseException, message: str) -> tuple[str, Document]:
    circular, no_name, no_attribute = (p.search(message) for p in (CIRCULAR, NO_NAME, NO_ATTRIBUTE))
    module = getattr(error, "name", None)
    if isinstance(error, AttributeError):
        module = None  # there it names the attribute
    if circular:
        return "circular_import", {"module": circular.group(1) or module, "name": no_name.group(1) if no_name else None}
    if no_name:
        return "missing_name", {
            "module": no_name.group(2),
            "name": no_name.group(1),
            "file": getattr(error, "path", None),
        }
    if no_attribute:
        return "missing_name", {"module": no_attribute.group(1), "name": no_attribute.group(2)}
    if type(error).__name__ == "PackageNotFoundError":
        named = module or "".join(map(str, error.args[:1]))  # before 3.10 it has no name of its own
        return "missing_dependency", {"distribution": str(named), "party": "third"}
    if isinstance(error, ModuleNotFoundError) and module:
        return "missing_module", {"module": str(module)}
    return ("import_error" if isinstance(error, ImportError) else "other"), {}


def name_system_kind(error: OSError) -> str:
    """Three come from how the probe is run or by whom, so they must not read as the application's mistake."""
    import errno

    if error.errno == errno.EROFS:
        return "read_only_disk"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "permission"
    offline = (errno.ENETUNREACH, errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ETIMEDOUT)
    if error.errno in offline or type(error).__name__ in ("gaierror", "herror", "timeout", "TimeoutError"):
        return "network"
    return "other"


def offline_kind(error: BaseException, message: str) -> str | None:
    """Whether it came of the network or the credentials that the check does not have."""
    names = ["%s:%s" % (kind.__module__, kind.__qualname__) for kind in type(error).__mro__]
    if any(WITHOUT_CREDENTIALS.match(name) for name in names):
        return "credentials"
    if any(WITHOUT_NETWORK.match(name) for name in names):
        return "network"
    return "network" if OFFLINE.search(message) and not isinstance(error, MISTAKES) else None


def read_settings_error(error: Any) -> tuple[str, Document]:
    """Fields of a pydantic ValidationError. Its message quotes the input, which may be a secret."""
    owner = getattr(error, "model", None)
    trace = error.__traceback__
    while trace:
        if re.match(r"pydantic_settings|pydantic(\.v1)?\.env_settings", str(trace.tb_frame.f_globals.get("__name__"))):
            values = trace.tb_frame.f_locals
            holder = values.get("__pydantic_self__", values.get("self"))
            owner = type(holder) if holder is not None else owner
        trace = trace.tb_next
    problems = [(".".join(map(str, e.get("loc", ()))), str(e.get("msg", ""))) for e in error.errors()][:20]
    message = "%s: %s" % (getattr(error, "title", "settings"), "; ".join(": ".join(p) for p in problems))
    if owner is None or not any(base.__name__ == "BaseSettings" for base in getattr(owner, "__mro__", ())):
        return "other", {"message": message}
    variables = [variable_of(owner, field) for field, _ in problems]
    return "environment_variable", {"variables": variables, "message": message}


def variable_of(owner: Any, field: str) -> str:
    top = field.partition(".")[0]
    old = getattr(owner, "__fields__", {}) if not hasattr(owner, "model_fields") else {}
    if top in old:
        extra = old[top].field_info.extra
        return str(sorted(extra.get("env_names", [top]))[0]).upper()
    if top in getattr(owner, "model_fields", {}):
        return (str(owner.model_config.get("env_prefix", "")) + top).upper()
    return top if top.isupper() else top.upper()  # an alias is reported by its name
