"""The syntax tree of a filter. What a field means, and which comparisons it allows, is up to each service."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """name(argument, ...): log_id("x") as a term, starts_with("x") as a value."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restriction:
    """`path` is the field without its dots; `sign` one of = != < <= > >= : =~ !~."""

    path: tuple[str, ...]
    sign: str
    value: str | FunctionCall


@dataclass(frozen=True, slots=True)
class Search:
    """A value that stands alone: it may occur in any field."""

    text: str


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]


Node = And | Or | Not | Restriction | Search | FunctionCall
