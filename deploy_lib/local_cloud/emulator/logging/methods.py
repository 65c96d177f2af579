"""Cloud Logging's RPCs, as rows for the server: listing and writing entries, and the names of logs.

https://cloud.google.com/logging/docs/reference/v2/rpc/google.logging.v2. Entries can be listed the moment they are
written; the real one takes seconds. TailLogEntries is not served.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
from typing import Any

from google.cloud.logging_v2 import types as messages

from ..query.parse import BadQuery, parse
from ..wire.method import Method, RpcRefusal
from ..wire.pages import page
from .filters import compile_filter, time_bounds
from .store import Key, LogStore

_SCOPE = re.compile(r"projects/([^/]+)(?:/locations/[^/]+/buckets/[^/]+/views/[^/]+)?")
_LOG = re.compile(r"projects/([^/]+)/logs/([A-Za-z0-9/_.%-]+)")
_DEFAULT_PAGE, _LARGEST_PAGE = 50, 1000
_DESCENDING = {"": False, "timestamp": False, "timestamp asc": False, "timestamp desc": True}

# Plain protobuf classes: wrapping thousands of entries for one answer would be most of its cost.
_ListRequest = type(messages.ListLogEntriesRequest.pb(messages.ListLogEntriesRequest()))
_ListResponse = type(messages.ListLogEntriesResponse.pb(messages.ListLogEntriesResponse()))
_WriteRequest = type(messages.WriteLogEntriesRequest.pb(messages.WriteLogEntriesRequest()))
_WriteResponse = type(messages.WriteLogEntriesResponse.pb(messages.WriteLogEntriesResponse()))


class Logging:
    def __init__(self, store: LogStore) -> None:
        self._store = store

    def list(self, request: Any) -> Any:
        projects = [_project(name) for name in request.resource_names]
        if not projects:
            raise _invalid("resource_names is empty: name at least one projects/P")
        if request.page_size < 0:
            raise _invalid(f"page_size is {request.page_size}, which is negative")
        order = " ".join(request.order_by.split())
        if order not in _DESCENDING:
            raise _invalid(f'order_by is {order!r}; want "timestamp asc" or "timestamp desc"')
        try:
            tree = parse(request.filter)
            matches, bounds = compile_filter(tree), time_bounds(tree)
        except BadQuery as error:
            raise _invalid(f"Unparseable filter: {error}") from None
        size = min(request.page_size or _DEFAULT_PAGE, _LARGEST_PAGE)
        after = _cursor(request.page_token) if request.page_token else None
        found = self._store.find(projects, matches, after=after, descending=_DESCENDING[order], bounds=bounds)
        taken = list(itertools.islice(found, size + 1))
        token = _token(taken[size - 1][0]) if len(taken) > size else ""
        return _ListResponse(entries=[entry for _, entry in taken[:size]], next_page_token=token)

    def write(self, request: Any) -> Any:
        """All entries or, when one is unusable, none."""
        ready = []
        for number, given in enumerate(request.entries):
            entry = type(given)()
            entry.CopyFrom(given)
            entry.log_name = entry.log_name or request.log_name
            if not entry.HasField("resource"):
                entry.resource.CopyFrom(request.resource)
            for key, value in request.labels.items():
                if key not in entry.labels:
                    entry.labels[key] = value
            if not _LOG.fullmatch(entry.log_name):
                raise _invalid(f"entry {number} has the log name {entry.log_name!r}; want projects/P/logs/L")
            if not entry.resource.type:
                raise _invalid(f"entry {number} names no resource")
            ready.append(entry)
        if not request.dry_run:
            for entry in ready:
                self._store.add(entry)
        return _WriteResponse()

    def names(self, request: messages.ListLogsRequest) -> messages.ListLogsResponse:
        shown, token = page(self._store.names(_project(request.parent)), request.page_size, request.page_token)
        return messages.ListLogsResponse(log_names=shown, next_page_token=token)


def logging_methods(store: LogStore) -> list[Method]:
    service, api = "/google.logging.v2.LoggingServiceV2", Logging(store)
    return [
        Method(f"{service}/ListLogEntries", _ListRequest, _ListResponse, api.list),
        Method(f"{service}/WriteLogEntries", _WriteRequest, _WriteResponse, api.write),
        Method(f"{service}/ListLogs", messages.ListLogsRequest, messages.ListLogsResponse, api.names),
    ]


def _project(name: str) -> str:
    found = _SCOPE.fullmatch(name)
    if found is None:
        raise _invalid(f"{name!r} is not a resource whose logs the local cloud keeps; want projects/P")
    return found[1]


def _token(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _cursor(token: str) -> Key:
    try:
        nanos, insert_id = json.loads(base64.urlsafe_b64decode(token))
        return int(nanos), str(insert_id)
    except (ValueError, TypeError):
        raise _invalid(f"invalid page token {token!r}") from None


def _invalid(message: str) -> RpcRefusal:
    return RpcRefusal("INVALID_ARGUMENT", message)
