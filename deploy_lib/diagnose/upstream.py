"""Exceptions that say another server did not answer: a database, a cache, a broker, an API.

They look transient and often are, so none of them is called deterministic.
"""

from __future__ import annotations

import re

from deploy_lib.diagnose.meaning import Meaning
from deploy_lib.diagnose.tracebacks import ExceptionSection
from deploy_lib.model.cause_facts import UpstreamFacts
from deploy_lib.model.codes import Code

_DATABASES = re.compile(
    r"psycopg|asyncpg|sqlalchemy|pymysql|MySQL|mysqlclient|redis|pymongo|mongo|clickhouse|sqlite3|django\.db|cassandra|"
    r"elasticsearch|neo4j|tortoise|asyncmy|aiomysql",
    re.IGNORECASE,
)
_CONNECTION = re.compile(
    r"connection refused|could not connect|can't connect|connect call failed|connection timed out|timed out|"
    r"name or service not known|temporary failure in name resolution|nodename nor servname|no route to host|"
    r"network is unreachable|connection reset|"
    r"server closed the connection|password authentication failed|access denied for user|too many connections|"
    r"remaining connection slots|all connection attempts failed|ServerSelectionTimeout|cannot connect",
    re.IGNORECASE,
)
_WHERE = (
    re.compile(r"server at \"([^\"]+)\"(?: \([^)]*\))?, port (\d+)"),
    re.compile(r"connecting to ([\w.-]+):(\d+)"),
    re.compile(r"Connect call failed \('([^']+)', (\d+)"),
    re.compile(r"host='([^']+)', port=(\d+)"),
    re.compile(r"MySQL server on '([^':]+)(?::(\d+))?'"),
    re.compile(r"could not translate host name \"([^\"]+)\""),
    re.compile(r"\b((?:\d{1,3}\.){3}\d{1,3}|[a-z][\w-]*(?:\.[\w-]+)+|localhost):(\d{2,5})\b"),
)
_NAMES = (
    "ConnectionRefusedError",
    "ConnectError",
    "gaierror",
    "ConnectTimeout",
    "ServiceUnavailable",
    "MaxRetryError",
    "ClientConnectorError",
    "TimeoutError",
    "ConnectionError",
    "OperationalError",
    "ConnectionResetError",
    "InterfaceError",
    "ServerSelectionTimeoutError",
    "InvalidPasswordError",
    "CannotConnectNowError",
    "ConnectionDoesNotExistError",
    "NewConnectionError",
    "TooManyConnectionsError",
)


def no_connection(section: ExceptionSection) -> Meaning | None:
    """Who did not answer, when that is what the exception says."""
    text = "\n".join((section.message, *section.tail))
    if section.name not in _NAMES and not (_CONNECTION.search(section.message) and section.name.endswith("Error")):
        return None
    if section.name in ("OperationalError", "InterfaceError", "TimeoutError") and not _CONNECTION.search(text):
        return None
    place = where(text)
    database = bool(
        _DATABASES.search(section.type)
        or any(_DATABASES.search(frame.file) for frame in section.frames[-6:])
        or _DATABASES.search(section.message)
    )
    what = "the database" if database else "a server it needs"
    at = f" at {place}" if place else ""
    why = re.search(r"authentication failed|access denied", text, re.IGNORECASE)
    did = "refused the password" if why else "could not be reached"
    kind = Code.DATABASE_REFUSED if database else Code.UPSTREAM_REFUSED
    return Meaning(kind, f"{what}{at} {did}", facts=UpstreamFacts(upstream=place or None))


def where(text: str) -> str:
    """host:port, or host, of the server named; "" when none is."""
    for pattern in _WHERE:
        match = pattern.search(text)
        if match:
            return ":".join(part for part in match.groups() if part)
    return ""
