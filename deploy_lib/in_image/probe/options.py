"""What the probe is asked to do; in_image/options.py documents each option."""

from __future__ import annotations

import json

from deploy_lib.in_image.options import DEFAULTS
from deploy_lib.in_image.probe import Document

SCHEMA = 1


def read_options(arguments: list[str]) -> Document:
    given = json.loads(arguments[0]) if arguments else {}
    unknown = sorted(set(given) - set(DEFAULTS))
    options = dict(DEFAULTS, **given)
    if unknown:
        raise ValueError("unknown options: " + ", ".join(unknown))
    if not (options["entrypoint"] or options["also"] or options["all"]):
        raise ValueError("nothing to import: give entrypoint, also or all")
    if options["limit"] < 1500:
        raise ValueError("limit is %d bytes; at least 1500 are needed" % options["limit"])
    return options
