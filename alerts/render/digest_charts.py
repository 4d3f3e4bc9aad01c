"""The pictures of a digest, each for a light and for a dark page; both show alone what they are about.

Matplotlib shapes and orders Arabic itself. Time runs from left to right in both languages, as in alerts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from alerts.render import escaping, locale
from alerts.render.charts import DRAWING, families
from alerts.render.digest_wording import SENTENCES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Inches and dots an inch: 544 points wide in a mail, and letters that can still be read at 320.
_WIDTH, _DPI = 4.4, 250
_LABEL_LIMIT = 18
TONES: Final = ("negative", "neutral", "positive", "not_judged")


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a page; each tone stands apart from its neighbours in lightness as well as in hue."""

    paper: str
    ink: str
    faint: str
    accent: str
    other: str
    tones: Mapping[str, str]


LIGHT: Final = Palette(
    paper="#ffffff",
    ink="#4a5160",
    faint="#e3e6ea",
    accent="#1a5fb4",
    other="#a9b4c2",
    tones={"negative": "#c2413b", "neutral": "#9aa5b4", "positive": "#2b8a5b", "not_judged": "#dde2e8"},
)
DARK: Final = Palette(
    paper="#1f242c",
    ink="#b9c0cb",
    faint="#3a414d",
    accent="#8ab8ff",
    other="#66717f",
    tones={"negative": "#ef6f68", "neutral": "#8a95a4", "positive": "#57bd8a", "not_judged": "#48515e"},
)


def trend_chart(trend: Sequence[Mapping[str, Any]], language: str, palette: Palette) -> bytes:
    """Return a PNG of the mentions of each day, stacked by tone; the last seven days in full colour."""
    with DRAWING:
        figure = _figure(2.1, palette)
        _draw_trend(figure, trend, language, palette)
        return _png(figure)


def voice_chart(shares: Sequence[Mapping[str, Any]], language: str, palette: Palette) -> bytes:
    """Return a PNG of each brand's share, with a thin line for the range in which the true one lies."""
    with DRAWING:
        figure = _figure(0.45 + 0.36 * len(shares), palette)
        _draw_voice(figure, shares, language, palette)
        return _png(figure)


def _figure(height: float, palette: Palette) -> Figure:
    # Imported when first drawn: it takes longer to load than everything else together.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, facecolor=palette.paper, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _png(figure: Figure) -> bytes:
    out = BytesIO()
    figure.savefig(out, format="png", facecolor=figure.get_facecolor(), metadata={"Software": None})
    return out.getvalue()


def _bare(axes: Any, palette: Palette, kept: str) -> None:
    axes.set_facecolor(palette.paper)
    for side, spine in axes.spines.items():
        spine.set_visible(side == kept)
        spine.set_color(palette.faint)
    axes.tick_params(length=0, labelsize=8, colors=palette.ink)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontfamily(families())


def _draw_trend(figure: Figure, trend: Sequence[Mapping[str, Any]], language: str, palette: Palette) -> None:
    axes: Any = figure.add_subplot()
    places = range(len(trend))
    heights = [0] * len(trend)
    bars = []
    for tone in TONES:
        counts = [day[tone]["value"] for day in trend]
        drawn = axes.bar(places, counts, bottom=heights, width=0.82, color=palette.tones[tone])
        for bar in drawn[:-7]:
            bar.set_alpha(0.5)
        bars.append(drawn[-1])
        heights = [low + count for low, count in zip(heights, counts, strict=True)]
    words = SENTENCES[language]
    axes.legend(
        bars,
        [words[tone] for tone in TONES],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=4,
        frameon=False,
        prop={"family": families(), "size": 8},
        labelcolor=palette.ink,
        borderaxespad=0,
        handlelength=0.8,
        columnspacing=1.0,
        handletextpad=0.4,
    )
    shown = range(0, len(trend), 7)
    axes.set_xticks(shown, [_day(trend[place]["day"], language) for place in shown])
    axes.set_xlim(-0.7, len(trend) - 0.3)
    axes.set_ylim(0, max(1, *heights) * 1.05)
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=4)
    axes.grid(axis="y", color=palette.faint, linewidth=0.7)
    axes.set_axisbelow(True)
    _bare(axes, palette, "bottom")


def _day(day: str, language: str) -> str:
    return locale.date(language, dt.date.fromisoformat(day))


def _draw_voice(figure: Figure, shares: Sequence[Mapping[str, Any]], language: str, palette: Palette) -> None:
    axes: Any = figure.add_subplot()
    rtl = locale.direction(language) == "rtl"
    places = range(len(shares))
    values = [entry["share"] or 0.0 for entry in shares]
    axes.barh(
        places, values, height=0.5, color=[palette.accent if e["own"] else palette.other for e in shares]
    )
    for place, entry in enumerate(shares):
        axes.plot([entry["low"], entry["high"]], [place, place], color=palette.ink, linewidth=1)
        axes.text(
            entry["high"] + 0.015,
            place,
            locale.percent(language, values[place]),
            ha="right" if rtl else "left",
            va="center",
            fontsize=8.5,
            color=palette.ink,
            fontfamily=families(),
        )
    axes.set_yticks(places, [escaping.excerpt(entry["brand"], _LABEL_LIMIT) for entry in shares])
    axes.set_xticks([])
    widest = max(entry["high"] for entry in shares) + 0.12
    axes.set_xlim((widest, 0) if rtl else (0, widest))
    axes.set_ylim(len(shares) - 0.45, -0.55)
    if rtl:
        axes.yaxis.tick_right()
    _bare(axes, palette, "right" if rtl else "left")
    for label in axes.get_yticklabels():
        label.set_fontsize(9)
