"""Topics of Pub/Sub: made, and published to. Nobody subscribes here; GET /_local/published tells what came.

[doc] https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics. Messages are kept in memory, the last ones
of each topic.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from typing import Any

from aiohttp import web

from ..rest.routes import RestApi
from ..wire.method import RpcRefusal

_TOPIC = "/v1/projects/{project}/topics/{topic:[^/:]+}"
_MOST = 1000  # messages of a topic


class Topics:
    """May be asked from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._published: dict[str, deque[dict[str, Any]]] = {}
        self._count = 0

    def make(self, name: str) -> str:
        """Raises RpcRefusal for one that is there."""
        with self._lock:
            if name in self._published:
                raise RpcRefusal("ALREADY_EXISTS", f"Resource already exists in the project (resource={name}).")
            self._published[name] = deque(maxlen=_MOST)
        return json.dumps({"name": name})

    def publish(self, name: str, body: bytes) -> str:
        """The ids of the messages. Raises RpcRefusal for a topic that is not there, and for a body that is no such."""
        try:
            messages = json.loads(body)["messages"]
            whole = all(isinstance(each, dict) and (each.get("data") or each.get("attributes")) for each in messages)
        except (ValueError, KeyError, TypeError):
            messages, whole = [], False
        if not messages or not whole:
            raise RpcRefusal("INVALID_ARGUMENT", "The value for messages is too small or a message is empty.")
        with self._lock:
            kept = self._published.get(name)
            if kept is None:
                raise RpcRefusal("NOT_FOUND", f"Resource not found (resource={name.rpartition('/')[2]}).")
            kept.extend(messages)
            first, self._count = self._count + 1, self._count + len(messages)
        return json.dumps({"messageIds": [str(number) for number in range(first, self._count + 1)]})

    def published(self) -> dict[str, list[dict[str, Any]]]:
        """The messages of every topic, oldest first."""
        with self._lock:
            return {name: list(messages) for name, messages in self._published.items()}


def topic_routes(rest: RestApi) -> list[web.RouteDef]:
    topics = Topics()

    def name_of(request: web.Request) -> str:
        return "projects/{project}/topics/{topic}".format(**request.match_info)

    async def made(request: web.Request) -> web.Response:
        return await rest.answering(request, lambda: topics.make(name_of(request)))

    async def published_to(request: web.Request) -> web.Response:
        body = await request.read()
        return await rest.answering(request, lambda: topics.publish(name_of(request), body))

    async def published(request: web.Request) -> web.Response:
        return web.json_response(topics.published())

    return [
        web.put(_TOPIC, made),
        web.post(f"{_TOPIC}:publish", published_to),
        web.get("/_local/published", published),
    ]
