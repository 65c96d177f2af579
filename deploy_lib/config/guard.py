"""guard: who puts the traffic back when the client of a release dies under traffic."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from deploy_lib.model.service import Guard
from deploy_lib.steps.kind import Duration, Settings
from deploy_lib.steps.variables import ACCOUNT

_NAMES = ("cloud_build", "none")


class GuardSettings(Settings):
    by: Literal["cloud_build", "none"] = Field(
        "cloud_build", alias="with", description="who watches; none: nobody does"
    )
    after: Duration = Field(
        120.0,
        ge=1,
        le=3600,
        description="a client that renews its lease no more for so long counts as dead; it renews at half of it",
    )
    lasts: Duration = Field(
        7200.0, ge=60, le=86400, description="the guard ends by itself after this time, also when the release goes on"
    )
    image: str | None = Field(
        None,
        pattern=r"^\S+$",
        description="an image with Python and the libraries of the tool; default: one is made in the build",
    )
    service_account: str | None = Field(
        None, pattern=ACCOUNT, description="the account the guard runs as; default: that of the build step"
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A name alone is a guard, too."""
        return {"anyOf": [{"type": "string", "enum": [*_NAMES]}, handler.resolve_ref_schema(handler(core))]}

    def as_guard(self) -> Guard | None:
        """None where nobody watches."""
        if self.by == "none":
            return None
        return Guard(self.after, self.lasts, self.image, self.service_account)


def _in_full(value: Any) -> Any:
    """A name alone is who watches."""
    return {"with": value} if isinstance(value, str) else value


GuardOf = Annotated[GuardSettings, BeforeValidator(_in_full)]
"""Also as the name alone: guard: cloud_build."""
