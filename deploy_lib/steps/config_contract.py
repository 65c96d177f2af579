"""config_contract: ports, variables, secrets and accounts agree with the project, before anything is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from deploy_lib.model.answers import ContractRead
from deploy_lib.model.codes import Code
from deploy_lib.model.counting import counted
from deploy_lib.model.details import Reported
from deploy_lib.model.findings import errors
from deploy_lib.model.release import Release, Status
from deploy_lib.steps.health import AsksService
from deploy_lib.steps.kind import Kind, Settings, Usual, Verdict, first_of
from deploy_lib.steps.known_bad import BadCase, error
from deploy_lib.steps.position import OrderRule, Position
from deploy_lib.steps.variables import RunsContainer


class ConfigContractSettings(Settings):
    required: tuple[str, ...] = Field((), description="variables the service must be given, as env or as secret")
    asks: SkipJsonSchema[tuple[AsksService, ...]] = Field((), exclude=True, description="the plan's steps that ask it")
    runs: SkipJsonSchema[tuple[RunsContainer, ...]] = Field((), exclude=True, description="and that start containers")


@dataclass(frozen=True, slots=True)
class ConfigContractDetails(Reported):
    """What was looked at, and what could not be found out, one clause each."""

    checked: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckContract:
    """Port, env, secrets and accounts, read from the project before anything is built."""

    release: Release
    settings: ConfigContractSettings


def ask(settings: ConfigContractSettings, release: Release) -> CheckContract:
    return CheckContract(release, settings)


def judge(settings: ConfigContractSettings, release: Release, answer: ContractRead) -> Verdict:
    stopping = errors(answer.findings)
    details = ConfigContractDetails(answer.checked, answer.unknown)
    if stopping:
        return Verdict(Status.FAILED, first_of(stopping), release, answer.findings, details)
    if not answer.checked:
        why = answer.unknown[0] if answer.unknown else "there was nothing to check"
        return Verdict(Status.ERRORED, f"nothing could be checked: {why}", release, answer.findings, details)
    reason = f"{counted(len(answer.checked), 'point')} checked"
    if answer.unknown:
        reason += f"; not known: {answer.unknown[0]}"
        if len(answer.unknown) > 1:
            reason += f" (and {counted(len(answer.unknown) - 1, 'more point')})"
    return Verdict(Status.PASSED, reason, release, answer.findings, details)


def takes(settings: ConfigContractSettings, offered: Sequence[object]) -> ConfigContractSettings:
    """Whether the service can be asked matters where a step of the plan does; and what its jobs are given is checked,
    too."""
    asks = tuple(each for each in offered if isinstance(each, AsksService))
    runs = tuple(each for each in offered if isinstance(each, RunsContainer))
    return settings.model_copy(update={"asks": asks, "runs": runs})


REFERENCE = """\
# Port, variables, secrets and accounts agree with the project.
- config_contract:
    required: []             # variables the service must be given, as env or as secret
"""
KNOWN_BAD = (
    BadCase(
        "a secret that does not exist",
        ContractRead(error(Code.SECRET_MISSING, "there is no secret api-key"), ("secrets",)),
    ),
    BadCase("a contract of which nothing could be read", ContractRead()),
)

KIND = Kind(
    "config_contract",
    ConfigContractSettings,
    ask,
    judge,
    CheckContract,
    ContractRead,
    ConfigContractDetails,
    usual=(Usual(30, REFERENCE, {}),),
    known_bad=KNOWN_BAD,
    position=Position(not_after=OrderRule("canary", "the revision would already be created"), once=True),
    only_reads=True,
    takes=takes,
    of_jobs=True,
)
