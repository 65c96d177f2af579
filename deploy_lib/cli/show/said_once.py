"""The lines of a release for people, each sentence in one place: where it is first known.

A step that fails is told with its reason; then, as soon as it is known, its cause, before what it was read from; and of
all these only what has not been read above. The ending names the step. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from deploy_lib.cli.show.entry_lines import (
    SHOWN_FINDINGS,
    cause_heading,
    chain_lines,
    counted_more,
    entry_lines,
    finding_lines,
    shown_of,
)
from deploy_lib.model.cause import Cause
from deploy_lib.model.findings import Finding
from deploy_lib.model.journal import Diagnosed, Entry, Judged, Started, Stopped
from deploy_lib.model.release import Status
from deploy_lib.model.shell_commands import in_shell, shown_fix

_TIME = re.compile(r"^\d\S*Z\s+")
_PLACE = re.compile(r"^\S+:\d+: ")
_SHORTEST = 12  # characters; a shorter text stands in others by chance


@dataclass(slots=True)
class _Told:
    """Of one service: the texts that stand above, and the findings that wait for their cause.

    `failed` is the label of the last step that did not pass.
    """

    texts: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    findings: tuple[Finding, ...] = ()
    failed: str = ""

    def add(self, *texts: str) -> None:
        self.texts += [_words(text) for text in texts]

    def has(self, text: str) -> bool:
        """It stands above, or all but its place and its time."""
        core = _core(text)
        return len(core) >= _SHORTEST and any(core in each for each in self.texts)

    def has_place(self, place: str) -> bool:
        """It stands above as a whole, however short it is."""
        whole = re.compile(rf"(?<![\w/.-]){re.escape(place)}(?![\w.-]*\w)")
        return any(whole.search(each) for each in self.texts)

    def rest_of(self, text: str) -> str:
        """The text without what of its beginning stands above; "" where nothing is left of it."""
        for each in self.texts:
            if len(each) >= _SHORTEST and text.startswith(f"{each}: "):
                return text[len(each) + 2 :]
        return "" if self.has(text) else text

    def add_command(self, command: str) -> None:
        self.commands.append(_typed(command))

    def has_command(self, command: str, *, within: bool = False) -> bool:
        """It stands above; `within`: as a part of another, too. A note behind it does not count."""
        typed = _typed(command)
        return any(typed in each if within else typed == each for each in self.commands)


@dataclass(slots=True)
class SaidOnce:
    """The entries of each service come in their order."""

    _told: dict[str, _Told] = field(default_factory=dict)

    def lines(self, service: str, entry: Entry) -> Iterator[str]:
        """The entry as lines of text; none for those that only a machine needs."""
        if isinstance(entry, Started):
            self._told[service] = _Told()
        told = self._told.setdefault(service, _Told())
        if isinstance(entry, Diagnosed):
            yield from self._cause(told, entry.cause)
            return
        if isinstance(entry, Judged | Stopped):
            yield from self.waiting(service)
        if isinstance(entry, Stopped):
            yield from ending_lines(self.shortened(service, entry))
            return
        if isinstance(entry, Judged) and entry.status not in (Status.PASSED, Status.SKIPPED):
            told.failed = entry.label
        if isinstance(entry, Judged) and entry.status is Status.FAILED:
            told.findings, entry = entry.findings, replace(entry, findings=())
        lines = list(entry_lines(entry))
        told.add(*lines, *([entry.reason] if isinstance(entry, Judged) else []))
        yield from lines

    def waiting(self, service: str) -> Iterator[str]:
        """The findings whose cause did not come."""
        told = self._told.setdefault(service, _Told())
        findings, told.findings = told.findings, ()
        yield from _findings(told, findings, ())
        yield from _fixes(told, findings)

    def shortened(self, service: str, stopped: Stopped) -> Stopped:
        """The ending without what stands above: of its reason then only the step is left; nothing where none failed."""
        told = self._told.setdefault(service, _Told())
        label, _, rest = stopped.reason.partition(": ")
        reason = stopped.reason
        if told.has(reason):
            reason = told.failed if stopped.outcome.wants_a_cause else ""
        elif rest and told.has(rest):
            reason = label
        commands = tuple(each for each in stopped.next_commands if not told.has_command(each))
        return replace(stopped, reason=reason, next_commands=commands)

    def _cause(self, told: _Told, cause: Cause) -> Iterator[str]:
        findings, told.findings = told.findings, ()
        _, _, behind = cause.sentence.partition(": ")
        new = "" if behind and told.has(behind) else told.rest_of(cause.sentence)
        if new:
            yield cause_heading(replace(cause, sentence=new))
        told.add(cause.sentence)
        if cause.frequency and cause.frequency.count > 1:
            yield f"  seen: {cause.frequency}"
        alone = len(cause.chain) == 1 and told.has_place(f"{cause.chain[0].file}:{cause.chain[0].line}")
        chain = [] if alone else list(chain_lines(cause.chain))
        yield from chain
        told.add(*chain)
        yield from _findings(told, findings, cause.chain)
        for line in cause.evidence[:SHOWN_FINDINGS]:
            if not told.has(line):
                yield f"  | {line}"
        told.add(*cause.evidence)
        for command in cause.commands:
            if not told.has_command(command):
                yield f"  do: {command}"
                told.add_command(command)
        yield from _fixes(told, findings)


def ending_lines(stopped: Stopped, prefix: str = "") -> Iterator[str]:
    """How it ended, what a person can type, and what serves: the last lines of all. `prefix` names the service."""
    mark, reason = stopped.outcome.words.mark, stopped.reason
    yield f"{prefix}{mark}" + (f": {reason}" if reason else "")
    yield from (f"  {command}" for command in stopped.next_commands)
    yield f"{prefix}serving: {stopped.serving}"


def _findings(told: _Told, findings: Sequence[Finding], chain: Sequence[object]) -> Iterator[str]:
    """Of a finding whose message stands above, its place, its imports and its rule, as far as they do not."""
    shown = shown_of(findings, all_of_them=True)
    for finding in shown[:SHOWN_FINDINGS]:
        if not told.has(finding.message):
            yield from finding_lines((finding,), all_of_them=True, fixes=False)
            told.add(finding.message)
            continue
        if finding.place and not told.has_place(finding.place):
            yield f"    at {finding.place}"
            told.add(finding.place)
        if not chain:
            yield from (f"      {'-> ' if index else ''}{link}" for index, link in enumerate(finding.chain))
        if finding.rule and not told.has_place(finding.rule):
            yield f"      rule: {finding.rule}"
    yield from counted_more(shown)


def _fixes(told: _Told, findings: Sequence[Finding]) -> Iterator[str]:
    """Those that are among no command that stands above."""
    shown = shown_of(findings, all_of_them=True)[:SHOWN_FINDINGS]
    for fix in dict.fromkeys(finding.fix for finding in shown if finding.fix):
        if not told.has_command(in_shell(fix), within=True):
            yield f"  fix: {shown_fix(fix)}"
            told.add_command(in_shell(fix))


def _typed(command: str) -> str:
    """Without its note."""
    return command.partition("  #")[0].strip()


def _words(text: str) -> str:
    return " ".join(text.split())


def _core(text: str) -> str:
    """What it says, without when and where."""
    return _PLACE.sub("", _TIME.sub("", _words(text)))
