"""Google's APIs as JSON over HTTP, where the generated clients have no words for what is asked.

That is v1 of Cloud Run, whose writes are refused when what they rest on has changed, and the server's time, which
stands in the header of every answer (RFC 9110, 6.6.1).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """`at` is the server's time, in whole seconds; None where it says none."""

    body: Json
    at: datetime | None


class JsonApi:
    """Safe to share between threads as far as requests.Session is: each call is one request."""

    def __init__(self, session: requests.Session, local: str | None) -> None:
        """`local` is the base URL of a local cloud, which answers for every host."""
        self._session = session
        self._local = local
        self.told: datetime | None = None  # the time, by the last answer

    def ask(
        self,
        verb: str,
        host: str,
        path: str,
        *,
        query: Mapping[str, str | Sequence[str]] | None = None,
        body: bytes | None = None,
        content: str = "application/json",
        timeout: float,
    ) -> JsonAnswer:
        """Raises google.api_core.exceptions.GoogleAPICallError for a refusal, and what requests raises.

        `timeout` in seconds.
        """
        from google.api_core import exceptions

        headers = {"Content-Type": content} if body is not None else {}
        answer = self._session.request(
            verb,
            f"{self._local or f'https://{host}'}{path}",
            params=query,
            data=body,
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
        )
        told, at = _json(answer.content), _date(answer.headers.get("Date"))
        self.told = at or self.told
        if answer.status_code >= 400:
            error = told.get("error")
            words = error.get("message") if isinstance(error, dict) else None
            refused: Callable[..., Exception] = exceptions.from_http_status
            raise refused(answer.status_code, str(words or answer.reason or "no reason given"), response=answer)
        return JsonAnswer(told, at)


def _json(content: bytes) -> Json:
    try:
        found = json.loads(content or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
