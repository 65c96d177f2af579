"""What counts as a failed request, for every step that asks one or counts those of users.

5xx, 429, no answer, a cut body and an answer that comes too late are failures always. A redirect or another 4xx is one
unless the stable revision gives that answer to the same request, too. docs/reference.md has the table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from deploy_lib.model.answers import Attempt
from deploy_lib.model.requests import Expectation
from deploy_lib.model.roles import INVOKER

TOO_MANY = 429
_FRONT_END = (401, 403, 404)
_REFUSED = re.compile(
    r"request was not authenticated|does not have permission to get URL|allow unauthenticated invocations|"
    r"lacks valid authentication|Your client does not have permission|The access token could not be verified",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"log-?in|sign-?in|oauth|sso\b|/auth|accounts\.google\.com", re.IGNORECASE)


def is_failure(status: int) -> bool:
    """Of any request, whatever was expected of it."""
    return status >= 500 or status == TOO_MANY


def is_redirect(status: int) -> bool:
    """304 says that what the asker has is still good."""
    return 300 <= status < 400 and status != 304


def is_turned_away(status: int) -> bool:
    """A redirect, or a 4xx that does not count as a failure by itself."""
    return is_redirect(status) or (400 <= status < 500 and not is_failure(status))


def serves(answer: Attempt) -> bool:
    """Whether a server is there that answers as it should, though perhaps not at this path: a redirect or a 4xx."""
    return answer.status is not None and 200 <= answer.status < 500 and answer.status != TOO_MANY


def problem_of(expect: Expectation, status: int, body: bytes, seconds: float, location: str | None = None) -> str:
    """What is wrong with a response; empty when it is good."""
    if expect.status is None:
        if is_failure(status):
            return f"status {status}"
        if not 200 <= status < 300:
            return ""
    elif status not in expect.status:
        to = f" to {location}" if location else ""
        return f"status {status}{to} instead of {_named(expect.status)}"
    if expect.slower_than is not None and seconds > expect.slower_than:
        return f"it took {seconds:.2f} s, longer than {expect.slower_than:g} s"
    if expect.text is not None and expect.text not in body.decode("utf-8", "replace"):
        return f"the body does not contain {expect.text!r}"
    if expect.json is not None:
        return _json_problem(expect.json, body)
    return ""


def paired_problem(
    expect: Expectation, candidate: Attempt, stable: Attempt | None, given: Collection[int] = frozenset()
) -> str:
    """What is wrong with the candidate's answer, given the stable revision's to the same request; empty when good.

    `given` are the statuses that the stable revision gave to this request at any time: where it answers now with one
    4xx and now with another, both are its answers. Without a stable revision nothing is known of a redirect or a 4xx.
    """
    if candidate.problem or candidate.status is None or expect.status is not None or stable is None:
        return candidate.problem
    if candidate.status // 100 == 2 or _is_alike(candidate, stable, given):
        return ""
    return f"status {_leading(candidate)} where the stable revision {_answered(stable)}"


def _is_alike(candidate: Attempt, stable: Attempt, given: Collection[int]) -> bool:
    """Whether the stable revision gives that answer, too. Where redirects lead may differ, but not to a login."""
    if candidate.status is None or stable.status is None or candidate.status // 100 != stable.status // 100:
        return False
    if is_redirect(candidate.status) and is_redirect(stable.status):
        return _leads_to_login(stable) or not _leads_to_login(candidate)
    return candidate.status == stable.status or candidate.status in given


def is_front_end(text: str) -> bool:
    """Whether Cloud Run's front end wrote it, in an answer or in the request log, of a request that it refused."""
    return bool(_REFUSED.search(text))


def may_be_the_front_end(expect: Expectation, answer: Attempt, url: str | None) -> bool:
    """Whether it may have been answered before the service: 401, 403, 404, or a redirect that leads to a login."""
    status = answer.status
    if status is None or expect.status is not None:
        return False
    if status in _FRONT_END:
        return True
    if not (300 <= status < 400 and answer.location):
        return False
    elsewhere = urlsplit(answer.location).netloc
    return _leads_to_login(answer) or (bool(elsewhere) and elsewhere != urlsplit(url or "").netloc)


def advice_on(status: int | None, path: str) -> str:
    """What to configure when the answer has this status; empty when nothing of it is known."""
    if status == 404:
        return f"nothing is at {path}; name what the service answers: services.NAME.health: {{path: /...}}"
    if status in (401, 403):
        return f"either the caller may not invoke the service ({INVOKER} lets it), or the service asks who calls"
    if status is not None and 300 <= status < 400:
        return "name a path that needs no login: services.NAME.health: {path: /...}, or say status:"
    return ""


def _answered(stable: Attempt) -> str:
    return f"answered {_leading(stable)}" if stable.status is not None else "did not answer"


def _leading(answer: Attempt) -> str:
    """ "404", "302 to /login"."""
    to = f" to {answer.location}" if answer.location and answer.status and is_redirect(answer.status) else ""
    return f"{answer.status}{to}"


def _leads_to_login(answer: Attempt) -> bool:
    return bool(answer.location and _LOGIN.search(answer.location))


def _named(codes: tuple[int, ...]) -> str:
    return "2xx" if codes == tuple(range(200, 300)) else " or ".join(str(code) for code in codes)


def _json_problem(expected: object, body: bytes) -> str:
    assert isinstance(expected, dict)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return f"the body is not JSON: {body[:80].decode('utf-8', 'replace')!r}"
    for path, value in expected.items():
        found = document
        for key in str(path).split("."):
            if isinstance(found, list) and key.isdigit() and int(key) < len(found):
                found = found[int(key)]
            elif isinstance(found, dict) and key in found:
                found = found[key]
            else:
                return f"the body has no {path}"
        if found != value:
            return f"{path} is {found!r} instead of {value!r}"
    return ""
