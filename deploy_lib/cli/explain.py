"""plan --explain KEY: which file a value is from, and what it replaced. Asks no cloud."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy_lib.cli.selection import Selection
from deploy_lib.cli.show.console import say, say_json
from deploy_lib.config.explain import NoSuchKey, ValueOrigin, explained
from deploy_lib.model.not_possible import NotPossible


def explain(selection: Selection, key: str, *, as_text: bool) -> int:
    """0. Raises NotPossible for a key that there is not."""
    try:
        services = [plan.service for plan in selection.plans]
        section = f"{services[0].kind}s"
        found = explained(selection.config, key, list(dict.fromkeys(each.name for each in services)), section)
    except NoSuchKey as error:
        raise NotPossible(f"--explain: {error}") from None
    for origin in found:
        if as_text:
            say(*_lines(origin))
        else:
            over = [{"place": each.place, "value": each.value} for each in origin.over]
            say_json({"key": origin.key, "value": origin.value, "place": origin.place or None, "over": over})
    return 0


def _lines(origin: ValueOrigin) -> Iterator[str]:
    if origin.default:
        one = origin.key.partition("s.")[0]
        kept = f"as the running {one} has it, else Cloud Run's own" if "." in origin.key else "not set"
        kept = f"not set; {origin.about}" if origin.about else kept
        yield f"{origin.key}: {kept if origin.value is None else _text(origin.value)}"
        yield "  no file names it"
        return
    yield f"{origin.key}: {'not set' if origin.taken_away else _text(origin.value)}"
    yield f"  {'taken away' if origin.taken_away else 'from'} {'by ' if origin.taken_away else ''}{origin.place}"
    for each in origin.over:
        yield f"  over {each.place}: {_text(each.value)}"


def _text(value: Any) -> str:
    """As YAML writes it on one line."""
    import yaml

    text: str = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    return text.removesuffix("\n...\n").rstrip("\n")
