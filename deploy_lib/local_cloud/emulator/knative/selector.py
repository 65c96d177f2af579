"""Label selectors (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ..wire.method import RpcRefusal

_TERM = re.compile(r"\s*([\w./-]+)\s*(?:(==?|!=)\s*([\w.-]*)|\s+(in|notin)\s*\(([^()]*)\))?\s*")
_COMMA = re.compile(r",(?![^(]*\))")  # not those of a set


def selecting(text: str) -> Callable[[Mapping[str, str]], bool]:
    """Whether labels are meant: equality, inequality, sets and presence. Raises RpcRefusal for the rest."""
    terms = []
    for term in filter(None, _COMMA.split(text)):
        found = _TERM.fullmatch(term)
        if found is None:
            raise RpcRefusal("INVALID_ARGUMENT", f"labelSelector: the local cloud cannot read {term!r}")
        name, sign, value, within, values = found.groups()
        wanted = {each.strip() for each in values.split(",")} if within else {value}
        terms.append((name, wanted if sign or within else None, sign != "!=" and within != "notin"))

    def meant(labels: Mapping[str, str]) -> bool:
        return all(
            name in labels if wanted is None else (labels.get(name) in wanted) == among for name, wanted, among in terms
        )

    return meant
