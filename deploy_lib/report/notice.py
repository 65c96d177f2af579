"""The one message a chat channel gets of an event: who, what, why, and what serves."""

from __future__ import annotations

from deploy_lib.model.entry_words import about_freeze
from deploy_lib.model.journal import Entry, Started, Stopped
from deploy_lib.model.service import Service
from deploy_lib.printable import Printable
from deploy_lib.redact import named_secrets

LONGEST = 1500  # characters; chat services cut much longer messages


def notice(service: Service, entry: Entry) -> str | None:
    """The message in Slack's notation, secrets masked; None for an entry that no message is made of."""
    name = f"{service.name} ({service.project})"
    if isinstance(entry, Started):
        verb = "is resumed" if entry.resumed else "starts"
        who = f" by {entry.holder}" if entry.holder else ""
        text = f"{name}: release {entry.release.id} {verb}{who}, commit {entry.release.commit[:7]}"
        if about := about_freeze(entry):
            text += f"\n{about}"
    elif isinstance(entry, Stopped):
        lines = [f"{name}: {entry.outcome.words.notice}: {entry.reason}", f"serving: {entry.serving}"]
        text = "\n".join([*lines, *entry.next_commands])
    else:
        return None
    masked = Printable([*named_secrets(service.env), *named_secrets(service.source.args)]).text(text)
    return _escaped(masked[:LONGEST])


def _escaped(text: str) -> str:
    """Slack reads &, < and > as markup (api.slack.com, "Formatting text for app surfaces")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
