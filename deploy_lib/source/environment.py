"""Which environment variables the server finds when it starts, as far as the repository tells."""

from __future__ import annotations

import re

from deploy_lib.source.base_images import is_official
from deploy_lib.source.entrypoint import Entrypoint
from deploy_lib.source.model import ImageContents

_OF_CLOUD_RUN = "PORT K_SERVICE K_REVISION K_CONFIGURATION CLOUD_RUN_TIMEOUT_SECONDS"
_OF_IMAGES = "HOME HOSTNAME LANG PATH PWD GPG_KEY PYTHON_VERSION PYTHON_SHA256 SHLVL OLDPWD USER"
"""Of every container, and of the official images of Python."""
_BRINGS = re.compile(r"\b(?:doppler|infisical|chamber|dotenv|berglas|vault|op|teller|sops|secretly)\b|env-file")


def variables_of(entry: Entrypoint, contents: ImageContents) -> set[str]:
    """Their names; with "*" where something that is started brings variables of its own.

    Cloud Run's: https://cloud.google.com/run/docs/container-contract#env-vars
    """
    launch = entry.launch
    assigned = {name for name, _ in launch.variables} if launch else set()
    brought = _BRINGS.search(" ".join((*contents.command, *(launch.runner if launch else ()))))
    any_other = {"*"} if brought or launch is None or not is_official(contents.base) else set()
    return {*_OF_CLOUD_RUN.split(), *_OF_IMAGES.split(), *contents.env, *assigned, *any_other}
