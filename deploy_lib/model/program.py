"""How this program is typed: every command that is printed for a person to paste is made here.

A command is whole: it names the program by its path and carries the options in force, all paths absolute, so that it
means the same in a terminal, in a report read next week and in another directory. What a person is shown in the
terminal may be shorter (cli/program.py).
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace

_TAKES = {
    "deploy": ("config", "service", "repo", "region", "state", "again"),
    "plan": ("config", "service", "repo", "region", "state", "again"),
    "check": ("file", "service", "repo", "state"),
    "resume": ("config", "service", "repo", "region", "state"),
    "rollback": ("config", "service", "region", "state"),
    "approve": ("config", "service", "region", "state"),
    "hold": ("config", "service", "region", "state"),
    "status": ("config", "service", "region", "state"),
    "doctor": ("config", "service", "region", "state"),
    "prune": ("config", "service", "region", "state"),
    "history": ("config", "service", "state"),
    "report": ("config", "state"),
    "logs": ("config", "service", "region", "state"),
    "open": ("config", "service", "region", "state"),
    "local": ("state",),
    "init": ("repo", "state"),
}
"""The options that matter to each command, in the order in which they are printed."""


TYPED_AS = "DEPLOY_TO_GCP_TYPED_AS"
"""The variable in which a build is told, as JSON, how the tool is typed where the build was asked for."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """`typed` is the words before a command's name, quoted for a shell; the rest are the options in force, "" for none.

    `again` are further words that releasing once more needs, such as those of --no-traffic; `released` those that say
    what was to be released, such as those of --commit, which a release after a mend does without. `project` stands in
    for `config` where no file is known.
    """

    typed: str = "python3 scripts/deploy_to_gcp.py"
    config: str = ""
    project: str = ""
    services: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()  # those of `services` that are jobs
    repo: str = ""
    region: str = ""
    state: str = ""
    again: tuple[str, ...] = ()
    released: tuple[str, ...] = ()

    def of(self, service: str) -> Invocation:
        """The same for one service of the configuration."""
        return replace(self, services=(service,))

    def same_release(self, *words: str, note: str = "") -> str:
        """The command that releases the same once more, whatever the branch holds by then."""
        return self.command("deploy", *words, *self.released, note=note)

    def command(self, name: str, *words: str, note: str = "") -> str:
        """The command to paste; `words` are its arguments, unquoted, and `note` follows as a comment."""
        parts = [*([] if name == "deploy" else [name]), *words]
        for option in _TAKES[name]:
            parts += self._option(option)
        line = f"{self.typed} {shlex.join(parts)}".rstrip()
        return f"{line}  # {note}" if note else line

    def _option(self, option: str) -> list[str]:
        if option == "again":
            return list(self.again)
        if option == "service":
            return [word for name in self.services for word in ("--job" if name in self.jobs else "--service", name)]
        if option == "config" and self.project and not self.config:
            return ["--project", self.project]
        option = "config" if option == "file" else option
        value: str = getattr(self, option)
        return [f"--{option}", value] if value else []


PROGRAM = Invocation()
"""As it is typed at the top of this repository, where nothing else is known."""
