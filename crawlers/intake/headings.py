"""Which column of a survey, an export or a ticket is which field of ours. Pure.

Headings are compared as people read them: case, accents, the spelling of alif and yeh, tatweel and
punctuation do not count. What is not told by the configuration is guessed from lists of the headings that
survey tools, help desks and spreadsheets use in Arabic and English. A nested document is read as a row
whose headings are paths, such as `ticket.comments.0.body`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

# Headings by field, the surest first. A field of the record is its own surest heading.
GUESSES: Mapping[str, tuple[str, ...]] = {
    "text": (
        *("text", "comment", "feedback", "review", "review text", "review body", "comment text", "verbatim"),
        *("customer comment", "customer feedback", "your feedback", "open ended response", "complaint"),
        *("message", "body", "body text", "plain body", "comment body", "content", "description"),
        *("description text", "details", "comments", "remarks", "notes", "note", "suggestions", "reason"),
        *("additional comments", "النص", "نص", "التعليق", "تعليق", "تعليق العميل", "التعليقات"),
        *("نص التعليق", "المراجعة", "نص المراجعة", "الشكوى", "نص الشكوى", "الرسالة", "نص الرسالة"),
        *("الملاحظات", "ملاحظات", "ملاحظاتك", "الملاحظة", "ملاحظة", "ملاحظات العميل", "الرأي", "رأيك"),
        *("رأي العميل", "المحتوى", "الوصف", "التفاصيل", "تفاصيل الشكوى", "مقترحات", "المقترحات"),
        *("الاقتراحات", "اقتراحات", "سبب التقييم", "السبب"),
    ),
    "title": (
        *("title", "subject", "headline", "summary", "review title", "ticket subject", "العنوان", "عنوان"),
        *("الموضوع", "موضوع", "عنوان المراجعة", "عنوان التذكرة", "موضوع الشكوى"),
    ),
    "external_id": (
        *("external id", "id", "uuid", "response id", "respondent id", "ticket id", "ticket number"),
        *("ticket no", "case id", "case number", "review id", "submission id", "comment id", "message id"),
        *("entry id", "record id", "survey id", "token", "المعرف", "المعرّف", "معرف", "رقم التذكرة"),
        *("رقم الشكوى", "رقم البلاغ", "رقم الاستجابة", "رقم الرد", "رقم المراجعة", "معرف الرد"),
    ),
    "published_at": (
        *("published at", "created at", "submitted at", "created", "date created", "creation date"),
        *("created time", "created on", "submission date", "submission time", "submit date"),
        *("response date", "review date", "recorded date", "completed at", "end date", "received at", "date"),
        *(
            "date submitted",
            "date time",
            "datetime",
            "timestamp",
            "time",
            "التاريخ",
            "تاريخ",
            "تاريخ الإنشاء",
        ),
        *("تاريخ الإنشاء", "تاريخ الإرسال", "تاريخ الرد", "تاريخ التقييم", "تاريخ المراجعة"),
        *(
            "تاريخ الشكوى",
            "تاريخ التعليق",
            "وقت الإرسال",
            "التاريخ والوقت",
            "تاريخ ووقت الإرسال",
            "الطابع الزمني",
            "طابع زمني",
        ),
    ),
    "rating": (
        *("rating", "stars", "star rating", "score", "nps", "nps score", "csat", "csat score"),
        *("satisfaction", "satisfaction score", "satisfaction rating", "overall satisfaction", "rate"),
        *("overall rating", "likelihood to recommend", "how likely are you to recommend us"),
        *("التقييم", "تقييم", "التقييم العام", "تقييمك", "النجوم", "عدد النجوم", "الدرجة", "درجة الرضا"),
        *("الرضا", "مستوى الرضا", "مدى الرضا", "نسبة الرضا", "صافي نقاط الترويج", "احتمال التوصية"),
    ),
    "rating_scale": ("rating scale", "scale", "max rating", "best rating", "out of", "مقياس التقييم"),
    "author": (
        *("author", "author name", "customer name", "customer", "reviewer", "reviewer name", "username"),
        *("user name", "user", "requester", "requester name", "respondent", "sender", "from", "full name"),
        *("name", "nickname", "handle", "الاسم", "اسم العميل", "العميل", "الكاتب", "اسم المستخدم"),
        *("المستخدم", "المرسل", "اسم المرسل", "الاسم الكامل", "مقدم الشكوى", "email", "email address"),
        *("البريد الإلكتروني", "الإيميل"),
    ),
    "author_followers": ("author followers", "followers", "follower count", "المتابعون", "عدد المتابعين"),
    "url": ("url", "link", "permalink", "review url", "web url", "ticket url", "الرابط", "رابط"),
    "item": (
        *("item", "product", "product name", "branch", "branch name", "store", "store name", "location"),
        *("location name", "service", "app", "المنتج", "اسم المنتج", "الفرع", "اسم الفرع", "المتجر"),
        *("الخدمة", "الموقع"),
    ),
    "parent_id": ("parent id", "in reply to", "reply to id"),
    "kind": ("kind",),
    "language_hint": ("language hint", "language", "lang", "locale", "language code", "اللغة", "لغة"),
    "likes": ("likes", "like count", "thumbs up", "helpful votes", "الإعجابات", "عدد الإعجابات"),
    "replies": ("replies", "reply count", "الردود", "عدد الردود"),
    "shares": ("shares", "share count", "المشاركات", "عدد المشاركات"),
    "views": ("views", "view count", "المشاهدات", "عدد المشاهدات"),
    "reach": ("reach", "impressions", "الوصول", "مرات الظهور"),
    "country": ("country", "country code", "الدولة", "البلد"),
    "answer": ("answer", "owner answer", "owner response", "business response", "رد الإدارة", "رد المالك"),
    "answered_at": ("answered at", "answer date", "response time", "تاريخ رد الإدارة"),
}
FIELDS = tuple(GUESSES)
_DEEPEST, _MOST_LEAVES, _MOST_IN_A_LIST = 8, 400, 50
_ALIKE = str.maketrans("أإآٱىةؤئگک", "اااايهويكك")
_UNREAD = re.compile("[\u0640\u064b-\u065f\u0670\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_WORDS = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def plain(heading: str) -> str:
    """Return a heading in the form in which headings are compared: `Created_At`, `createdAt`, `تقييـم`."""
    spaced = _HUMP.sub(" ", unicodedata.normalize("NFKC", heading[:300]))
    bare = "".join(c for c in unicodedata.normalize("NFD", spaced.casefold()) if not _is_mark(c))
    return " ".join(_WORDS.findall(_UNREAD.sub("", unicodedata.normalize("NFC", bare)).translate(_ALIKE)))


def _is_mark(character: str) -> bool:
    # The hamza over an alif is a mark too once it is decomposed; an alif without it reads the same.
    return bool(unicodedata.combining(character))


_RANKS: Mapping[str, Mapping[str, int]] = {
    field: {plain(name): rank for rank, name in reversed(list(enumerate(names)))}
    for field, names in GUESSES.items()
}


def columns_of(headings: Sequence[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the heading of each field that has one, of a row or a document's paths.

    `chosen` is the configuration's map of field to heading, and wins; each other field takes the surest of
    its headings that no other field has. Where headings are paths, what is nearest to the text belongs to
    it: the `id` beside the text, not that of the envelope.
    """
    found = {field: heading for field, heading in _chosen(headings, chosen) if heading is not None}
    for field in FIELDS:
        if field in chosen:
            continue
        anchor = found.get("text") or found.get("title")
        free = [heading for heading in headings if heading not in found.values()]
        best = min(free, key=lambda heading, f=field, a=anchor: _claim(f, heading, a), default=None)  # type: ignore[misc]
        if best is not None and _claim(field, best, anchor)[0] < _NO_CLAIM:
            found[field] = best
    return found


_NO_CLAIM = 10_000
# An object that only holds the text of what it stands in, whose id is then the text's.
_HOLDERS = frozenset({"text", "body", "comment", "comments", "description", "feedback", "review", "0"})


def _claim(field: str, heading: str, anchor: str | None) -> tuple[int, int, int]:
    """Return how good a heading is for a field, the least being the best: distance, rank, depth."""
    path = heading.split(".")
    ranks = _RANKS[field]
    spelled = [plain(heading)] if len(path) == 1 else [plain(path[-1]), plain(" ".join(path[-2:]))]
    rank = min((ranks[name] for name in spelled if name in ranks), default=_NO_CLAIM)
    if rank == _NO_CLAIM:
        return _NO_CLAIM, 0, 0
    around = anchor.split(".")[:-1] if anchor is not None else path[:-1]
    away = _distance(path[:-1], around)
    if field == "external_id" and away > _holders(around):
        # The id of something else (the account, the agent, the event) would join what is not one.
        return _NO_CLAIM, 0, 0
    return away, rank, len(path)


def _holders(around: Sequence[str]) -> int:
    """Return how many of the innermost objects around the text only hold it."""
    steps = 0
    for part in reversed(around):
        if plain(part) not in _HOLDERS:
            break
        steps += 1
    return steps


def _distance(path: Sequence[str], anchor: Sequence[str]) -> int:
    shared = 0
    for one, other in zip(path, anchor, strict=False):
        if one != other:
            break
        shared += 1
    # A step outward is nearer than a step into something else.
    return (len(anchor) - shared) + 2 * (len(path) - shared)


def _chosen(headings: Iterable[str], chosen: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    exact = set(headings)
    by_form: dict[str, str] = {}
    for heading in exact:
        by_form.setdefault(plain(heading), heading)
    for field, wanted in chosen.items():
        yield field, wanted if wanted in exact else by_form.get(plain(wanted))


def flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the leaves of a JSON object by their paths; long lists, deep and very large ones are cut."""
    leaves: dict[str, Any] = {}
    waiting: list[tuple[str, Any, int]] = [("", document, 0)]
    while waiting and len(leaves) < _MOST_LEAVES:
        path, value, depth = waiting.pop(0)
        inner = _members(value)
        if inner is None:
            if value is not None and path:
                leaves[path] = value
        elif depth < _DEEPEST:
            waiting.extend((f"{path}.{key}" if path else key, one, depth + 1) for key, one in inner)
            del waiting[4 * _MOST_LEAVES :]
    return leaves


def _members(value: Any) -> list[tuple[str, Any]] | None:
    if isinstance(value, dict):
        return [(str(key)[:200], one) for key, one in value.items()]
    if isinstance(value, list):
        return [(str(index), one) for index, one in enumerate(value[:_MOST_IN_A_LIST])]
    return None
