"""A page of HTML as a reader of it takes it: its words, its headings, and what in it points outside."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input"}
OUTSIDE = re.compile(r"(?:https?:)?//[\w.-]+")


class Page(HTMLParser):
    """Tags that are left open, attributes that point outside, headings, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: list[str] = []
        self.headings: list[str] = []
        self.text: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "a":
            self.links += [value or "" for name, value in attrs if name == "href"]
        for name, value in attrs:
            if name in ("src", "href", "srcset", "action", "data") and not (value or "").startswith(("data:", "#")):
                self.faults.append(f"<{tag} {name}={value}>")
            if name.startswith("on") or OUTSIDE.search(value or ""):
                self.faults.append(f"<{tag} {name}={value}>")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes another")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("h2", "h1"):
            self.headings.append(data)
        if self.open and self.open[-1] == "style" and (OUTSIDE.search(data) or "@import" in data or "url(" in data):
            self.faults.append("the style sheet points outside")
        if self.open and self.open[-1] != "style":
            self.text.append(data)


def page(html: str) -> Page:
    parsed = Page()
    parsed.feed(html)
    parsed.close()
    return parsed


def words_of(html: str) -> str:
    """What a reader sees, a line for each piece of text between two tags."""
    return "".join(f"{' '.join(text.split())}\n" for text in page(html).text if text.strip())
