"""The picture in an alert: mentions by the hour, beside what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from functools import cache
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from alerts.render import locale
from alerts.render.phrases import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Point = tuple[datetime, float, float | None]

# Inches and dots an inch: 544 points wide in a mail, and letters that can still be read at 320.
_WIDTH, _HEIGHT, _DPI = 4.4, 1.9, 250
_COUNTED, _EXPECTED, _INK, _FAINT, _PAPER = "#c2413b", "#5b6472", "#4a5160", "#e3e6ea", "#ffffff"
_LABELS: Final = 4
_LEGEND: Final[dict[str, Any]] = {
    "ncols": 2,
    "frameon": False,
    "borderaxespad": 0,
    "handlelength": 1.2,
    "columnspacing": 1.2,
}
_FONTS: Final = ("Noto Sans Arabic", "Noto Sans", "DejaVu Sans")
_LETTERS = 8  # points
# Matplotlib's font cache is shared and not made for threads; messages are written in several.
DRAWING = Lock()


def alert_chart(series: Sequence[Point], language: str, zone: tzinfo) -> bytes:
    """Return a PNG of 1100 × 475 pixels: one bar an hour, and a line for what was expected.

    `series` holds at least one (hour, count, expected or None), oldest first; hours are labelled in `zone`.
    Time runs from left to right in both languages, as in the digest. The background is white, so that the
    picture stands in a dark mail as it is.
    """
    # Imported when first drawn: it takes longer to load than everything else together.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with DRAWING:
        figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, facecolor=_PAPER, layout="constrained")
        FigureCanvasAgg(figure)
        _draw(figure, series, language, zone)
        out = BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


@cache
def families() -> list[str]:
    """Return the fonts of this machine in which a chart is lettered, the best first."""
    from matplotlib import font_manager

    there = set(font_manager.get_font_names())
    return [name for name in _FONTS if name in there]


def _draw(figure: Figure, series: Sequence[Point], language: str, zone: tzinfo) -> None:
    axes: Any = figure.add_subplot()
    font = {"family": families(), "size": _LETTERS}
    places = range(len(series))
    counts = [count for _, count, _ in series]
    drawn = [axes.bar(places, counts, width=0.8, color=_COUNTED, label=say(language, "chart.observed"))]
    usual = [float("nan") if expected is None else expected for _, _, expected in series]
    if any(value == value for value in usual):
        drawn += axes.plot(
            places, usual, color=_EXPECTED, linewidth=1.4, label=say(language, "chart.expected")
        )
        # Above the plot, where no bar can hide it.
        axes.legend(
            handles=drawn, loc="lower left", bbox_to_anchor=(0, 1), labelcolor=_INK, prop=font, **_LEGEND
        )
    step = max(1, -(-len(series) // _LABELS))
    shown = list(range(len(series) - 1, -1, -step))[::-1]
    axes.set_xticks(shown, [_label(series[place][0], language, zone) for place in shown])
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontfamily(families())
        label.set_linespacing(0.8)
    axes.set_xlim(-0.8, len(series) - 0.2)
    axes.set_ylim(bottom=0)
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=4)
    axes.tick_params(labelsize=_LETTERS, colors=_INK, length=0)
    axes.grid(axis="y", color=_FAINT, linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_FAINT)


def _label(hour: datetime, language: str, zone: tzinfo) -> str:
    day = locale.date(language, hour.astimezone(zone).date())
    return f"{day}\n{locale.clock(language, hour, zone)}"
