"""A cause merged with what the release's checks found: why a module is not in the image, and by which rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from deploy_lib.model.cause import Cause, Link, Presence, Whereabouts
from deploy_lib.model.findings import Absence, Finding, Severity
from deploy_lib.model.shell_commands import in_shell

_YES, _NO, _UNKNOWN = Presence.YES, Presence.NO, Presence.UNKNOWN
WHEREABOUTS = {
    Absence.GITIGNORED: Whereabouts(_YES, _NO, _NO, _NO, "git ignores it, so no commit holds it"),
    Absence.UNTRACKED: Whereabouts(_YES, _NO, _NO, _NO, "it was never added to git"),
    Absence.UNCOMMITTED: Whereabouts(_YES, _NO, _NO, _NO, "the change was not committed"),
    Absence.IN_OTHER_COMMIT: Whereabouts(_UNKNOWN, _NO, _NO, _NO, "it is in another commit"),
    Absence.DELETED: Whereabouts(_NO, _NO, _NO, _NO, "the commit deletes it"),
    Absence.GCLOUDIGNORED: Whereabouts(_YES, _YES, _NO, _NO, "the upload to Cloud Build leaves it out"),
    Absence.DOCKERIGNORED: Whereabouts(_YES, _YES, _NO, _NO, "the build context leaves it out"),
    Absence.NOT_COPIED: Whereabouts(_YES, _YES, _YES, _NO, "no COPY of the Dockerfile brings it into the image"),
    Absence.CASE_MISMATCH: Whereabouts(_YES, _YES, _YES, _NO, "its name differs in upper and lower case"),
    Absence.ABSENT_EVERYWHERE: Whereabouts(_NO, _NO, _NO, _NO, "no such file exists, here or in git"),
}
"""By the cause of a finding: on the disk, in the commit, in the build context, in the image, and in words."""
_LINK = re.compile(r"^(?P<module>\S+) \((?P<file>.+?):(?P<line>\d+)\)$")


def merge(cause: Cause, findings: Sequence[Finding]) -> Cause:
    """The cause with the whereabouts of its module, when a check found that module missing too."""
    finding = matching(cause, findings)
    if finding is None:
        return cause
    where = whereabouts(finding)
    sentence = _with_reason(cause.sentence, finding, where.why)
    chain = cause.chain or links(finding)
    commands = (in_shell(finding.fix), *cause.commands) if finding.fix else cause.commands
    return replace(cause, sentence=sentence, whereabouts=where, chain=chain, commands=commands)


def _with_reason(sentence: str, finding: Finding, why: str) -> str:
    """The sentence with the reason for the absence, unless it names the rule already, as a finding's words do."""
    if finding.rule and finding.rule in sentence:
        return sentence
    reason = f": {why}" if why and why not in sentence else ""
    return f"{sentence}{reason} ({finding.rule})" if finding.rule else f"{sentence}{reason}"


def matching(cause: Cause, findings: Sequence[Finding]) -> Finding | None:
    """The finding about the cause's module: the module itself first, then a parent or child of it."""
    if not cause.module:
        return None
    about = [finding for finding in findings if finding.module and finding.cause]
    exact = next((finding for finding in about if finding.module == cause.module), None)
    if exact is not None:
        return exact
    near = f"{cause.module}."
    return next(
        (f for f in about if f.module and (f.module.startswith(near) or cause.module.startswith(f"{f.module}."))), None
    )


def whereabouts(finding: Finding) -> Whereabouts:
    """What the finding tells of the file: where it is and is not, and by which rule."""
    known = WHEREABOUTS.get(finding.cause or Absence.UNKNOWN, Whereabouts())
    return replace(known, rule=finding.rule, file=finding.missing or "")


def from_findings(findings: Sequence[Finding]) -> Cause | None:
    """The cause as the checks before the cloud saw it: the first error, since the others often follow from it."""
    wrong = [finding for finding in findings if finding.severity is Severity.ERROR]
    if not wrong:
        return None
    first = wrong[0]
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return Cause(
        kind=first.code,
        sentence=f"{first.message}{more}",
        evidence=tuple(_placed(finding) for finding in wrong[:8]),
        chain=links(first),
        module=first.module,
        commands=tuple(dict.fromkeys(in_shell(finding.fix) for finding in wrong if finding.fix)),
        deterministic=True,
        whereabouts=whereabouts(first),
    )


def _placed(finding: Finding) -> str:
    """The message with its place in front, unless it begins with it."""
    place = finding.place
    return finding.message if not place or finding.message.startswith(place) else f"{place}: {finding.message}"


def links(finding: Finding) -> tuple[Link, ...]:
    """The finding's chain, each "module (path:line)", as links; the missing module last."""
    found = [Link(m["module"], m["file"], int(m["line"])) for m in map(_LINK.match, finding.chain) if m]
    if finding.module and found and found[-1].module != finding.module:
        found.append(Link(finding.module, found[-1].file, found[-1].line))
    return tuple(found)
