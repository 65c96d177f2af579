"""Shows a release while it runs: one line per step, then the cause and what serves now."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from deploy_lib.model.release import Status

from .command import Event

_STYLES = {"good": "green", "bad": "bold red", "unsure": "yellow", "plain": "dim"}
_SHOWN_FINDINGS = 4


class Progress:
    def __init__(self, console: Console) -> None:
        self._console = console

    def tell(self, event: Event) -> None:
        lines = {
            "judged": self._judged,
            "restore_answered": self._restored,
            "diagnosed": self._diagnosed,
            "stopped": self._stopped,
        }
        if event.get("type") in lines:
            lines[event["type"]](event)

    def _judged(self, event: Event) -> None:
        words = Status(event["status"]).words
        mark = f"[{_STYLES[words.tone]}]{words.mark:<7}[/]"
        self._say(f"{event['label']:<15} {mark} {event['seconds']:5.1f} s  {escape(event['reason'])}")
        errors = [finding for finding in event.get("findings", ()) if finding["severity"] == "error"]
        for finding in errors[:_SHOWN_FINDINGS] if event["status"] == "failed" else ():
            self._say(f"    {escape(finding['message'])}", style="dim")
            for link in finding.get("chain", ()):
                self._say(f"      {escape(link)}", style="dim")
            if finding.get("fix"):
                self._say(f"    fix: {escape(finding['fix'])}")

    def _restored(self, event: Event) -> None:
        self._say(
            "the traffic is back as it was" if event["whole"] else f"[red]not restored: {escape(event['reason'])}[/]"
        )

    def _diagnosed(self, event: Event) -> None:
        cause = event["cause"]
        self._say(f"[bold]cause:[/] {escape(cause['sentence'])}")
        for line in cause["evidence"]:
            self._say(f"    {escape(line)}", style="dim")

    def _stopped(self, event: Event) -> None:
        self._say(f"[bold]{event['outcome']}[/]: {escape(event['reason'])}")
        self._say(f"serving: {escape(event['serving'])}")

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(f"  {text}", style=style, highlight=False, soft_wrap=True)
