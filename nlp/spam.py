"""Posts that nobody wrote as a customer: giveaways and adverts, by what they say.

What is spam because it was posted before (copied reviews, one account saying the same thing again) cannot be
told from a text: that is `storage.stories`. Marks are for the counts, and a complaint that is left out is
worse than an advert that is counted: several cues must come together, and words of complaint outweigh them.
"""

from __future__ import annotations

import re

from nlp.text import fold

VERSION = "spam-1"

GIVEAWAY = "giveaway"
ADVERT = "advert"

_CLIP = 2_000
_LONGEST = 120
"""A longer text, in words, is an article about such things."""


def _any(*words: str) -> re.Pattern[str]:
    """Return a pattern of whole words in folded text; an Arabic one may have `و` or `ف` before it."""
    return re.compile(rf"(?<!\w)[وف]?(?:{'|'.join(words)})(?!\w)")


_ACTIONS = (
    _any(r"ري?تويت\w{0,2}", "رتوت", "اعاده (?:ال)?تغريد", "اعيدوا التغريد", "retweet", "rt", "repost"),
    _any("فول+و+", "فلو", "متابعه", "تابع(?:وا?|ي|نا|ني|ونا|وني|ينا|يني)?", "ضيفوا?نا?", "follow"),
    _any(r"لا?يك\w{0,2}", "اعجاب", r"like(?: this| our)?", "jaime", "j'aime"),
    _any(r"منشن(?:وا?|ي)?", r"تا[قغج](?:وا?)?", r"tag (?:a|\d|two|three|your|some) ?\w{0,6}", r"mention \d"),
    _any(
        "شير(?:وا?)?",
        "بارطاجي?(?:وا?)?",
        r"بارتاج\w{0,2}",
        r"شارك(?:وا?|ي)? (?:ال|هال)\w+",
        "share",
        "partagez?",
    ),
    _any(
        r"كومنت\w{0,3}", "علق(?:وا?|ي)?", r"اكتب(?:وا?|ي)? (?:لنا )?(?:ب|في )?(?:ال)?تعليق\w{0,3}", "comment"
    ),
    _any("سبسكرايب", "اشترك(?:وا?|ي)? (?:في |ب|بال)?(?:ال)?قنا(?:ه|تنا|تي)", "subscribe"),
)
"""What a giveaway asks for: each line is one thing to do."""
_PURPOSE = _any(
    "[تنيل]?[ات]?ربح(?:وا?|ي)?", "[تل]?تفوز(?:وا?|ي)?", "للفوز", "[تل]?[ات]?كسب(?:وا?|ي)?",
    "(?:ال|لل|عال|بال)?سحب", "(?:ال|لل)?قرعه", "[قج]ي?ف ?اواي", "(?:ال|لل)?مسابقه", "(?:ال)?جا[ئي]زه",
    "(?:ال)?جوا[ئي]ز", r"(?:ال)?هدي[هت]\w{0,2}", r"(?:ال)?هدايا\w{0,2}", "(?:to )?win", "give ?away",
    "raffle", "prizes?", "winners?", "a chance", "get entered", "gagner?", "gagnez",
)  # fmt: skip
_COMPLAINT = _any(
    "نصب", r"نصاب\w{0,3}", r"(?:ال)?كذب\w{0,2}", "كذابي?ن?", "احتيال", r"وهمي\w{0,2}", "خداع", "غش",
    r"حرامي\w{0,2}", r"م(?:ا|و|ش) \w{2,12}", "لم", "لن", "ليش", "لماذا", "ليه", "علاش", "متي", "امتي", "وين",
    "فين", "شكوي", r"زهقت\w{0,2}", r"طفشت\w{0,3}", "مليت", "ازعاج", r"مزعج\w{0,2}", r"قرفت\w{0,3}",
    "سيئ?[يه]?", "اسوا", "زفت", r"خايس\w{0,2}", r"تعبان\w{0,2}", "محد", "محدش", "ماحد", "شاركت",
    r"\w{2,10}وش", "كفايه", "بطلوا", r"scam\w{0,4}", "fake", "fraud", "rigged", "never", "nobody",
    "no one", r"disappoint\w{0,5}",
    "worst", "terrible", "(?:sick|tired) of", "annoying", "stop", "why", "not", r"\w{2,7}n't", "ignored?",
    r"arnaque\w{0,2}", "jamais",
)  # fmt: skip
_SELLING = _any(
    "للطلب(?:ات)?", "اطلب(?:وا?|ي|ها|ه)? ?(?:الان|الحين|دلوقتي|هلا|دابا)?", "للتواصل(?! مع )", "للحجز",
    "للاستفسار",
    "كود(?: ال?خصم)?", r"كوبون\w{0,2}", r"خصم\w{0,3}", "خصومات", "تخفيضات?", "عرض خاص", "عروضن?ا?",
    "(?:ال)?توصيل مجان[اي]", "(?:ال)?دفع عند (?:ال)?استلام", "متجرنا", "حسابنا", "تسوق(?:وا?|ي)?",
    "(?:يوجد|متوفر) لدينا", "نوفر لكم?", "ب?ارخص (?:ال)?اسعار", r"باسعار \w+", "زياده متابعين",
    "(?:تسديد|سداد) (?:ال)?(?:قروض|متعثرات)", r"استخراج قرض\w{0,2}", "شحن مجان[اي]", "جمله وتجز[ئي]ه",
    "التوصيل (?:متوفر|متاح|لجميع)", "تفصيل حسب الطلب", "للبيع", "promo(?: code)?", "discount(?: code)?",
    "coupons?", "voucher code", "order (?:now|yours)", "(?:buy|shop) now", "dm (?:us|me|to|for)",
    "link in (?:the )?bio", "free (?:shipping|delivery)", "limited offer", "best prices?", r"\d{1,2} ?% off",
    "livraison gratuite", "commandez", "code promo",
)  # fmt: skip
_CONTACT = _any(
    "(?:ال|عال|بال)?واتس(?: ?اب)?", "وتس ?اب", "whats ?app", r"wa\.me\S*", r"t\.me\S*", "telegram",
    "تي?لي?جرام", "(?:علي ?)?ال(?:خاص|برايفت)", "الدايركت", "dm (?:us|me)",
    "link in (?:the )?bio",
)  # fmt: skip
_PHONE = re.compile(r"(?<![\d.,])(?:\+|00)?\d(?:[ -]?\d){8,13}(?![\d.,])")
_LINK = re.compile(r"https?://\S+|www\.\S+")
_TAG = re.compile(r"#\w+")
_HANDLE = re.compile(r"@\w[\w.]*")
_PASSED_ON = re.compile(r"\s*rt\s+(?=@)")
_TAGS = ((10, 2), (6, 1))
_ENOUGH = 3


def spam_of(text: str, title: str | None = None) -> str | None:
    """Return `giveaway` or `advert` where a text with its title is one, None where it is not.

    Reads the first 2,000 code points; a text of more than 120 words is neither.
    """
    folded = fold(f"{title[:_CLIP]}\n{text[:_CLIP]}" if title else text[:_CLIP])
    passed_on = _PASSED_ON.match(folded)
    if passed_on is not None:
        folded = folded[passed_on.end() :]
    tags, links, said = len(_TAG.findall(folded)), 0, folded
    if "http" in folded or "www." in folded:
        said, links = _LINK.subn(" ", folded)
    words = _HANDLE.sub(" ", _TAG.sub(lambda tag: tag[0][1:].replace("_", " "), said))
    if words.count(" ") >= _LONGEST or _COMPLAINT.search(words):
        return None
    if _is_giveaway(words):
        return GIVEAWAY
    return ADVERT if _is_advert(words, folded, tags, links) else None


def _is_giveaway(words: str) -> bool:
    """Two different things to do, or one in so many words to that end, and something to be won by it."""
    purpose = _PURPOSE.search(words)
    return purpose is not None and sum(action.search(words) is not None for action in _ACTIONS) >= 2


def _is_advert(words: str, folded: str, tags: int, links: int) -> bool:
    """Whether what sells comes with a way to reach the seller, or with tags for being found."""
    selling = len(set(_SELLING.findall(words)))
    reach = (_PHONE.search(words) is not None) + (_CONTACT.search(folded) is not None) + (links > 0)
    found = next((points for least, points in _TAGS if tags >= least), 0)
    return selling > 0 and reach + found > 0 and min(selling, 2) + reach + found >= _ENOUGH
