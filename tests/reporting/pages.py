"""A page, parsed strictly."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Element:
    """An element of a parsed page."""

    tag: str
    attributes: dict[str, str]
    said: list[str] = field(default_factory=list)
    inside: list[Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside it."""
        return "".join(self.said)

    def all(self, tag: str, name: str = "") -> list[Element]:
        """Return the elements inside it by tag, and by class where one is given."""
        found = [e for e in self.inside if e.tag == tag and (not name or name in e.classes)]
        return found + [e for child in self.inside for e in child.all(tag, name)]

    @property
    def classes(self) -> list[str]:
        """Its classes."""
        return self.attributes.get("class", "").split()

    @property
    def everything(self) -> list[Element]:
        """Itself, and all that is inside it."""
        return [self, *(e for child in self.inside for e in child.everything)]


class Page(HTMLParser):
    """A parsed page; a tag that is closed out of turn fails at once."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]
        self.feed(text)
        self.close()
        assert self._open == [self.root], f"never closed: {self._open[-1].tag}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].inside.append(element)
        if tag not in {"meta", "br"}:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.said.append(data)

    def __getitem__(self, anchor: str) -> Element:
        """Return the element with that id."""
        (element,) = [e for e in self.root.everything if e.attributes.get("id") == anchor]
        return element
