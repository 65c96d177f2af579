"""Label selectors (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ..wire.method import RpcRefusal

_TERM = re.compile(r"\s*([\w./-]+)\s*(?:(==?|!=)\s*([\w.-]*))?\s*")


def selecting(text: str) -> Callable[[Mapping[str, str]], bool]:
    """Whether labels are meant: equality, inequality and presence. Raises RpcRefusal for the rest."""
    terms = []
    for term in filter(None, text.split(",")):
        found = _TERM.fullmatch(term)
        if found is None:
            raise RpcRefusal("INVALID_ARGUMENT", f"labelSelector: the local cloud cannot read {term!r}")
        terms.append(found.groups())

    def meant(labels: Mapping[str, str]) -> bool:
        return all(
            name in labels if sign is None else (labels.get(name) == value) != (sign == "!=")
            for name, sign, value in terms
        )

    return meant
