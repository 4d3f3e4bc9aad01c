"""What an alert says of sources that are ill: what happens, since when, how much it matters, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerts.render import locale
from alerts.render.health_wording import SENTENCES
from alerts.render.phrases import instant_of, name, number_of, say, zone_of

_LEAST_SHARE = 0.01
_NAMED = 5
_ERROR = 300


def lines(payload: Mapping[str, Any], facts: Mapping[str, Any], change: str, language: str) -> list[str]:
    """Return the sentences for an alert of kind `source_health`."""
    if change == "resolved":
        over = "removed" if facts.get("removed") is True else "over"
        return [say(language, f"source_health.{over}")]
    said = []
    cause = f"source_health.{facts.get('cause')}"
    if cause in SENTENCES[language]:
        said.append(say(language, cause))
    names = facts.get("sources")
    if facts.get("scope") != "source" and isinstance(names, list | tuple) and names:
        comma = "، " if language == "ar" else ", "
        shown = comma.join(name(one) for one in names[:_NAMED])
        said.append(
            say(language, "source_health.sources", names=shown + (" …" if len(names) > _NAMED else ""))
        )
    if facts.get("error"):
        said.append(say(language, "source_health.error", error=name(facts["error"], _ERROR)))
    said.append(_last_good(payload, facts, language))
    share = number_of(facts.get("share"))
    if share is not None and share >= _LEAST_SHARE:
        said.append(say(language, "source_health.share", share=locale.percent(language, share)))
    return said


def _last_good(payload: Mapping[str, Any], facts: Mapping[str, Any], language: str) -> str:
    when = instant_of(facts.get("last_good"))
    if when is None:
        return say(language, "source_health.never_good")
    zone = zone_of(payload.get("timezone"))
    return say(language, "source_health.last_good", when=locale.moment(language, when, zone))
