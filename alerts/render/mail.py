"""An alert as a mail: subject, HTML, plain text, and the pictures inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined

from alerts.render import escaping
from alerts.render.alert import compose
from alerts.render.charts import alert_chart

_CHART: Final = "chart"
_SUBJECT_LIMIT = 150
# The colour of severity on white and on the dark card, each at a contrast of 4.5:1 or more.
_COLOURS: Final[Mapping[str, tuple[str, str]]] = {
    "high": ("#b3261e", "#ff8a80"),
    "medium": ("#a15c00", "#ffb74d"),
    "low": ("#6b5f00", "#e6d35a"),
    "resolved": ("#1e7a3c", "#7ddc9b"),
}


@dataclass(frozen=True, slots=True)
class Mail:
    """A message ready to be put in an envelope. `images` maps a content id (`cid:…` in the HTML) to a PNG."""

    subject: str
    html: str
    text: str
    images: Mapping[str, bytes] = field(default_factory=dict)


def mail_alert(payload: Mapping[str, Any], language: str) -> Mail:
    """Return the mail for an alert payload; `language` is `ar` or `en`."""
    message = compose(payload, language)
    images = {_CHART: alert_chart(message.series, language, message.zone)} if message.series else {}
    colour, dark_colour = _COLOURS["resolved" if message.change == "resolved" else message.severity]
    chart = _CHART if images else None
    parts = {"message": message, "colour": colour, "dark_colour": dark_colour, "chart": chart}
    return Mail(
        subject=escaping.header(message.plain_headline, _SUBJECT_LIMIT),
        html=render_html("alert.html.jinja", parts),
        text=render_text("alert.txt.jinja", parts),
        images=images,
    )


def render_html(template: str, parts: Mapping[str, Any]) -> str:
    """Return a template filled in, everything escaped, with its styles on the elements themselves.

    Mail programs drop style sheets; the rules that can only live in one (dark mode, narrow screens) are
    kept there as well, for those that read them.
    """
    return _inliner().inline(_templates(autoescape=True).get_template(template).render(parts))


def render_text(template: str, parts: Mapping[str, Any]) -> str:
    """Return a plain-text template filled in, without trailing white space or runs of empty lines."""
    lines = [
        line.rstrip()
        for line in _templates(autoescape=False).get_template(template).render(parts).splitlines()
    ]
    kept = [line for place, line in enumerate(lines) if line or (place and lines[place - 1])]
    return "\n".join(kept).strip() + "\n"


@cache
def _templates(autoescape: bool) -> Environment:
    return Environment(
        loader=PackageLoader("alerts"),
        autoescape=autoescape,  # noqa: S701 - off for plain text alone, which is no HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)
