"""Arabic names without the particles that are written attached to them (و ف ب ك ل ع)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nlp import gazetteer
from nlp.text import fold

_PARTICLES = ("و", "ف", "ب", "ل", "ع", "وب", "ول", "فب", "فل", "وع", "وف")
"""What is written attached to a name: and, then, in, to, and the dialects' short forms of على and في."""
_BEFORE_ARTICLE = (*_PARTICLES, "ك", "وك")
_NAMES_THAT_BEGIN_SO = (
    *("والت", "والاس", "والك", "والش", "والد", "والي", "والا", "بالت", "بالم", "بالو", "بالي", "بالاس"),
    *("بالا", "بالد", "بالر", "فالن", "فالك", "فالو", "فالد", "فالي", "فالف", "كالي", "كالف", "كالا", "كالو"),
    *("كالد", "عالم", "عالي", "وكال"),
)
"""Beginnings of names and words (Walter, Palmer, Valentino) that look like a particle and the article."""
_HEADS = frozenset(
    fold(word)
    for word in (
        *("لجنة", "وزارة", "شركة", "جامعة", "بلدية", "حزب", "مجلس", "منظمة", "هيئة", "بنك", "مصرف", "نادي"),
        *("جمعية", "وكالة", "اتحاد", "حركة", "دولة", "مدينة", "ولاية", "جزيرة", "شارع", "مؤسسة", "مطار"),
        *("فندق", "مطعم", "مستشفى", "مدرسة", "مجموعة", "قناة", "صحيفة", "معهد", "محكمة", "نقابة", "منتخب"),
        *("جبل", "بحر", "نهر", "وادي", "قصر", "حي", "سوق", "ميناء", "أبو", "أبي", "أبا", "أم", "ابن", "بنت"),
        *("عبد", "آل", "بني", "بنو", "أمير", "دار", "بيت", "كلية", "مركز", "جيش", "حكومة", "سفارة"),
    )
)
"""Words that a name of several words begins with."""
_BEGIN_WITH_WAW = tuple(
    fold(word)
    for word in (
        *("وسيم", "وسام", "وليد", "وفا", "وفي", "وداد", "ودي", "ودا", "وجد", "وجيه", "وجه", "وهب", "وهي"),
        *("وحيد", "وحد", "وثق", "ورد", "ورق", "ورز", "ورش", "ورل", "ورن", "ورث", "وصف", "وصال", "وصل"),
        *("وزير", "وزار", "وزان", "وكيل", "وكال", "وكر", "وطن", "ولا", "ولي", "ولد", "ولف", "وسط", "وسائ"),
        *("وست", "وفد", "وعد", "وقف", "وقت", "ونست", "ونيس", "وندو", "ونوس", "وضح", "وهر", "وشم", "وئام"),
    )
)
"""Beginnings of names whose first letter is a و of their own; so is mostly one before ا, و or ي (W)."""
_OWN_WAW_BEFORE = frozenset("اوي")
_SHORTEST_AFTER_WAW = 3
_SHORTEST_REST = 3


def without_particles(name: str, label: str, spellings: Iterable[str] = ()) -> str:
    """Return an Arabic name without the particles written before it (و ف ب ك ل ع), where that is right.

    It is where what remains is a known name or one of `spellings` (`gazetteer.key`), names that stand in
    the same text; and, for a name that nothing is known of, where the article follows, or after a و
    that names hardly begin with.
    """
    first, _, others = name.partition(" ")
    rest_of_name = f" {others}" if others else ""
    if _is_known(name, first, label):
        return name
    seen = frozenset(spellings)
    for bare in _bare_forms(first):
        whole = bare + rest_of_name
        if _is_known(whole, bare, label) or gazetteer.key(whole) in seen:
            return whole
    remainder = _bare_unknown(first)
    return remainder + rest_of_name if remainder else name


def _bare_unknown(word: str) -> str | None:
    """Return what remains of a word of which nothing is known, None where nothing is to be taken off."""
    folded = fold(word)
    if not folded.startswith(_NAMES_THAT_BEGIN_SO):
        for bare in _bare_forms(word):
            if bare.startswith("ال") and len(bare) - 2 >= _SHORTEST_REST:
                return bare
    if len(word) <= _SHORTEST_AFTER_WAW or word[0] != "و" or folded.startswith(_BEGIN_WITH_WAW):
        return None
    return None if word[1] in _OWN_WAW_BEFORE else word[1:]


def _bare_forms(word: str) -> Iterator[str]:
    """Yield what may remain of a word, the shortest particles taken first."""
    for particle in _BEFORE_ARTICLE:
        rest = word[len(particle) :]
        if not word.startswith(particle) or len(rest) < _SHORTEST_REST:
            continue
        if particle.endswith("ل") and rest.startswith("ل") and fold(rest) not in _HEADS:
            yield "ا" + rest
        if particle in _PARTICLES or rest.startswith("ال"):
            yield rest


def _is_known(name: str, first: str, label: str) -> bool:
    known = gazetteer.load()
    if known.name(name, label) is not None or (first != name and fold(first) in _HEADS):
        return True
    return label == "PERSON" and gazetteer.key(first) in known.given
