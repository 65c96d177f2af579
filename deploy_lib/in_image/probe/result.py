"""The two lines of the result: all that was found, and the most telling part of it."""

from __future__ import annotations

import json
import sys
from binascii import crc32
from typing import Any

from deploy_lib.in_image.probe import Document
from deploy_lib.in_image.probe.kinds import IMPORT_KINDS, OFFLINE_KINDS
from deploy_lib.in_image.probe.mask import Mask
from deploy_lib.in_image.probe.options import SCHEMA
from deploy_lib.in_image.probe.paths import is_file


def find_near(failure: Document, target: str, image: Document) -> None:
    """Names close to a mistyped one: of the modules in the image, or of what the module holds."""
    from difflib import get_close_matches

    asked = target.partition(":")[0]
    candidates = failure.pop("candidates", None)
    if candidates:
        failure["near"] = get_close_matches(failure["name"], candidates, 3)
    elif failure["kind"] in ("missing_module", "missing_dependency") and failure.get("module"):
        if (asked + ".").startswith(failure["module"] + "."):
            failure.update(kind="missing_module", party="first")  # nobody asks to import what is not theirs
        elif failure["kind"] == "missing_dependency":
            return
        wanted = asked if failure["module"] in asked else failure["module"]
        known = [row[0] for row in image.get("files", ())] if is_file(wanted) else image.get("modules", ())
        failure["near"] = get_close_matches(wanted, known, 3)


def group_failures(results: list[Document], mask: Mask) -> list[Document]:
    """One failure for all targets that stumble over the same statement: the entrypoint's, then the most common."""
    groups: dict[str, Document] = {}
    for result in results:
        failure = mask.value(result.get("failure"))
        if failure:
            last = failure["chain"][-1:] if failure.get("chain") else [result["name"]]
            same = [failure.get(k) for k in ("kind", "exception", "module", "name", "library", "variables", "message")]
            first = groups.setdefault(json.dumps([same, last]), dict(failure, targets=[]))
            first["targets"].append(result["name"])
            result["failure"] = first
    order = sorted(groups.values(), key=lambda f: -len(f["targets"]))
    return sorted(order, key=lambda f: results[0].get("failure") is not f)


def judge(failures: list[Document], left: bool, on_other_errors: str) -> str:
    passing = {"auto": OFFLINE_KINDS, "fail": ()}.get(on_other_errors)
    if any(f["kind"] in IMPORT_KINDS or (passing is not None and f["kind"] not in passing) for f in failures):
        return "failed"
    if left:
        return "incomplete"
    return "warned" if failures else "passed"


def assemble(options: Document, results: list[Document], not_run: list[str], image: Document) -> Document:
    for result in results:
        if result.get("failure"):
            find_near(result["failure"], result["name"], image)
    failures = group_failures(results, Mask(options))
    unlisted = not image and bool(options["also"] or options["all"])  # which modules there are is not known
    slow: dict[str, list[Any]] = {}
    for result in results:
        for name, own, total in result.get("slow", ()):
            if own >= options["budget_ms"]:
                slow.setdefault(name, [name, own, total])
    return {
        "probe": SCHEMA,
        "nonce": options["nonce"],
        "form": "full",
        "verdict": judge(failures, bool(not_run or unlisted), options["on_other_errors"]),
        "error": None if image else "the files of the image could not be listed",
        "python": "%d.%d.%d" % sys.version_info[:3],
        "tried": len(results),
        "failed": sum(1 for r in results if r.get("failure")),
        "targets": [
            {
                "name": r["name"],
                "ms": r["ms"],
                "peak_kb": r["peak_kb"],
                "failure": failures.index(r["failure"]) if r.get("failure") else None,
            }
            for r in results
        ],
        "failures": failures,
        "not_run": not_run,
        "slow": sorted(slow.values(), key=lambda row: -row[1])[:50],
        "reads": results[0].get("reads", []) if results else [],
        "image": dict(image, modules=sorted(image["modules"])) if image else None,
    }


def shorten(failure: Document, frames: int, characters: int) -> Document:
    kept = {k: v for k, v in failure.items() if v not in (None, [], "") and k not in ("causes", "importing")}
    kept["chain"] = [dict(f, text=f["text"][:80]) for f in failure.get("chain", ())[-frames:]] if frames else []
    kept["targets"] = failure["targets"][:3]
    kept["targets_total"] = len(failure["targets"])
    kept["output"] = failure.get("output", "")[-characters:] if frames > 3 else ""
    return {k: v[:characters] if isinstance(v, str) else v[:12] if isinstance(v, list) else v for k, v in kept.items()}


def compact(full: Document, text: str, limit: int) -> str:
    """The most telling part of the full result in at most `limit` bytes, with what identifies the full one."""
    document = {k: full[k] for k in ("probe", "nonce", "verdict", "error", "python", "tried", "failed")}
    first = full["targets"][:1]
    document.update(
        form="compact", targets=[dict(t, name=t["name"][:200]) for t in first], failures=[], slow=[],
        failures_total=len(full["failures"]), not_run_total=len(full["not_run"]), truncated=False,
        full_bytes=len(text), full_crc32=crc32(text.encode("ascii")),
    )  # fmt: skip
    for failure in full["failures"]:
        for frames, characters in ((12, 400), (3, 200), (0, 100)):
            document["failures"].append(shorten(failure, frames, characters))
            if len(json.dumps(document)) <= limit:
                break
            document["failures"].pop()
            document["truncated"] = True
    for row in full["slow"]:
        document["slow"].append(row)
        if len(json.dumps(document)) > limit:
            document["slow"].pop()
            document["truncated"] = True
            break
    return json.dumps(document)
