"""The import check's answer, from the lines the probe printed; and what those tell of the image itself. Pure."""

from __future__ import annotations

from deploy_lib.drivers.builds.findings import Joined, findings_of
from deploy_lib.drivers.builds.prediction import compare_with_image
from deploy_lib.in_image.result import ProbeResult, ResultUnreadable, read_result
from deploy_lib.model.answers import ImportsChecked
from deploy_lib.source.model import Staged


def read_check(output: bytes, joined: Joined, why_not: str = "") -> ImportsChecked:
    """`output` is all that came back, from one channel or several; `why_not` what is known when nothing did."""
    try:
        result = read_result(output, joined.plan.options.nonce)
    except ResultUnreadable as problem:
        return ImportsChecked(ran=False, why_not=why_not or str(problem))
    if result.verdict == "error":
        return ImportsChecked(ran=False, why_not=f"the check itself could not run: {result.error}")
    findings = findings_of(result, joined)
    if result.image is not None and joined.staged is not None:
        findings += compare_with_image(joined.staged, result.image)
    return ImportsChecked(
        ran=True,
        targets=result.tried,
        seconds=sum(target.ms for target in result.targets) / 1000,
        findings=findings,
        facts={"verdict": result.verdict, "image": image_facts(result), "whole": result.image is not None},
    )


def passed(checked: ImportsChecked) -> bool:
    """Whether an image with this result may be pushed."""
    return checked.ran and checked.facts.get("verdict") in ("passed", "warned")


def image_facts(result: ProbeResult) -> dict[str, object]:
    """python, distributions (name -> version) and files (image path -> git's id), as far as the result knows them."""
    facts: dict[str, object] = {"python": result.python}
    if result.image is not None:
        facts["distributions"] = {item.name: item.version for item in result.image.distributions}
        if not result.image.files_cut:
            facts["files"] = {file.path: file.blob or "" for file in result.image.files}
        facts["workdir"], facts["uid"] = result.image.workdir, result.image.uid
    return facts


def source_facts(staged: Staged) -> dict[str, object]:
    """What is known of the image before it is built. base: the reference of the base image; manifest: [image path,
    git's id of the content] of every file that the context brings, as it is predicted."""
    files, contents = staged.context.files, staged.contents
    facts: dict[str, object] = {"base": contents.base} if contents.base else {}
    facts["manifest"] = [[path, files[origin].blob] for path, origin in sorted(contents.files.items())]
    return facts
