"""The picture in an alert: mentions by the hour, beside what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from alerts.render import locale
from alerts.render.phrases import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Point = tuple[datetime, float, float | None]

_WIDTH, _HEIGHT, _DPI = 5.36, 1.9, 200  # inches, and dots an inch: 536 points wide, sharp on phones
_COUNTED, _EXPECTED, _INK, _FAINT, _PAPER = "#c2413b", "#5b6472", "#4a5160", "#e3e6ea", "#ffffff"
_LABELS: Final = 4
_LEGEND: Final[dict[str, Any]] = {
    "ncols": 2,
    "frameon": False,
    "fontsize": 7,
    "borderaxespad": 0,
    "handlelength": 1.2,
    "columnspacing": 1.2,
}
# Matplotlib's font cache is shared and not made for threads; messages are written in several.
DRAWING = Lock()


def alert_chart(series: Sequence[Point], language: str, zone: tzinfo) -> bytes:
    """Return a PNG of 1072 × 380 pixels: one bar an hour, and a line for what was expected.

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


def _draw(figure: Figure, series: Sequence[Point], language: str, zone: tzinfo) -> None:
    axes: Any = figure.add_subplot()
    places = range(len(series))
    counts = [count for _, count, _ in series]
    drawn = [axes.bar(places, counts, width=0.8, color=_COUNTED, label=say(language, "chart.observed"))]
    usual = [float("nan") if expected is None else expected for _, _, expected in series]
    if any(value == value for value in usual):
        drawn += axes.plot(
            places, usual, color=_EXPECTED, linewidth=1.4, label=say(language, "chart.expected")
        )
        # Above the plot, where no bar can hide it.
        axes.legend(handles=drawn, loc="lower left", bbox_to_anchor=(0, 1), labelcolor=_INK, **_LEGEND)
    step = max(1, -(-len(series) // _LABELS))
    shown = list(range(len(series) - 1, -1, -step))[::-1]
    axes.set_xticks(shown, [_label(series[place][0], language, zone) for place in shown])
    axes.set_xlim(-0.8, len(series) - 0.2)
    axes.set_ylim(bottom=0)
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=4)
    axes.tick_params(labelsize=7, colors=_INK, length=0)
    axes.grid(axis="y", color=_FAINT, linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_FAINT)


def _label(hour: datetime, language: str, zone: tzinfo) -> str:
    day = locale.date(language, hour.astimezone(zone).date())
    return f"{day}\n{locale.clock(language, hour, zone)}"
