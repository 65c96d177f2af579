"""A variable of a CI job that is not set must not quietly mean something else."""

from __future__ import annotations

import pytest

from deploy_lib.cli.arguments import parse


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (["--commit", ""], "--commit"),
        (["deploy", "--commit="], "--commit"),
        (["check", "--commit", ""], "--commit"),
        (["check", "--why", ""], "--why"),
        (["check", "--entrypoint", ""], "--entrypoint"),
        (["--service", "a", "--service", ""], "--service"),
        (["--project", ""], "--project"),
        (["rollback", "--to", ""], "--to"),
        (["hold", "--for", ""], "--for"),
        (["report", ""], "ID"),
        (["report", "--report-dir", ""], "--report-dir"),
        (["--skip-build", ""], "--skip-build"),
        (["plan", "--service-account", ""], "--service-account"),
        (["--state", ""], "--state"),
        (["--repo", ""], "--repo"),
    ],
)
def test_an_empty_value_is_misuse(capsys: pytest.CaptureFixture[str], words: list[str], flag: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2
    assert f"empty value for {flag}; is a variable of the script not set?" in capsys.readouterr().err


@pytest.mark.parametrize("scale", ["0", "-1", "nan", "inf", "fast"])
def test_a_time_scale_is_a_number_above_nothing(capsys: pytest.CaptureFixture[str], scale: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["local", "up", f"--time-scale={scale}"])
    assert ended.value.code == 2
    assert f"--time-scale: '{scale}' is not a number above 0" in capsys.readouterr().err
