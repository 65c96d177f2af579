"""One cause with all that its remedy may need: the service, the evidence, and what the remedy may refer to."""

from __future__ import annotations

from dataclasses import dataclass

from deploy_lib.diagnose.remedy_context import RemedyContext
from deploy_lib.model.cause import Cause
from deploy_lib.model.cause_facts import CauseFacts, RefusalFacts, SecretFacts
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.service import Service


@dataclass(frozen=True, slots=True)
class Case:
    """Empty texts stand for what is not known without a service."""

    cause: Cause
    service: Service | None
    evidence: Evidence
    context: RemedyContext

    @property
    def facts(self) -> CauseFacts:
        """What the cause's reader knows beyond its sentence."""
        return self.cause.facts

    @property
    def cloud_run(self) -> str:
        """The service's name on Cloud Run."""
        return self.service.cloud_run if self.service else ""

    @property
    def project(self) -> str:
        """The project's id."""
        return self.service.project if self.service else ""

    @property
    def where(self) -> str:
        """The options of gcloud that name project and region."""
        return f"--project={self.project} --region={self.service.region if self.service else ''}"

    @property
    def account(self) -> str | None:
        """The account that the application runs as."""
        configured = self.service.service_account if self.service else None
        named = self.facts.account if isinstance(self.facts, RefusalFacts | SecretFacts) else None
        return named or self.evidence.service_account or configured

    @property
    def dockerfile(self) -> str:
        """The Dockerfile's repository path."""
        return self.service.source.dockerfile if self.service else "Dockerfile"

    @property
    def start(self) -> str:
        """Where the server's command is written."""
        line = self.context.source.command_line() if self.context.source else None
        return f"{self.dockerfile}:{line}" if line else f"CMD or ENTRYPOINT of {self.dockerfile}"

    def check(self, *words: str) -> str:
        """The command `check` of this tool with those words, as it is typed here."""
        return self.context.program.command("check", *words)

    def logs(self) -> list[str]:
        """The report holds the lines of the log that were read; Google's log is only at Google."""
        report = [self.context.program.command("report", self.context.release)] if self.context.release else []
        if self.context.local or not self.service:
            return report
        return [*report, f"gcloud run services logs read {self.cloud_run} {self.where} --limit=100"]

    def at_google(self, *commands: str) -> list[str]:
        """Commands that mean nothing on a local cloud."""
        return [] if self.context.local or not self.service else list(commands)

    def origin(self, path: str) -> str:
        """The repository's path of a file that the log names by its place in the image."""
        known = self.context.source.origin(path) if self.context.source else None
        return known or path
