"""What the import check printed, as findings; and what is not a result at all."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from typing import Any

import pytest

from deploy_lib.drivers.builds.check import CheckPlan
from deploy_lib.drivers.builds.check_result import passed, read_check
from deploy_lib.drivers.builds.findings import ResultContext
from deploy_lib.in_image.options import ProbeOptions
from deploy_lib.model.findings import Absence, Finding, Severity
from deploy_lib.model.image import InsideImage
from deploy_lib.source.model import Staged, TreeFile, Unknown
from tests.drivers.builds.samples import APP, stage_files

NONCE = "4f2a"
STAGED = stage_files(APP)
RESULT_CONTEXT = ResultContext(CheckPlan(ProbeOptions(NONCE, "shop.main:app")), "services.backend", STAGED)
CHAIN = [
    {"file": "/app/shop/main.py", "line": 1, "module": "shop.main", "function": "<module>"},
    {"file": "/app/shop/orders.py", "line": 3, "module": "shop.orders", "function": "<module>"},
]


def lines(*failures: dict[str, Any], verdict: str = "failed", **more: Any) -> bytes:
    """The full line alone, as when both went through one channel and the compact one is not needed."""
    full = {
        "probe": 1,
        "nonce": NONCE,
        "verdict": verdict,
        "form": "full",
        "tried": 1,
        "targets": [{"name": "shop.main:app", "ms": 12.0, "peak_kb": 9000, "failure": 0 if failures else None}],
        "failures": [{"targets": ["shop.main:app"], **failure} for failure in failures],
        **more,
    }
    return json.dumps(full).encode()


def image(files: dict[str, str]) -> dict[str, Any]:
    return {
        **dict.fromkeys(("implementation", "executable", "system"), ""),
        "python": "3.11.7",
        "uid": 0,
        "workdir": "/app",
        "path": ["/app"],
        "roots": ["/app"],
        "distributions": [["idna", "3.6", ["idna"]]],
        "loose": ["legacy"],
        "files": [[path, 1, blob] for path, blob in files.items()],
        "files_cut": False,
        "modules": [],
    }


ONLY_THERE = "if only the check meets it: on_other_errors: warn of import_check"


def test_no_link_of_the_way_is_in_python_itself() -> None:
    frozen = {"file": "<frozen os>", "line": 679, "module": "os", "function": "__getitem__"}
    finding = only(lines({"kind": "environment_variable", "variables": ["KEY"], "chain": [*CHAIN, frozen]}))
    assert finding.chain == ("shop.main (shop/main.py:1)", "shop.orders (shop/orders.py:3)")


def only(output: bytes, context: ResultContext = RESULT_CONTEXT) -> Finding:
    checked = read_check(output, context)
    assert checked.ran and not (passed(checked) and checked.findings and checked.findings[0].severity is Severity.ERROR)
    (finding,) = checked.findings
    return finding


@pytest.mark.parametrize(
    ("failure", "message", "fix"),
    [
        (
            {"kind": "missing_module", "module": "shop.gone"},
            "the image has no module shop.gone (shop/orders.py:3)",
            "commit its file, and let the Dockerfile copy it",
        ),
        (
            {"kind": "missing_dependency", "module": "yaml.nodes", "distribution": "PyYAML"},
            "yaml.nodes is not installed in the image (shop/orders.py:3): no requirements file is installed",
            "# let a RUN of the Dockerfile install PyYAML",
        ),
        (
            {"kind": "missing_dependency", "module": "imp", "party": "standard"},
            "Python itself has no module imp in this version (shop/orders.py:3)",
            None,
        ),
        (
            {"kind": "missing_name", "module": "pydantic", "name": "Base", "distribution": "pydantic==1.10"},
            "pydantic has no Base (pydantic==1.10 is installed) (shop/orders.py:3)",
            "pin a version of pydantic that has Base",
        ),
        (
            {"kind": "circular_import", "cycle": ["shop.a", "shop.b", "shop.a"]},
            "modules import each other in a circle: shop.a -> shop.b -> shop.a",
            "move the import that closes the circle into the function that needs it",
        ),
        (
            {"kind": "missing_shared_library", "library": "libpq.so.5"},
            "the image lacks the shared library libpq.so.5 (shop/orders.py:3)",
            "install the system package that brings it, in the Dockerfile",
        ),
        (
            {"kind": "environment_variable", "variables": ["DB_URL"]},
            "DB_URL must be set before the import (shop/orders.py:3)",
            "set it under services.backend.env or secrets",
        ),
        (
            {"kind": "syntax_error", "exception": "SyntaxError", "message": "invalid\n syntax"},
            "SyntaxError: invalid syntax (shop/orders.py:3)",
            None,
        ),
        (
            {"kind": "exit", "exit_code": 3, "unset": ["MODE"]},
            "importing shop.main:app ends the process with exit code 3 (shop/orders.py:3); it reads MODE, "
            "which is not set",
            ONLY_THERE,
        ),
        ({"kind": "hang"}, "importing shop.main:app did not end in time (shop/orders.py:3)", ONLY_THERE),
        ({"kind": "killed", "signal": 11}, "importing shop.main:app killed the process with signal 11", ONLY_THERE),
    ],
)
def test_each_kind_says_what_is_wrong_where_and_what_to_do(
    failure: dict[str, Any], message: str, fix: str | None
) -> None:
    finding = only(lines({"chain": CHAIN, **failure}))
    assert finding.message.startswith(message)
    assert finding.fix == fix
    assert (finding.file, finding.line, finding.importer) == ("shop/orders.py", 3, "shop.orders")
    assert finding.chain == ("shop.main (shop/main.py:1)", "shop.orders (shop/orders.py:3)")
    assert finding.severity is Severity.ERROR


OFFLINE_CHAIN = [
    *CHAIN,
    {"file": "/usr/lib/python3.11/socket.py", "line": 836, "module": "socket", "function": "connect"},
]


@pytest.mark.parametrize(("policy", "severity"), [("auto", "warning"), ("warn", "warning"), ("fail", "error")])
@pytest.mark.parametrize(
    ("kind", "words"),
    [("network", "connects to something"), ("credentials", "asks for credentials")],
)
def test_what_the_check_lacks_is_told_at_the_users_own_line(kind: str, words: str, policy: Any, severity: str) -> None:
    plan = CheckPlan(ProbeOptions(NONCE, "shop.main:app", on_other_errors=policy))
    failure = {"kind": kind, "exception": "ConnectionRefusedError", "message": "refused", "chain": OFFLINE_CHAIN}
    finding = only(
        lines(failure, verdict="failed" if policy == "fail" else "warned"), replace(RESULT_CONTEXT, plan=plan)
    )
    assert finding.message == (
        f"importing it {words} (shop/orders.py:3), and the check has no {kind}: ConnectionRefusedError: refused; what "
        "would be imported after that was not tried"
    )
    assert (finding.severity.value, finding.place) == (severity, "shop/orders.py:3")
    assert finding.fix and "on_other_errors" in finding.fix


def test_a_missing_dependency_names_the_requirements_file_that_lacks_it() -> None:
    staged = requiring(b"six\n")
    finding = only(lines({"kind": "missing_dependency", "module": "httpx"}), replace(RESULT_CONTEXT, staged=staged))
    assert finding.message == "httpx is not installed in the image: requirements.txt does not name httpx"
    assert finding.fix == "echo httpx >> requirements.txt"


def test_a_missing_dependency_that_is_named_is_not_named_again() -> None:
    staged = requiring(b"httpx==0.27\n")
    finding = only(lines({"kind": "missing_dependency", "module": "httpx"}), replace(RESULT_CONTEXT, staged=staged))
    assert "requirements.txt names httpx, so another interpreter" in finding.message
    assert ">>" not in (finding.fix or "")


def requiring(text: bytes) -> Staged:
    """The stage with a requirements file that the image installs."""
    files = {**STAGED.context.files, "requirements.txt": TreeFile("requirements.txt", 0o100644, "", len(text))}
    return replace(
        STAGED,
        context=replace(STAGED.context, files=files),
        contents=replace(STAGED.contents, installs=("requirements.txt",)),
        read_many=lambda paths: ((path, text) for path in paths),
    )


def test_a_missing_module_is_joined_with_what_source_truth_knows() -> None:
    why = Finding(
        "missing_module", Severity.ERROR, "git ignores shop/gone.py", module="shop.gone", cause=Absence.GITIGNORED
    )
    why = replace(why, rule=".gitignore:3", fix="git add -f shop/gone.py")
    context = replace(RESULT_CONTEXT, explain=lambda module: why if module == "shop.gone" else None)
    finding = only(lines({"kind": "missing_module", "module": "shop.gone", "chain": CHAIN}), context)
    assert (finding.message, finding.cause, finding.rule, finding.fix) == (
        "git ignores shop/gone.py",
        "gitignored",
        ".gitignore:3",
        "git add -f shop/gone.py",
    )
    assert finding.place == "shop/orders.py:3"


@pytest.mark.parametrize(("policy", "severity"), [("warn", Severity.WARNING), ("fail", Severity.ERROR)])
def test_other_errors_follow_their_policy(policy: Any, severity: Severity) -> None:
    plan = CheckPlan(ProbeOptions(NONCE, "shop.main", on_other_errors=policy))
    verdict = "warned" if policy == "warn" else "failed"
    found = only(
        lines({"kind": "other", "exception": "ValueError"}, verdict=verdict), replace(RESULT_CONTEXT, plan=plan)
    )
    assert found.severity is severity


def test_a_check_that_ran_out_of_time_is_an_error() -> None:
    finding = only(lines(verdict="incomplete", not_run=["shop.a", "shop.b"]))
    assert finding.message == "the import check ran out of time: 2 of 3 modules were not imported"
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("verdict", "severity", "says"),
    [
        ("incomplete", Severity.ERROR, "listed: not every module was imported"),
        ("passed", Severity.WARNING, "listed, and so not compared with what was foreseen"),
    ],
)
def test_an_image_whose_files_could_not_be_listed(verdict: str, severity: Severity, says: str) -> None:
    finding = only(lines(verdict=verdict, error="the files of the image could not be listed"))
    assert (finding.severity, says in finding.message) == (severity, True), finding.message


def test_slow_imports_are_told_where_a_budget_is_set() -> None:
    output = lines(verdict="passed", slow=[["pandas", 1500.0, 2000.0]])
    assert read_check(output, RESULT_CONTEXT).findings == ()
    finding = only(output, replace(RESULT_CONTEXT, plan=replace(RESULT_CONTEXT.plan, budgeted=True)))
    assert (finding.code, finding.severity) == ("slow_import", Severity.ADVICE)
    assert "importing pandas takes 1.5 s" in finding.message


def test_an_import_larger_than_the_service_is_a_warning() -> None:
    plan = replace(RESULT_CONTEXT.plan, service_memory=8000 * 1024)
    finding = only(lines(verdict="passed"), replace(RESULT_CONTEXT, plan=plan))
    assert (finding.code, finding.severity) == ("memory_at_import", Severity.WARNING)


def test_files_are_compared_with_the_prediction() -> None:
    blobs = {f"/app/{path}": file.blob for path, file in STAGED.context.files.items() if path.startswith("shop/")}
    same = lines(verdict="passed", image=image(blobs))
    assert read_check(same, RESULT_CONTEXT).findings == ()
    gone = {path: blob for path, blob in blobs.items() if not path.endswith("orders.py")}
    other = {**gone, "/app/shop/main.py": "1" * 40, "/app/shop/made.py": "2" * 40, "/app/x/site-packages/y.py": "3"}
    found = read_check(lines(verdict="passed", image=image(other)), RESULT_CONTEXT).findings
    assert [(f.code, f.file, f.severity) for f in found] == [
        ("image_file_missing", "/app/shop/orders.py", Severity.ADVICE),
        ("image_file_unexpected", "/app/shop/made.py", Severity.ADVICE),
        ("image_file_differs", "/app/shop/main.py", Severity.ADVICE),
    ]
    unknown = replace(STAGED.contents, unknown=(Unknown("/app/shop", "a RUN step moves files", 4),))
    context = replace(RESULT_CONTEXT, staged=replace(STAGED, contents=unknown))
    assert read_check(lines(verdict="passed", image=image(other)), context).findings == ()


def test_the_image_tells_its_python_and_distributions() -> None:
    inside = read_check(lines(verdict="passed", python="3.11.7", image=image({})), RESULT_CONTEXT).inside
    assert inside == InsideImage(
        "3.11.7",
        {"idna": "3.6"},
        {},
        "/app",
        0,
        executable="",
        path=("/app",),
        roots=("/app",),
        modules={"idna": ("idna",), "": ("legacy",)},
        entrypoint="shop.main:app",
        command=STAGED.contents.command,
    )


COMPACT = {"probe": 1, "nonce": NONCE, "verdict": "passed", "form": "compact", "tried": 1}
FULL = lines(verdict="failed")


@pytest.mark.parametrize(
    ("output", "why"),
    [
        (b"", "it printed nothing"),
        (b"Traceback (most recent call last):\n", "no result, beginning 'Traceback"),
        (FULL[:-20], "cut or damaged"),
        (FULL.replace(b"4f2a", b"beef"), "another run"),
        (FULL + b"\n" + FULL.replace(b"failed", b"passed"), "forged"),
        (json.dumps({**COMPACT, "full_bytes": 5, "full_crc32": 5}).encode() + b"\n" + FULL, "not the one"),
        (FULL.replace(b'"tried": 1', b'"tried": "all"'), "another shape"),
        (json.dumps({**COMPACT, "verdict": "error", "error": "boom"}).encode(), "boom"),
    ],
)
def test_what_is_no_result_is_no_pass(output: bytes, why: str) -> None:
    checked = read_check(output, RESULT_CONTEXT)
    assert not checked.ran and not passed(checked)
    assert why in checked.why_not


def test_both_lines_together_are_one_result() -> None:
    compact = {**COMPACT, "verdict": "failed", "full_bytes": len(FULL), "full_crc32": zlib.crc32(FULL)}
    assert read_check(json.dumps(compact).encode() + b"\n" + FULL, RESULT_CONTEXT).ran


def test_silence_is_told_by_what_is_known_of_it() -> None:
    assert read_check(b"", RESULT_CONTEXT, "it was killed").why_not == "it was killed"
