"""Names the revision in every response, the ones to unhandled errors and websockets included.

It stands outside the framework, because a framework's own middleware never sees the answer to an unhandled error.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_STARTS = {"http.response.start", "websocket.accept", "websocket.http.response.start"}


def with_revision(app: ASGIApp, revision: str) -> ASGIApp:
    header = (b"x-revision", revision.encode())

    async def named(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_named(message: Message) -> None:
            if message["type"] in _STARTS:
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        await app(scope, receive, send_named)

    return named
