"""The import check's answer, from the lines the probe printed; and what those tell of the image itself. Pure."""

from __future__ import annotations

from deploy_lib.drivers.builds.findings import ResultContext, findings_of
from deploy_lib.drivers.builds.prediction import compare_with_image
from deploy_lib.in_image.result import MAY_BE_PUSHED, CheckVerdict, ProbeResult, ResultUnreadable, read_result
from deploy_lib.model.answers import ImportsChecked
from deploy_lib.model.image import BuiltImage, InsideImage
from deploy_lib.source.model import Staged


def read_check(output: bytes, context: ResultContext, why_not: str = "") -> ImportsChecked:
    """`output` is all that came back, from one channel or several; `why_not` what is known when nothing did."""
    try:
        result = read_result(output, context.plan.options.nonce)
    except ResultUnreadable as problem:
        return ImportsChecked(ran=False, why_not=why_not or str(problem))
    if result.verdict == CheckVerdict.ERROR:
        return ImportsChecked(ran=False, why_not=f"the check itself could not run: {result.error}")
    findings = findings_of(result, context)
    if result.image is not None and context.staged is not None:
        findings += compare_with_image(context.staged, result.image)
    return ImportsChecked(
        ran=True,
        targets=result.tried,
        seconds=sum(target.ms for target in result.targets) / 1000,
        findings=findings,
        verdict=result.verdict,
        inside=_inside(result, context.staged),
    )


def passed(checked: ImportsChecked) -> bool:
    """Whether an image with this result may be pushed."""
    return checked.ran and checked.verdict in MAY_BE_PUSHED


def _inside(result: ProbeResult, staged: Staged | None) -> InsideImage:
    """As far as the result knows it."""
    image = result.image
    if image is None:
        return InsideImage(result.python)
    files = None if image.files_cut else {file.path: file.blob or "" for file in image.files}
    return InsideImage(
        result.python,
        {item.name: item.version for item in image.distributions},
        files,
        image.workdir,
        image.uid,
        executable=image.executable,
        path=image.path,
        roots=image.roots,
        modules={**{item.name: item.modules for item in image.distributions}, "": image.loose},
        entrypoint=result.targets[0].name if result.targets else None,
        command=staged.contents.command if staged else None,
    )


def foreseen(staged: Staged) -> BuiltImage:
    """What is known of the image before it is built."""
    files, contents = staged.context.files, staged.contents
    manifest = {path: files[origin].blob for path, origin in sorted(contents.files.items())}
    return BuiltImage(base=contents.base or None, manifest=manifest)
