"""What an alert says, in both languages: the order, the plurals, the directions, and what is left out."""

from __future__ import annotations

import string
from typing import Any

import pytest

from alerts.render import escaping
from alerts.render.alert import compose
from alerts.render.mail import mail_alert
from alerts.render.phrases import counted, once_in, text_direction
from alerts.render.slack import slack_alert, sparkline
from alerts.render.wording import COUNTS, SENTENCES
from demo.preview import page

SPIKE: dict[str, Any] = {
    "type": "alert",
    "change": "firing",
    "alert_id": 12,
    "rule": "angry customers",
    "kind": "negative_spike",
    "brand": "Lawzy",
    "severity": "high",
    "timezone": "Asia/Riyadh",
    "window": {"start": "2026-11-23T06:00:00+00:00", "end": "2026-11-23T09:00:00+00:00"},
    "observed": 41,
    "expected": 6.2,
    "facts": {"hours": 3, "once_in_days": 61, "negative_share": 0.72, "usual_share": 0.2},
    "drivers": [
        {"type": "word", "text": "الدفع", "count": 14, "usual": 0.5},
        {"type": "source", "text": "forum", "count": 12, "usual": 2.4},
    ],
    "series": [[f"2026-11-23T{hour:02}:00:00+00:00", hour, 2.0] for hour in range(10)],
    "posts": [
        {
            "text": "الدفع واقف من أمس",
            "author": "نورة",
            "handle": "noura",
            "platform": "mastodon",
            "followers": 18_234,
            "url": "https://social.example/@noura/1?a=1&b=2",
            "language": "ar",
            "published_at": "2026-11-23T07:12:00+00:00",
        },
        {"text": "Charged twice", "author": "Sam", "rating": 1, "rating_scale": 5, "language": "en"},
    ],
    "evidence_count": 41,
}


def bare(text: str) -> str:
    """Leave out the marks that only direct the writing."""
    return "".join(char for char in text if char not in "\u2066\u2067\u2068\u2069\u200e\u200f")


def test_the_distance_from_normal_reads_as_a_person_would_say_it() -> None:
    assert compose(SPIKE, "en").distance[0] == (
        "41 negative mentions in 3 hours, 6 expected; so far from normal about once in two months."
    )
    assert compose(SPIKE, "ar").distance[0] == (
        "41 إشارة سلبية خلال 3 ساعات، والمتوقع 6؛ "
        "ولا يحدث مثل ذلك في الأحوال المعتادة إلا مرة كل شهرين تقريبًا."
    )


@pytest.mark.parametrize(
    ("count", "english", "arabic"),
    [
        (0, "0 negative mentions", "لا إشارات سلبية"),
        (1, "1 negative mention", "إشارة سلبية واحدة"),
        (2, "2 negative mentions", "إشارتان سلبيتان"),
        (3, "3 negative mentions", "3 إشارات سلبية"),
        (11, "11 negative mentions", "11 إشارة سلبية"),
        (100, "100 negative mentions", "100 إشارة سلبية"),
        (103, "103 negative mentions", "103 إشارات سلبية"),
    ],
)
def test_counts_take_the_form_that_the_language_asks_for(count: int, english: str, arabic: str) -> None:
    assert counted("en", "negative_mentions", count) == english
    assert counted("ar", "negative_mentions", count) == arabic


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, "شخص واحد"), (2, "شخصان"), (3, "3 أشخاص"), (11, "11 شخصًا"), (100, "100 شخص"), (102, "102 شخص")],
)
def test_an_arabic_noun_after_eleven_is_accusative_and_after_a_hundred_is_not(
    count: int, expected: str
) -> None:
    assert counted("ar", "followers", count) == expected


@pytest.mark.parametrize(
    ("days", "english", "arabic"),
    [
        (0.2, "once a day", "مرة كل يوم"),
        (3, "once in three days", "مرة كل 3 أيام"),
        (14, "once in two weeks", "مرة كل أسبوعين"),
        (61, "once in two months", "مرة كل شهرين"),
        (340, "once in 11 months", "مرة كل 11 شهرًا"),
        (800, "once in two years", "مرة كل سنتين"),
        (9999, None, None),
    ],
)
def test_rarity_is_told_in_its_largest_unit(days: float, english: str | None, arabic: str | None) -> None:
    assert (once_in("en", days), once_in("ar", days)) == (english, arabic)


def test_both_languages_have_every_sentence_with_the_same_parts() -> None:
    assert SENTENCES["en"].keys() == SENTENCES["ar"].keys()
    assert COUNTS["en"].keys() == COUNTS["ar"].keys()
    for language in ("en", "ar"):
        for kind in ("negative_spike", "influencer_post", "rating_drop", "competitor_post", "other"):
            assert {f"{kind}.{change}" for change in ("firing", "update", "resolved")} <= SENTENCES[
                language
            ].keys()
    parts = {name for _, name, _, _ in string.Formatter().parse(SENTENCES["ar"]["rarely"]) if name}
    assert parts == {"distance", "once"}


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("change", ["firing", "update", "resolved"])
@pytest.mark.parametrize(
    "kind", ["negative_spike", "influencer_post", "rating_drop", "competitor_post", "new_kind"]
)
def test_every_rule_and_change_names_the_brand_and_leaves_no_placeholder(
    kind: str, change: str, language: str
) -> None:
    facts = {"followers": 180_000, "platform": "mastodon", "sentiment": "negative", "mean_before": 4.4}
    facts |= {"mean_after": 3.1, "count_before": 180, "count_after": 24, "title": "Offer", "hours": 3}
    facts |= {"calm_hours": 6, "calm_observed": 2, "calm_expected": 3.1}
    payload = SPIKE | {"kind": kind, "change": change, "facts": facts}
    message = compose(payload, language)
    assert "Lawzy" in message.headline
    said = " ".join([message.headline, *message.distance, message.since or "", *message.footer])
    assert "{" not in said
    assert "None" not in said
    assert message.distance


def test_a_resolved_alert_does_not_say_how_rare_the_present_is() -> None:
    calm = SPIKE["facts"] | {"calm_hours": 6, "calm_observed": 4, "calm_expected": 2.9}
    message = compose(SPIKE | {"change": "resolved", "facts": calm}, "en")
    assert message.distance == ("4 negative mentions in the last 6 hours, 3 expected.",)
    arabic = compose(SPIKE | {"change": "resolved", "facts": calm | {"calm_hours": 1}}, "ar")
    assert arabic.distance == ("4 إشارات سلبية خلال آخر ساعة، والمتوقع 3.",)


@pytest.mark.parametrize(
    ("kind", "change", "end", "english", "arabic"),
    [
        (
            "negative_spike",
            "firing",
            "09:00",
            "Since Mon, Nov 23, 9:00 AM",
            "منذ يوم الاثنين، 23 نوفمبر، 9:00 ص",
        ),
        (
            "negative_spike",
            "resolved",
            "09:00",
            "From Mon, Nov 23, 9:00 AM to 12:00 PM",
            "من يوم الاثنين، 23 نوفمبر، 9:00 ص إلى الساعة 12:00 م",
        ),
        (
            "rating_drop",
            "resolved",
            "22:00",
            "From Mon, Nov 23, 9:00 AM to Tue, Nov 24, 1:00 AM",
            "من يوم الاثنين، 23 نوفمبر، 9:00 ص إلى يوم الثلاثاء، 24 نوفمبر، 1:00 ص",
        ),
        ("influencer_post", "firing", "06:00", "Mon, Nov 23, 9:00 AM", "يوم الاثنين، 23 نوفمبر، 9:00 ص"),
    ],
)
def test_what_goes_on_has_a_beginning_what_is_over_an_end_and_a_post_a_moment(
    kind: str, change: str, end: str, english: str, arabic: str
) -> None:
    window = SPIKE["window"] | {"end": f"2026-11-23T{end}:00+00:00"}
    payload = SPIKE | {"kind": kind, "change": change, "window": window}
    said = [(compose(payload, language).since or "").replace("\u00a0", " ") for language in ("en", "ar")]
    assert said == [f"{english} (Saudi Arabia Time)", f"{arabic} (توقيت المملكة العربية السعودية)"]


def test_each_language_calls_the_brand_what_its_readers_do() -> None:
    payload = SPIKE | {"names": {"Lawzy": {"ar": "لوزي"}, "Other": {"en": "x"}}}
    assert bare(compose(payload, "ar").headline) == "ارتفاع غير معتاد في الإشارات السلبية إلى لوزي"
    assert bare(compose(payload, "en").headline) == "Unusual rise in negative mentions of Lawzy"


@pytest.mark.parametrize(
    "names", [None, "x", {}, {"Lawzy": None}, {"Lawzy": {"ar": 3}}, {"Lawzy": {"ar": ""}}]
)
def test_a_message_without_names_for_a_brand_shows_the_configured_one(names: object) -> None:
    assert "Lawzy" in compose(SPIKE | {"names": names}, "ar").headline


def test_the_mail_says_things_in_the_order_in_which_people_ask() -> None:
    text = bare(mail_alert(SPIKE, "en").text)
    order = [
        "Unusual rise in negative mentions of Lawzy",
        "41 negative mentions",
        "Why",
        "What people say",
        "18,234 followers",
        "https://social.example/@noura/1?a=1&b=2",
        "Since Mon, Nov 23",
        "Severity: high",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_the_arabic_mail_runs_from_right_to_left_and_posts_in_their_own_direction() -> None:
    html = mail_alert(SPIKE, "ar").html
    assert '<html lang="ar" dir="rtl">' in html
    assert "direction: rtl" in html
    assert 'dir="ltr" lang="en"' in html.replace('lang="en" dir="ltr"', 'dir="ltr" lang="en"')
    assert "https://social.example/@noura/1?a=1&amp;b=2" in html


def test_a_mail_loads_nothing_from_elsewhere_and_its_picture_has_words() -> None:
    mail = mail_alert(SPIKE, "en")
    assert mail.images["chart"].startswith(b"\x89PNG")
    assert 'src="cid:chart"' in mail.html
    assert 'alt="Negative mentions per hour' in mail.html
    assert mail.html.count("src=") == 1
    assert "prefers-color-scheme: dark" in mail.html
    assert "&#39;" not in mail.html
    assert not mail_alert(SPIKE | {"series": []}, "en").images


def test_slack_shows_the_original_text_escaped_and_three_posts_at_most() -> None:
    payload = SPIKE | {"posts": [{"text": "<!channel> a & b", "author": "<@U1>"}] * 9}
    blocks = slack_alert(payload, "en")["blocks"]
    texts = [block["text"]["text"] for block in blocks if block["type"] == "section"]
    posts = [text for text in texts if "&lt;!channel&gt; a &amp; b" in text]
    assert len(posts) == 3
    assert "<!channel>" not in str(blocks)
    assert "<@U1>" not in str(blocks)


def test_a_picture_of_a_slack_message_shows_strangers_text_as_text() -> None:
    payload = SPIKE | {
        "posts": [{"text": "<script>x</script> *b* `c`", "author": "A", "url": "https://a.example/"}]
    }
    html = page(slack_alert(payload, "ar"))
    assert '<html dir="rtl">' in html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert '<a href="https://a.example/">' in html


def test_a_sparkline_keeps_the_newest_value_last_and_no_more_bars_than_fit() -> None:
    assert sparkline([0, 0, 8]) == "▁▁█"
    assert sparkline([]) == sparkline([0, 0]) == ""
    assert len(sparkline(list(range(1, 97)))) == 48


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("ar", "Lawzy ممتاز", "rtl"),
        ("en", "ممتاز Lawzy", "ltr"),
        ("ar-Latn", "ya gama3a", "ltr"),
        ("und", "😡 !! مرحبا", "rtl"),
        (None, "12 ok", "ltr"),
    ],
)
def test_a_post_has_the_direction_of_its_language(language: str | None, text: str, expected: str) -> None:
    assert text_direction(language, text) == expected


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://a.example",
        "https://",
        "//a",
        "https://a@b.example",
        "https://a\u202e.example",
        "",
        None,
    ],
)
def test_an_address_that_is_none_to_link_to_is_no_link(url: str | None) -> None:
    assert escaping.safe_link(url) is None
    assert escaping.safe_link("https://a.example/x|y>z") == "https://a.example/x%7Cy%3Ez"
