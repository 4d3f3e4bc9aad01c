"""The page that stands before what was asked for: a login, a consent page, a captcha or a bot check. Pure.

Only for a page that gave nothing of what was looked for. Login forms, widgets and cookie banners are on
ordinary pages too, so that one sign alone counts only where it is the wall's own: the marks of the services
that sell walls, or the address that a wall is redirected to.
"""

from __future__ import annotations

import re

import lxml.html
from lxml.html import HtmlElement

from crawlers.text_of_html import one_line
from crawlers.urls import web_url

LOGIN, CAPTCHA, CONSENT, BOT_CHECK = "a login page", "a captcha page", "a consent page", "a bot check"

# A wall says little; an article about walls says much.
_LONGEST_WALL, _SHORT, _BARE = 1500, 700, 300
_LONGEST_HEADING = 120
_MOST_HEADINGS = 6
_MARKUP_JUDGED = 200_000


def _one_of(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


# Cloudflare, DataDome, HUMAN, AWS, Akamai and Imperva: none of it is on the pages that they let through.
_MARKS = _one_of(
    r"_cf_chl_opt",
    r"cf-browser-verification",
    r"captcha-delivery\.com/(?:captcha|interstitial|[ci]\.js)",
    r"id=[\"']?px-captcha",
    r"AwsWafIntegration\.(?:checkForceRefresh|forceRefresh|getToken)",
    r"sec-if-cpt-container",
    r"incapsula incident id",
)
_WIDGET = (
    "//*[contains(@class,'g-recaptcha') or contains(@class,'h-captcha') or contains(@class,'cf-turnstile')"
    " or contains(@id,'captcha') or contains(@name,'captcha')][not(self::script or self::textarea)]"
)
_ASKS_HUMAN = _one_of(
    r"\bcaptcha\b",
    r"\bnot a robot\b",
    r"\bare you (?:a |an )?(?:human|robot)\b",
    r"\b(?:verify|confirm|check|prove)\w* (?:that |if )?you(?: are|'re)\b.{0,20}\bhuman\b",
    r"\brobot check\b",
    r"لست (?:برنامج )?روبوت",
    r"[أا]نك (?:إنسان|بشر)",
)
_CHECKS = _one_of(
    r"just a moment\b",
    r"attention required\b",
    r"checking (?:if the site|your browser)\b",
    r"(?:browser|security|human) (?:check|verification)\b",
    r"ddos[- ]guard",
    r"pardon our interruption",
    r"access (?:to this (?:page|site) )?(?:has been )?denied",
    r"(?:detected |our systems have detected )?unusual traffic",
    r"enable javascript and cookies to continue",
    r"لحظة من فضلك",
    r"تم رفض الوصول",
    r"حركة (?:مرور|بيانات) غير (?:عادية|معتادة)",
    r"(?:التحقق|نتحقق) من (?:أمان|المتصفح|متصفح)",
)
_LOGIN_WORDS = _one_of(
    r"(?:please |you (?:must|need to|have to) )?(?:log|sign)[- ]?(?:in(?:to)?|on)\b",
    r"authori[sz]e\b",
    r"members? (?:login|only|area)\b",
    r"(?:يرجى |الرجاء )?تسجيل الدخول",
    r"(?:يرجى |الرجاء )?(?:سجّ?ل|سجّ?لوا) (?:ال)?دخول",
    r"(?:se connecter|connexion|anmelden|einloggen|iniciar sesi[oó]n|войти|вход|giriş yap|ورود)\b",
)
_CONSENT_WORDS = _one_of(
    r"before you continue\b",
    r"قبل (?:المتابعة|أن تتابع)",
    r"bevor (?:sie|du) (?:fortfahren|zu)",
    r"avant d.acc[ée]der",
    r"antes de (?:ir|continuar)",
    r"(?:we value )?your privacy(?: choices| settings| matters)?$",
    r"(?:cookie|privacy) (?:consent|settings|preferences|choices)\b",
    r"(?:manage |your )?consent\b",
    r"إعدادات (?:الخصوصية|ملفات تعريف الارتباط)",
    r"الموافقة على (?:ملفات|استخدام)",
)
_LOGIN_ADDRESS = _one_of(
    r"https?://(?:login|signin|accounts|sso|idp)\.",
    r"https?://[^?#]*/(?:log-?in|sign-?in|log-?on|authwall|wp-login|oauth2?/authorize)(?:[/.?#]|$)",
)
_CONSENT_ADDRESS = _one_of(
    r"https?://(?:[\w-]+\.)?(?:consent|guce|zustimmung)\.",
    r"https?://[^?#]*/(?:cookie-?|privacy-?)?(?:consent|zustimmung)(?:[/.?#]|$)",
)
_PARTS_OF_TITLE = re.compile(r"\s+[|•·–—/-]\s+|[•|]")
_REFRESH = re.compile(r"\s*\d*\s*[;,]\s*url\s*=\s*['\"]?([^'\"\s]{1,2000})", re.IGNORECASE)

# Where every site may have a form to log in, and what is not shown.
_ASIDE = (
    "ancestor-or-self::*[self::header or self::nav or self::footer or self::aside or self::dialog or @hidden"
    " or @aria-hidden='true' or @role='banner' or @role='navigation' or @role='dialog'"
    " or contains(translate(@style,' ',''),'display:none') or contains(@class,'modal')"
    " or contains(@class,'popup') or contains(@class,'dropdown') or contains(@class,'header')]"
)
_PASSWORD = f"//input[translate(@type,'PASWORD','pasword')='password'][not({_ASIDE})]"
_SHOWN = (
    "//body//text()[not(ancestor::script or ancestor::style or ancestor::noscript or ancestor::template"
    " or ancestor::option)]"
)


def wall_of(tree: HtmlElement, url: str, wanted: str) -> str | None:
    """Return what came instead of `wanted`, where the page is a wall; else None.

    `tree` is the page's, which is left as it is; `url` is the address that answered, after redirects. An
    answer reads "a login page came instead of the feed".
    """
    wall = _wall(tree, url)
    return f"{wall} came instead of {wanted}" if wall else None


def _wall(tree: HtmlElement, url: str) -> str | None:
    leads_to = (url, *_refreshed_to(tree, url))
    if any(_CONSENT_ADDRESS.match(address) for address in leads_to):
        return CONSENT
    shown = one_line(" ".join(str(text) for text in tree.xpath(_SHOWN)))
    if len(shown) > _LONGEST_WALL:
        return None
    headings = _headings(tree)
    return (
        _check(tree, shown, headings)
        or (CONSENT if _begins(_CONSENT_WORDS, headings) and tree.xpath("//button | //form") else None)
        or (LOGIN if _asks_login(tree, shown, headings, leads_to) else None)
    )


def _check(tree: HtmlElement, shown: str, headings: list[str]) -> str | None:
    said = " ".join((*headings, shown if len(shown) <= _SHORT else ""))
    widget = bool(tree.xpath(_WIDGET))
    if _ASKS_HUMAN.search(said) or (widget and (len(shown) <= _BARE or _begins(_CHECKS, headings))):
        # A form for comments has the same widget and words; a wall has no other form, and asks for no text.
        return None if tree.xpath("//textarea[not(contains(@name,'captcha'))]") else CAPTCHA
    checks = _begins(_CHECKS, headings) or (len(shown) <= _SHORT and _CHECKS.match(shown))
    return BOT_CHECK if checks or _MARKS.search(_markup(tree)) else None


def _asks_login(tree: HtmlElement, shown: str, headings: list[str], leads_to: tuple[str, ...]) -> bool:
    signs = (
        bool(tree.xpath(_PASSWORD)),
        _begins(_LOGIN_WORDS, headings),
        any(_LOGIN_ADDRESS.match(address) for address in leads_to),
        len(shown) <= _BARE,
    )
    # Each of them alone is on ordinary pages too; a bare page is any that scripts fill.
    return sum(signs) >= 2


def _begins(words: re.Pattern[str], headings: list[str]) -> bool:
    return any(words.match(heading) for heading in headings)


def _headings(tree: HtmlElement) -> list[str]:
    """Return the title, by its parts (the site's name may stand first), and the first headings."""
    title = one_line(" ".join(str(text) for text in tree.xpath("//head/title[1]//text()")))
    written = [one_line(one.text_content()) for one in tree.xpath("//h1 | //h2")[:_MOST_HEADINGS]]
    found = [title, *_PARTS_OF_TITLE.split(title), *written]
    return [one for one in found if 0 < len(one) <= _LONGEST_HEADING]


def _refreshed_to(tree: HtmlElement, url: str) -> list[str]:
    contents = tree.xpath("//meta[translate(@http-equiv,'REFSH','refsh')='refresh']/@content")
    found = [match[1] for content in contents if (match := _REFRESH.match(str(content)))]
    return [address for one in found if (address := web_url(one, url))]


def _markup(tree: HtmlElement) -> str:
    return str(lxml.html.tostring(tree, encoding="unicode"))[:_MARKUP_JUDGED]
