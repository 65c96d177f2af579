"""What the incident's report states, read from its JSON form, and what of it is missing. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MODULE = "shop_backend.schemas.llm_config_types"
CHAIN = (
    "shop_backend.main",
    "shop_backend.core.app_factory",
    "shop_backend.core.unified_error_handler",
    "shop_backend.schemas.core_enums",
    "shop_backend.schemas",
    MODULE,
)
_MUST = (
    ("the module", lambda report: report["cause"]["module"] == MODULE),
    ("the chain of six", lambda report: tuple(link["module"] for link in report["cause"]["chain"]) == CHAIN),
    ("a line for each link", lambda report: all(link["line"] and link["file"] for link in report["cause"]["chain"])),
    ("that the file exists here", lambda report: "working copy" in " ".join(report["cause"]["whereabouts"])),
    ("that the image lacks it", lambda report: "it is not in the image" in report["cause"]["whereabouts"]),
    ("the rule", lambda report: str(report["cause"]["rule"]).startswith(".gitignore:")),
    ("how often it crashed", lambda report: "every" in str(report["cause"]["frequency"])),
    ("the exit code", lambda report: report["cause"]["exit_code"] == "1"),
    ("that users lost nothing", lambda report: "0 requests were lost" in " ".join(report["impact"]["users"])),
    ("that the old revision kept all", lambda report: "kept 100 %" in " ".join(report["impact"]["users"])),
    ("both digests", lambda report: None not in _digests(report)),
    ("which files changed", lambda report: bool(report["comparison"]["files"])),
    ("the fix", lambda report: report["recommendations"][0]["command"].count("git add") > 0),
    ("how long it took", lambda report: bool(report["subject"]["seconds"])),
    ("when it was noticed", lambda report: report["cause"]["noticed_after"] is not None),
)


def facts(report: Any) -> Iterator[tuple[str, str]]:
    """Names and values, in the order a person asks for them. Nothing when the report has no cause."""
    cause = report["cause"]
    if cause is None:
        return
    yield "missing module", str(cause["module"])
    for number, link in enumerate(cause["chain"]):
        yield (
            ("chain of imports" if not number else ""),
            f"{number + 1}. {link['module']}  {link['file']}:{link['line']}",
        )
    yield "where the file is", "; ".join(cause["whereabouts"])
    yield "rule", str(cause["rule"])
    yield "crashes", str(cause["frequency"])
    yield "exit code", str(cause["exit_code"])
    yield "users", " ".join(report["impact"]["users"])
    before, now = _digests(report)
    yield "image before", str(before)
    yield "image now", str(now)
    yield "fix", report["recommendations"][0]["command"] if report["recommendations"] else "none"
    yield "the release took", f"{report['subject']['seconds']:.1f} s"
    yield "first crash to verdict", noticed(report)


def noticed(report: Any) -> str:
    seconds = report["cause"]["noticed_after"]
    return "not known" if seconds is None else f"{seconds:.1f} s"


def faults(report: Any) -> list[str]:
    """What the report must state and does not; empty when it states all."""
    if report["cause"] is None:
        return ["a cause"]
    return [name for name, stated in _MUST if not stated(report)]


def _digests(report: Any) -> tuple[str | None, str | None]:
    row = next((row for row in report["comparison"]["facts"] if row["what"] == "image"), None)
    return (row["before"], row["now"]) if row else (None, None)
