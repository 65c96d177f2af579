"""open: the address of a service, or its page in Google's console; opened in a browser at a terminal that has one.

Exit code 0 when the address is printed, whether or not a browser came up.
"""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import quote, urlsplit

from deploy_lib.cli.selection import select
from deploy_lib.cli.session import open_session
from deploy_lib.cli.show.console import say, say_error, say_json
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.service import Service

CONSOLE = "https://console.cloud.google.com/run/detail"


def main(args: argparse.Namespace) -> int:
    selection = select(args, source=False, with_steps=False)
    if args.console and selection.config.settings.local:
        raise NotPossible("--console: a local cloud has no page in Google's console; without it the service is opened")
    if len(selection.plans) > 1:
        names = ", ".join(plan.service.label for plan in selection.plans)
        raise NotPossible(f"open one service: {names}; give one {selection.one}")
    service = selection.plans[0].service
    with open_session(selection, args, SystemClock()) as session:
        state = session.services(selection.plans[0]).read_state(service)
        endpoints = session.clients.endpoints
    if not state.exists or not state.url:
        raise NotPossible(
            f"{service.label}: there is no service {service.cloud_run} in {service.region} to open yet", 4
        )
    address = console_page(service) if args.console and not endpoints.local else state.url
    if args.output == "json":
        say_json({"service": service.label, "url": address})
    else:
        say(address)
    if args.output == "text" and has_browser(os.environ, terminal=sys.stdout.isatty(), system=sys.platform):
        _open(address)
    return 0


def console_page(service: Service) -> str:
    """The page of the service at Google."""
    path = f"{quote(service.region)}/{quote(service.cloud_run)}"
    return f"{CONSOLE}/{path}/metrics?project={quote(service.project)}"


def has_browser(environment: Mapping[str, str], *, terminal: bool, system: str) -> bool:
    """A person at a terminal with a desktop, or who names a browser in BROWSER; nobody in a CI job or over ssh."""
    if not terminal or environment.get("CI"):
        return False
    if environment.get("BROWSER"):
        return True
    if environment.get("SSH_CONNECTION"):
        return False
    return system in ("darwin", "win32") or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def _open(address: str) -> None:
    """Only what is a web address: a browser is handed nothing else. That none comes up is said, and is no failure."""
    if urlsplit(address).scheme not in ("http", "https"):
        return
    opened = False
    with suppress(webbrowser.Error, OSError):
        opened = webbrowser.open(address)
    if not opened:
        say_error("no browser came up; open the address yourself")
