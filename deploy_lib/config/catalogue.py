"""Every kind of step, by the name it has in the YAML."""

from __future__ import annotations

from typing import Any

from deploy_lib.steps import (
    build,
    canary,
    compare,
    config_contract,
    git_clean,
    image_contents,
    import_check,
    probe,
    promote,
    verify,
)
from deploy_lib.steps.kind import Kind

KINDS: dict[str, Kind[Any, Any]] = {
    room.KIND.name: room.KIND
    for room in (
        git_clean,
        image_contents,
        config_contract,
        build,
        import_check,
        canary,
        probe,
        compare,
        promote,
        verify,
    )
}
