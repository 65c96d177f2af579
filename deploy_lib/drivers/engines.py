"""The engines of this machine, which the import check and --build-local share with the local cloud.

No other module of the tool imports them: what the tool knows of the local cloud's package stands here.
"""

from __future__ import annotations

from deploy_lib.local_cloud.engines import choose
from deploy_lib.local_cloud.engines.model import (
    BuildFailed,
    BuildSpec,
    Cancelled,
    Container,
    Engine,
    EngineError,
    EngineUnavailable,
    Image,
    ImageNotFound,
    RegistryAccess,
    RunSpec,
)

__all__ = [
    "BuildFailed",
    "BuildSpec",
    "Cancelled",
    "Container",
    "Engine",
    "EngineError",
    "EngineUnavailable",
    "Image",
    "ImageNotFound",
    "RegistryAccess",
    "RunSpec",
    "choose",
]
