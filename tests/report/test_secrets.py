"""Secrets planted wherever a release can pick them up: none is in any format, the summary, the history or a message."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest

from deploy_lib.cli import history
from deploy_lib.journal import Journal
from deploy_lib.model import journal
from deploy_lib.model.codes import Code
from deploy_lib.model.evidence import LogLine
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.journal import Entry
from deploy_lib.model.journal_queries import first_start
from deploy_lib.report.build import build
from deploy_lib.report.formats import EXTENSIONS, render
from deploy_lib.report.notice import notice
from deploy_lib.steps.build import BuildDetails
from deploy_lib.steps.canary import CanaryDetails
from tests.report import journals
from tests.report.journals import NOON, NOW, RELEASE, SERVICE
from tests.report.test_report import BERLIN

KEY = ("-----BEGIN PRIVATE KEY-----", "MIIEpl4ntedkeyline1", "kqhkiG9w0pl4nted", "-----END PRIVATE KEY-----")
PLANTED = (
    "pl4nted-in-env",
    "pl4nted-in-arg",
    "pl4nted-password",
    "pl4nted.bearer.token",
    "pl4ntedsig",
    "pl4nted-known-value",
    "pl4nted-cookie",
    "MIIEpl4ntedkeyline1",
    "kqhkiG9w0pl4nted",
    "sk-pl4nted0123456789abcdef",
    "pl4nted-in-finding",
    "pl4nted-holder",
)
LOG = (
    "connecting to postgresql://app:pl4nted-password@db:5432/shop",
    "Authorization: Bearer pl4nted.bearer.token",
    "GET https://storage.googleapis.com/b/o?X-Goog-Signature=pl4ntedsig&x=1",
    "the value of a secret, as such: pl4nted-known-value",
    "Set-Cookie: session=pl4nted-cookie; Path=/",
    *KEY,
    "openai.AuthenticationError: wrong key sk-pl4nted0123456789abcdef",
    "DB_PASSWORD was pl4nted-in-env, and the token of the build pl4nted-in-arg",
)


def planted() -> tuple[Entry, ...]:
    """The incident, with a secret in every place that takes text."""
    service = replace(
        SERVICE,
        env={"DB_PASSWORD": "pl4nted-in-env", "ENVIRONMENT": "staging"},
        source=replace(SERVICE.source, args={"PIP_TOKEN": "pl4nted-in-arg"}),
    )
    log = (*(LogLine(NOON, text) for text in LOG), *journals.crash_log(NOON, 2))
    finding = Finding(
        Code.OTHER, Severity.ERROR, "token=pl4nted-in-finding", fix="curl -H 'Authorization: Bearer pl4nted-in-finding'"
    )
    entries: list[Entry] = []
    for entry in journals.incident(log=log, gaps=("password=pl4nted-password was refused",)):
        if isinstance(entry, journal.Started | journal.LeaseHeld | journal.Judged):
            entry = replace(entry, release=replace(entry.release, service=service))
        if isinstance(entry, journal.Started):
            entry = replace(entry, holder="ci token=pl4nted-holder")
        if isinstance(entry, journal.Judged):
            leak = "postgresql://app:pl4nted-password@db/x; pl4nted-in-env; pl4nted-in-arg"
            details = CanaryDetails(changed=(f"env: {leak}",)) if entry.kind == "canary" else BuildDetails(log_tail=LOG)
            entry = replace(entry, reason=f"{entry.reason} {leak}", findings=(finding,), details=details)
        if isinstance(entry, journal.Diagnosed):
            cause = replace(entry.cause, sentence="refused: password=pl4nted-password", evidence=LOG,
                            commands=("psql postgresql://app:pl4nted-password@db/x",))  # fmt: skip
            entry = replace(entry, cause=cause)
        if isinstance(entry, journal.Stopped):
            entry = replace(entry, reason="pl4nted-in-env, pl4nted-in-arg", serving="password=pl4nted-password",
                            next_commands=("curl -H 'Authorization: Bearer pl4nted.bearer.token'",))  # fmt: skip
        entries.append(entry)
    return tuple(entries)


@pytest.mark.parametrize("format", [*EXTENSIONS, "brief"])
def test_no_format_tells_a_secret(format: str) -> None:
    report = build(planted(), planted(), (), NOW, BERLIN, secrets=("pl4nted-known-value",))
    told = render(report, format)
    assert [secret for secret in PLANTED if secret in told] == []
    assert format == "brief" or "masked" in told
    assert RELEASE.commit[:7] in told


def test_what_is_no_secret_stays() -> None:
    told = render(build(planted(), None, (), NOW, BERLIN), "md")
    assert "postgresql://app:" in told and "@db:5432/shop" in told
    assert "netra_backend.app.schemas.llm_config_types" in told


def test_no_message_tells_a_secret() -> None:
    entries = planted()
    started = first_start(entries)
    assert started is not None
    for entry in entries:
        found = notice(started.release, entry)
        text = json.dumps(found.data) if found is not None else ""
        assert [secret for secret in PLANTED if secret in text] == []


def test_the_history_tells_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = Journal(tmp_path / "releases" / "netra-staging" / "backend" / RELEASE.id)
    for entry in planted():
        kept.append(entry)
    kept.close()
    for output in ("text", "json"):
        asked = argparse.Namespace(state=str(tmp_path), project=None, config=None, local=False, output=output,
                                   service=[], all=False, limit=5, stats=False, weeks=None, html=None)  # fmt: skip
        assert history.main(asked) == 0
    told = capsys.readouterr().out
    assert RELEASE.id in told
    assert [secret for secret in PLANTED if secret in told] == []
