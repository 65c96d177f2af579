"""Replaces $NAME and ${NAME} in a build request, by Cloud Build's rules.

This is where a shell variable written as $FOO instead of $$FOO is found out, and where a misspelt
substitution is refused: https://cloud.google.com/build/docs/configuring-builds/substitute-variable-values
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .refusal import invalid, not_here

# Filled by triggers; empty for a build that was submitted, unless the request gives them.
TRIGGER_KEYS = (
    "TRIGGER_NAME",
    "TRIGGER_BUILD_CONFIG_PATH",
    "REPO_NAME",
    "REPO_FULL_NAME",
    "BRANCH_NAME",
    "TAG_NAME",
    "REF_NAME",
    "REVISION_ID",
    "COMMIT_SHA",
    "SHORT_SHA",
)
_NAME = r"[A-Z_][A-Z0-9_]*"
_TEMPLATE = re.compile(rf"\$\$|\$({_NAME})|\$\{{({_NAME})\}}")
_BASH_STYLE = re.compile(rf"(?<!\$)\$\{{({_NAME})[:#%/^,][^}}]*\}}")
_USER_KEY = re.compile(r"_[A-Z0-9_]+")
_DEEPEST = 10  # a substitution in a substitution in ...: more is a cycle


@dataclass(slots=True)
class Substitutions:
    """The values of one build. `used` collects the keys that some template named."""

    values: Mapping[str, str]
    loose: bool = False
    dynamic: bool = False
    used: set[str] = field(default_factory=set)

    def expand(self, text: str) -> str:
        """Raises BuildRefusal for a key that has no value, unless the build is loose about it."""
        return self._expand(text, 0)

    def _expand(self, text: str, depth: int) -> str:
        if self.dynamic and (match := _BASH_STYLE.search(text)):
            raise not_here(f"bash-style expansion in dynamic substitutions: {match.group(0)}")

        def value_of(match: re.Match[str]) -> str:
            if match.group(0) == "$$":
                return "$"
            key = match.group(1) or match.group(2)
            self.used.add(key)
            if key not in self.values:
                return self._absent(key)
            value = self.values[key]
            if not self.dynamic or not key.startswith("_"):
                return value
            if depth == _DEEPEST:
                raise invalid(f'the substitution "{key}" refers to itself')
            return self._expand(value, depth + 1)

        return _TEMPLATE.sub(value_of, text)

    def _absent(self, key: str) -> str:
        if self.loose:
            return ""
        if key.startswith("_"):
            raise invalid(f'key in the template "{key}" is not matched in the substitution data')
        raise invalid(f'key in the template "{key}" is not a valid built-in substitution')

    def check_all_used(self, given: Mapping[str, str]) -> None:
        """Raises BuildRefusal when the request gives a value that nothing asks for."""
        spare = sorted(key for key in given if key.startswith("_") and key not in self.used)
        if spare and not self.loose:
            raise invalid(f'key "{spare[0]}" in the substitution data is not matched in the template')


def check_keys(given: Mapping[str, str]) -> None:
    for key in given:
        if not _USER_KEY.fullmatch(key) and key not in TRIGGER_KEYS:
            raise invalid(f'substitution key "{key}" does not respect the format "_[A-Z0-9_]+" and is not built in')


Expand = Callable[[str], str]
