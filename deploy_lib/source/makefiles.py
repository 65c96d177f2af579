"""Targets of make and just as the shell text of their recipes.

https://www.gnu.org/software/make/manual/make.html, https://just.systems/man/en/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")  # in the order in which make looks
JUSTFILES = ("justfile", "Justfile", ".justfile")
_RULE = re.compile(r"^([\w./-]+)[^\S\n]*::?(?![=:])([^\n]*)\n((?:[ \t]+[^\n]*\n?|\n)*)", re.MULTILINE)
_VARIABLE = re.compile(r"^([A-Za-z_]\w*)[^\S\n]*(?::{0,3}|\?)=[^\S\n]*([^\n#]*)", re.MULTILINE)
_USE = re.compile(r"\$(?:\((\w+)\)|\{(\w+)\})")
_FUNCTION = re.compile(r"\$[({](?!shell )(?:MAKE\b|\w+[ ,])")
_DEEPEST = 5


def recipe_of(text: str, targets: Sequence[str]) -> str | None:
    """The lines of the first target, or of the file's first where none is named, without make's marks; None where it
    has none."""
    rules = _RULE.findall(f"{text}\n")
    wanted = [*targets[:1]] or [name for name, _, _ in rules[:1] if not name.startswith(".")]
    return (_recipe(rules, wanted[0]) if wanted else "") or None


def _recipe(rules: Sequence[tuple[str, str, str]], target: str) -> str:
    lines = [line for name, _, body in rules if name == target for line in body.splitlines() if line.strip()]
    return "\n".join(re.sub(r"^[ \t]+[@+-]*", "", line).replace("$$", "$") for line in lines)


def whole_recipe(text: str, targets: Sequence[str], exists: Callable[[str], bool]) -> str | None:
    """What make runs for the targets, each once, with what they need before them and the file's own variables put in.

    None where more than this file decides: a file that is included, a pattern, a function of make.
    """
    if not targets or re.search(r"^-?s?include\s|^define\s|^[^\t#=\n%]*%[^=\n]*:", text, re.MULTILINE):
        return None
    rules = _RULE.findall(f"{text}\n")
    ordered: list[str] = []
    if not all(_order(target, rules, exists, ordered, _DEEPEST) for target in targets):
        return None
    variables = dict(_VARIABLE.findall(text))
    recipes = (_recipe(rules, target) for target in ordered)
    whole = "\n".join(
        _USE.sub(lambda found: variables.get(found[1] or found[2], found[0]), recipe) for recipe in recipes
    )
    return None if _FUNCTION.search(whole) else whole.replace("$(shell ", "$(")


def _order(
    target: str, rules: Sequence[tuple[str, str, str]], exists: Callable[[str], bool], ordered: list[str], left: int
) -> bool:
    """Appends what is made for the target to `ordered`; False where the file does not tell it."""
    if target in ordered:
        return True
    own = [after for name, after, _ in rules if name == target]
    if not own:
        return exists(target)
    if not left or not all(_order(each, rules, exists, ordered, left - 1) for each in _needed(own)):
        return False
    ordered.append(target)
    return True


def _needed(after_colon: Sequence[str]) -> list[str]:
    """The prerequisites; a target's own variable stands in the same place."""
    words = [re.sub(r"#.*", "", each).split() for each in after_colon if "=" not in each]
    return [word for each in words for word in each if word != "|"]
