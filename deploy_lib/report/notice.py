"""The one message that is sent of an event: who, what, why, and what serves."""

from __future__ import annotations

from deploy_lib.model.entry_words import about_freeze
from deploy_lib.model.journal import Asked, Entry, RestoreAsked, Started, Stopped
from deploy_lib.model.notices import Notice, NoticeEvent
from deploy_lib.model.release import Release
from deploy_lib.printable import Printable
from deploy_lib.redact import named_secrets

LONGEST = 1500  # characters; chat services cut much longer messages


def notice(release: Release, entry: Entry) -> Notice | None:
    """Its text is in Slack's notation, secrets masked; None for an entry that no message is made of."""
    event = _event_of(entry)
    if event is None:
        return None
    service = release.service
    mask = Printable([*named_secrets(service.env), *named_secrets(service.source.args)])
    text = _escaped(mask.text(_text(release, entry))[:LONGEST])
    if not isinstance(entry, Stopped):
        return Notice(event, release, text, entry.at.isoformat())
    reason, serving = mask.text(entry.reason)[:LONGEST], mask.text(entry.serving)
    return Notice(event, release, text, entry.at.isoformat(), entry.outcome, reason, serving)


def _event_of(entry: Entry) -> NoticeEvent | None:
    """None for an entry that nobody is told of."""
    if isinstance(entry, Started):
        return NoticeEvent.START
    if isinstance(entry, Asked) and entry.moves_traffic:
        return NoticeEvent.TRAFFIC
    if isinstance(entry, RestoreAsked):
        return NoticeEvent.RESTORE
    if isinstance(entry, Stopped):
        return NoticeEvent.SUCCESS if entry.outcome.is_good else NoticeEvent.FAILURE
    return None


def _text(release: Release, entry: Entry) -> str:
    name = f"{release.service.label} ({release.service.project})"
    if isinstance(entry, Started):
        verb = "is resumed" if entry.resumed else "starts"
        who = f" by {entry.holder}" if entry.holder else ""
        about = about_freeze(entry)
        more = f"\n{about}" if about else ""
        return f"{name}: release {release.id} {verb}{who}, commit {release.commit[:7]}{more}"
    if isinstance(entry, Asked):
        return f"{name}: release {release.id} goes on to {entry.label}"
    if isinstance(entry, RestoreAsked):
        return f"{name}: release {release.id} puts users back: {entry.why}"
    if isinstance(entry, Stopped):
        lines = [f"{name}: {entry.outcome.words.notice}: {entry.reason}", f"serving: {entry.serving}"]
        return "\n".join([*lines, *entry.next_commands])
    return ""


def _escaped(text: str) -> str:
    """Slack reads &, < and > as markup (api.slack.com, "Formatting text for app surfaces")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
