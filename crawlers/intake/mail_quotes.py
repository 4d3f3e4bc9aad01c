"""What the writer of a mail wrote: without quotations of earlier mails and without signatures. Pure."""

from __future__ import annotations

import re

from crawlers.dates import plain_digits
from crawlers.text_of_html import tidy

_MOST_LINES = 2_000
# The line that mail programs put over what they quote; long ones are broken into two or three lines.
_WROTE = re.compile(
    r"(?:wrote|a écrit|escribió|ha scritto|escreveu)\s?:$|schrieb.{0,160}:$|schreef.{0,160}:$"
    r"|(?<!\w)كتب(?:ت|/ت)?(?!\w).{0,160}[:：]$",
    re.IGNORECASE,
)
_WROTE_BEGINS = re.compile(r"(?:on|le|am|el|il|op|em|في|بتاريخ|يوم|بتأريخ)\s", re.IGNORECASE)
# A customer may write "then your agent wrote:"; a mail program names a year, a time or an address.
_DATED = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|\d:\d\d|@")
_LONGEST_MARK = 400
_ORIGINAL = re.compile(
    r"[-_*\s]{2,}(?:original message|original appointment|reply message|message d'origine"
    r"|ursprüngliche nachricht|الرسالة الأصلية|رسالة أصلية|الرسالة الاصلية)[-_*\s]{2,}",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"[-_*\s]{2,}(?:forwarded message|رسالة معاد توجيهها|رسالة مُعاد توجيهها|الرسالة المعاد توجيهها"
    r"|الرسالة المحولة|message transféré)[-_*\s]{2,}|begin forwarded message:",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"\*?(from|sent|date|to|cc|subject|من|تم الإرسال|تاريخ الإرسال|أُرسلت|التاريخ|إلى|الى|نسخة|الموضوع"
    r"|de|envoyé|à|objet)\s?:\*?",
    re.IGNORECASE,
)
_FIRST_HEADERS = ("from", "من", "de")
_RULE = re.compile(r"[-_=*]{8,}")
_SENT_FROM = re.compile(
    r"(?:sent (?:from|via) (?:my |the )?.{1,40}|get outlook for .{1,20}|envoyé de mon .{1,30}"
    r"|(?:أُرسلت|أرسلت|ارسلت|مرسل|مرسلة|تم الإرسال|تم الارسال)\s(?:من|عبر|بواسطة).{1,60})\.?",
    re.IGNORECASE,
)


def own_words(text: str) -> str:
    """Return the text that the writer added: what is quoted below or among it, and a signature, are cut.

    Where nothing is left but what was forwarded, that is what the mail says. Answers below or within the
    quotation stay.
    """
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    lines = lines[:_MOST_LINES]
    above, below = _split(lines)
    own = tidy("\n".join(_unquoted(above)))
    if own or not below:
        return own
    return tidy("\n".join(_unquoted(_without_headers(below))))


def _split(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return the lines above the first quotation, and those below its mark."""
    for at, line in enumerate(lines):
        length = _mark_length(lines, at, line)
        if length:
            return lines[:at], lines[at + length :]
    return lines, []


def _mark_length(lines: list[str], at: int, line: str) -> int:
    """Return how many lines the mark of a quotation takes that begins here, 0 where none does."""
    if not line or line.startswith(">"):
        return 0
    if _ORIGINAL.fullmatch(line) or _FORWARDED.fullmatch(line):
        return 1
    if _is_header_block(lines, at):
        return 1
    if _is_wrote(line) or _names_what_follows(lines, at):
        return 1
    if _WROTE_BEGINS.match(line) and not any(map(_is_wrote, lines[at + 1 : at + 2])):
        return next((n for n in (2, 3) if _is_wrote(" ".join(lines[at : at + n]))), 0)
    return 0


def _is_wrote(line: str) -> bool:
    dated = len(line) <= _LONGEST_MARK and _DATED.search(plain_digits(line))
    return bool(dated and _WROTE.search(line))


def _names_what_follows(lines: list[str], at: int) -> bool:
    """Tell whether this is a mark such as `Ali wrote:` or `كتب علي:`, over lines that are quoted."""
    following = next((later for later in lines[at + 1 : at + 4] if later), "")
    return following.startswith(">") and bool(_WROTE.search(lines[at]))


def _is_header_block(lines: list[str], at: int) -> bool:
    """Tell whether the headers of a quoted mail begin here (`From: … Sent: …`), under a rule or bare."""
    first = at + 1 if _RULE.fullmatch(lines[at]) else at
    names = [found[1].lower() for line in lines[first : first + 6] if (found := _HEADER.match(line))]
    return len(names) >= 3 and names[0] in _FIRST_HEADERS and bool(_HEADER.match(lines[first]))


def _without_headers(lines: list[str]) -> list[str]:
    return [line for at, line in enumerate(lines) if at > 8 or not _HEADER.match(line)]


def _unquoted(lines: list[str]) -> list[str]:
    """Return lines without those that quote, and without what stands under a signature's mark."""
    kept: list[str] = []
    for line in lines:
        if line in ("--", "—"):
            break
        if not line.startswith(">") and not _SENT_FROM.fullmatch(line):
            kept.append(line)
    return kept
