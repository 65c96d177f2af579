"""What the service reads from its environment, once, at start.

Cloud Run sets K_SERVICE and K_REVISION; the release sets RELEASE_COMMIT; the rest is the service's own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    revision: str = "local"
    commit: str = "unknown"
    environment: str = "development"
    database: str = ""  # postgresql://USER@HOST:PORT/NAME, from which orders are read at start; empty: samples

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        return cls(
            revision=environment.get("K_REVISION", cls.revision),
            commit=environment.get("RELEASE_COMMIT", cls.commit),
            environment=environment.get("ENVIRONMENT", cls.environment),
            database=environment.get("DATABASE_URL", cls.database),
        )
