"""Which steps may follow each other, and whether a plan can come to an end. Pure over names and settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy_lib.plan import Step
from deploy_lib.steps.promote import PromoteSettings
from deploy_lib.steps.verify import VerifySettings

_NEEDS_BEFORE = {
    "import_check": ("build", "there is no image to import from before it is built"),
    "canary": ("build", "there is no image to run before it is built"),
    "probe": ("canary", "there is no candidate to ask before the canary"),
    "compare": ("canary", "there is no candidate to compare before the canary"),
    "promote": ("canary", "there is no candidate to promote before the canary"),
    "verify": ("promote", "there is nothing to verify before a promotion"),
}
_NEVER_AFTER = {
    "git_clean": ("build", "the image would already be built"),
    "image_contents": ("build", "the image would already be built"),
    "config_contract": ("canary", "the revision would already be created"),
    "import_check": ("canary", "the revision would already run"),
}
_ONCE = ("git_clean", "image_contents", "config_contract", "build", "import_check", "canary", "verify")


def problems(steps: Sequence[Step]) -> Iterator[tuple[Step, str]]:
    """Each step that cannot stand where it stands, and why."""
    seen: list[str] = []
    percent = 0
    for step in steps:
        name = step.kind.name
        need, why_needed = _NEEDS_BEFORE.get(name, ("", ""))
        if need and need not in seen:
            yield step, f"{name} needs {need} before it: {why_needed}"
        late, why_late = _NEVER_AFTER.get(name, ("", ""))
        if late and late in seen:
            yield step, f"{name} cannot follow {late}: {why_late}"
        if name in _ONCE and name in seen:
            yield step, f"{name} stands twice; once is enough"
        if isinstance(step.settings, PromoteSettings):
            if step.settings.percent <= percent:
                yield step, f"promote {step.settings.percent} % cannot follow promote {percent} %: shares only grow"
            percent = max(percent, step.settings.percent)
        if isinstance(step.settings, VerifySettings) and step.settings.percent > percent > 0:
            wanted = step.settings.percent
            why = f"verify wants {wanted} % of the traffic right after promote {percent} %, so no release could pass it"
            yield step, f"{why}; put it after promote: {{percent: {wanted}}}, or say percent: {percent}"
        seen.append(name)
    if 0 < percent < 100:
        last = next(step for step in reversed(steps) if step.kind.name == "promote")
        yield last, f"the last promote ends at {percent} %; add promote: {{percent: 100}}"


def without_end(steps: Sequence[Step]) -> Iterator[tuple[Step, str]]:
    """The last step of a plan that could end neither live nor ready, and what to add."""
    names = [step.kind.name for step in steps]
    if names and "canary" not in names:
        missing = [name for name in ("build", "canary") if name not in names]
        why = f"a release would end here with nothing released; add {' and '.join(missing)} to bring up a candidate "
        yield steps[-1], f"{why}without users, and promote: {{percent: 100}} and verify after it to make it live"
