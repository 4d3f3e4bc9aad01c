"""Elements of Telegram's pages by the names of their classes, and the text in them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import lxml.html
from lxml.html import HtmlElement

from crawlers import pages
from crawlers.text_of_html import one_line, text_of_html


def with_class(within: HtmlElement, name: str) -> Iterator[HtmlElement]:
    """Yield every element below `within` that has the class, in the order of the page."""
    found: Iterable[HtmlElement] = within.xpath(
        ".//*[contains(concat(' ', normalize-space(@class), ' '), concat(' ', $name, ' '))]", name=name
    )
    yield from found


def inside(element: HtmlElement, within: HtmlElement, *names: str) -> bool:
    """Tell whether an ancestor of `element`, below `within`, has one of the classes."""
    for ancestor in element.iterancestors():
        if ancestor is within:
            return False
        if not set(names).isdisjoint(ancestor.get("class", "").split()):
            return True
    return False


def texts(within: HtmlElement, name: str) -> list[str]:
    """Return the text, on one line, of every element below `within` that has the class and any text."""
    found = (one_line(pages.tidied(str(one.text_content()))) for one in with_class(within, name))
    return [text for text in found if text]


def words_in(element: HtmlElement) -> str:
    """Return the text of an element with its line breaks."""
    markup = lxml.html.tostring(element, encoding="unicode", with_tail=False)
    return text_of_html(str(markup))
