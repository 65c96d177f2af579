"""What the ingress itself answers, in the words of Google's own front end."""

from __future__ import annotations

import html

from aiohttp import web

# Envoy's words, which stand before Cloud Run's containers
# (https://cloud.google.com/run/docs/troubleshooting#connection-reset-by-peer).
BROKEN = "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
LATE = "upstream request timeout"
UNAVAILABLE = "Service Unavailable"
SERVER = "Google Frontend"


def not_found(path: str) -> web.Response:
    """As for a tag or a service that does not exist."""
    text = (
        "<html><head>\n"
        '<meta http-equiv="content-type" content="text/html;charset=utf-8">\n'
        "<title>404 Page not found</title>\n</head>\n<body text=#000000 bgcolor=#ffffff>\n"
        "<h1>Error: Page not found</h1>\n"
        f"<h2>The requested URL <code>{html.escape(path)}</code> was not found on this server.</h2>\n<h2></h2>\n"
        "</body></html>\n"
    )
    return web.Response(status=404, text=text, content_type="text/html", headers={"Server": SERVER})


def plain(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, headers={"Server": SERVER})
