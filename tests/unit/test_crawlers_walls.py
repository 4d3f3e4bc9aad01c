"""Walls are told from the pages that they stand before, and from pages that only resemble them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.article import read_article
from crawlers.errors import CrawlError, WallError
from crawlers.feeds import read_feed
from crawlers.markup import read_reviews
from crawlers.pages import decoded, tree_of
from crawlers.sitemaps import read_sitemap
from crawlers.walls import BOT_CHECK, CAPTCHA, CONSENT, LOGIN, wall_of
from tests.corpus.expectations import specimens

URL = "https://shop.example/reviews"
FORM = "<form action='/in'><input name=u><input type=Password name=p><button>Go</button></form>"
STORY = "<p>" + "The ministry said on Monday that the new portal is open to all. " * 40 + "</p>"


def page(title: str, body: str = "", head: str = "") -> str:
    return f"<!doctype html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


def wall(markup: str, url: str = URL) -> str | None:
    found = wall_of(tree_of(markup), url, "the feed")
    return found and found.removesuffix(" came instead of the feed")


@pytest.mark.parametrize(
    ("markup", "url", "expected"),
    [
        (page("Sign in", FORM), URL, LOGIN),
        (page("Shop | Log in", "<div id=root></div>"), "https://shop.example/accounts/login/?next=x", LOGIN),
        (page("Log into Facepage", "<p>" + "Menu " * 100 + "</p>" + FORM), URL, LOGIN),
        (page("تسجيل الدخول - المتجر", FORM), URL, LOGIN),
        (page("المتجر", "<h1>سجّل الدخول</h1>" + FORM), URL, LOGIN),
        (page("Shop", FORM), URL, LOGIN),
        (page("", "", "<meta http-equiv=Refresh content='0; URL=/login?next=a'>"), URL, LOGIN),
        (page("Войти", FORM), URL, LOGIN),
        (page("Before you continue", "<form><button>Accept all</button></form>"), URL, CONSENT),
        (page("قبل المتابعة إلى الموقع", "<form><button>قبول الكل</button></form>"), URL, CONSENT),
        (page("Yes?", STORY), "https://consent.site.example/m?continue=x", CONSENT),
        (page("Shop", "<div class='g-recaptcha' data-sitekey=a></div>"), URL, CAPTCHA),
        (page("Are you a robot?", "<p>Please type the letters.</p>"), URL, CAPTCHA),
        (page("Shop", "<p>Please confirm that you are human.</p>"), URL, CAPTCHA),
        (page("المتجر", "<p>يرجى تأكيد أنك لست روبوتًا</p>"), URL, CAPTCHA),
        (page("Just a moment...", "<noscript>Enable JavaScript</noscript>"), URL, BOT_CHECK),
        (page("", "<script>window._cf_chl_opt={cvId:'3'}</script>"), URL, BOT_CHECK),
        (page("shop.example | Access denied", "<p>You have no permission.</p>"), URL, BOT_CHECK),
        (page("لحظة من فضلك", "<p>جارٍ التحقق</p>"), URL, BOT_CHECK),
        (page("", "<iframe>x</iframe>Request failed. Incapsula incident ID: 7-1"), URL, BOT_CHECK),
    ],
)
def test_a_wall_is_named(markup: str, url: str, expected: str) -> None:
    assert wall(markup, url) == expected


@pytest.mark.parametrize(
    "markup",
    [
        page("Sign in with your eyes: a review", STORY),
        page("Log in to the portal: how it works", "<p>The steps are told here, one after another.</p>" * 8),
        page("How to solve a captcha", STORY),
        page("Shop", f"<header>{FORM}</header><p>No reviews yet.</p>"),
        page("Shop", f"<div class='login-modal' style='display: none'>{FORM}</div><p>No reviews yet.</p>"),
        page("Shop", "<p>No reviews yet.</p>" + FORM.replace("Password", "search")),
        page("Shop", "<div id=root></div><script src='https://x.example/recaptcha/api.js'></script>"),
        page("Write to us", "<form><textarea name=t></textarea><div class=g-recaptcha></div></form>"),
        page("Cookie settings of browsers, explained", "<p>They differ.</p>"),
        page("مكنسة روبوت", "<p>لا مراجعات بعد.</p>"),
        page("A moment of joy", "<p>No reviews yet; the access was never denied.</p>"),
        "<p>hello</p>",
    ],
)
def test_an_ordinary_page_without_what_was_looked_for_is_none(markup: str) -> None:
    assert wall(markup) is None


def test_each_reader_says_what_came_instead() -> None:
    login = page("Sign in", FORM).encode()
    with pytest.raises(WallError, match=r"^a login page came instead of the feed$"):
        read_feed(login, URL, None, None)
    with pytest.raises(WallError, match=r"^a login page came instead of the article$"):
        read_article(login, URL, None)
    with pytest.raises(WallError, match=r"^a login page came instead of the sitemap$"):
        read_sitemap(login, URL)
    assert read_reviews(login, URL, None).wall == "a login page came instead of the reviews"


def test_a_page_with_reviews_or_a_rating_has_no_wall() -> None:
    rating = '<script type=\'application/ld+json\'>{"@type": "AggregateRating", "ratingValue": 4}</script>'
    assert read_reviews(page("Sign in", FORM).encode(), URL, None).wall is not None
    assert read_reviews(page("Sign in", FORM + rating).encode(), URL, None).wall is None


def test_what_a_wall_says_of_itself_is_no_article_and_a_short_story_is_one() -> None:
    words = (
        "<main><p>We check your browser before you may read this site. It is done by itself.</p></main>" * 2
    )
    with pytest.raises(WallError):
        read_article(page("Just a moment...", words).encode(), URL, None)
    assert read_article(page("The new portal", words).encode(), URL, None).text


def test_no_page_of_the_corpus_but_the_login_pages_is_a_wall() -> None:
    found = set()
    for one in specimens():
        try:
            tree = tree_of(decoded(one.body, None))
        except CrawlError:
            continue
        if wall_of(tree, URL, "it"):
            found.add(Path(one.name).stem)
    assert found == {"login-page", "login-wall"}


@given(st.text(max_size=300), st.text(max_size=100))
def test_any_page_gets_an_answer(body: str, url: str) -> None:
    markup = decoded(page(body, body).encode("utf-8", "replace"), None)
    assert wall(markup, url) in (None, LOGIN, CAPTCHA, CONSENT, BOT_CHECK)
