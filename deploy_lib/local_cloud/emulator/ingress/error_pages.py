"""What the ingress itself answers, in the words of Google's own front end."""

from __future__ import annotations

import html

from aiohttp import web

from .admission import TurnedAway

# Envoy's words, which stand before Cloud Run's containers
# (https://cloud.google.com/run/docs/troubleshooting#connection-reset-by-peer).
BROKEN = "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
LATE = "upstream request timeout"
UNAVAILABLE, TOO_MANY = "Service Unavailable", "Rate exceeded."
SERVER = "Google Frontend"
_INVALID_TOKEN = 'Bearer error="invalid_token" error_description="The access token could not be verified"'


def not_found(path: str) -> web.Response:
    """As for a tag or a service that does not exist, or that takes no requests from outside."""
    words = f"The requested URL <code>{html.escape(path)}</code> was not found on this server."
    return _page(404, "Page not found", words)


def turned_away(answer: TurnedAway, path: str) -> web.Response:
    """[report] for the words: those of public captures."""
    if answer.iap:
        headers = {"Server": SERVER, "x-goog-iap-generated-response": "true"}
        if answer.location:
            headers["Location"] = answer.location
        return web.Response(status=answer.status, text=answer.iap, content_type="text/html", headers=headers)
    shown, client = f"<code>{html.escape(path)}</code>", "Your client does not have permission to"
    if answer.status == 403:
        return _page(403, "Forbidden", f"{client} get URL {shown} from this server.")
    if answer.status == 401:
        page = _page(401, "Unauthorized", f"{client} the requested URL {shown}.")
        page.headers["WWW-Authenticate"] = _INVALID_TOKEN
        return page
    return not_found(path)


def _page(status: int, title: str, words: str) -> web.Response:
    text = (
        "<html><head>\n"
        '<meta http-equiv="content-type" content="text/html;charset=utf-8">\n'
        f"<title>{status} {title}</title>\n</head>\n<body text=#000000 bgcolor=#ffffff>\n"
        f"<h1>Error: {title}</h1>\n<h2>{words}</h2>\n<h2></h2>\n</body></html>\n"
    )
    return web.Response(status=status, text=text, content_type="text/html", headers={"Server": SERVER})


def plain(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, headers={"Server": SERVER})
