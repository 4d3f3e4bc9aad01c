"""What the public preview of a Telegram channel shows, read into items."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.errors import UnreadableError
from crawlers.services.telegram_counts import short_count
from crawlers.services.telegram_messages import post_id, read_channel


def block(number: int, inside: str, *, channel: str = "Acme_News", meta: str = "", kind: str = "") -> str:
    return f"""
      <div class="js-widget_message tgme_widget_message {kind}" data-post="{channel}/{number}">
        <a class="tgme_widget_message_owner_name" href="https://t.me/{channel}"><span>Acme ☕</span></a>
        {inside}
        <div class="tgme_widget_message_footer"><span class="tgme_widget_message_meta">{meta}
          <a class="tgme_widget_message_date" href="https://t.me/{channel}/{number}"><time
            datetime="2026-03-10T1{number % 10}:00:00+03:00" class="time">1{number % 10}:00</time></a></span>
        </div>
      </div>"""


def words(text: str) -> str:
    return f'<div dir="auto" class="js-message_text tgme_widget_message_text">{text}</div>'


def page(*blocks: str, more: str = "", counters: str = "") -> bytes:
    return f"""<html><body><div class="tgme_channel_info"><div class="tgme_channel_info_header_title">Acme
      </div>{counters}</div><section class="tgme_channel_history">{more}{"".join(blocks)}</section>
      </body></html>""".encode()


def counter(value: str, kind: str) -> str:
    return (
        f'<div class="tgme_channel_info_counter"><span class="counter_value">{value}</span>'
        f' <span class="counter_type">{kind}</span></div>'
    )


def read_one(inside: str, **options: str):
    (item,) = read_channel(page(block(5, inside, **options))).items
    return item


def test_messages_come_newest_first_with_their_fields():
    read = read_channel(page(block(4, words("قهوة")), block(5, words("شاي"))))
    newest, oldest = read.items
    assert (newest.external_id, oldest.external_id) == ("acme_news/5", "acme_news/4")
    assert newest.url == "https://t.me/Acme_News/5"
    assert newest.published_at == datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
    assert (newest.author.platform, newest.author.handle, newest.author.name) == (
        "telegram",
        "Acme_News",
        "Acme ☕",
    )
    assert newest.author.profile_url == "https://t.me/Acme_News"


def test_line_breaks_emoji_and_links_of_a_message_stay():
    item = read_one(
        words(
            '<b>قهوة <i class="emoji" style="x"><b>☕</b></i></b><br/><br/>'
            '<tg-emoji emoji-id="1"><i class="emoji"><b>🔥</b></i></tg-emoji> ثانية'
            """<br><a href="https://acme.example" onclick="return confirm('Open?\n\n'+this.href);">"""
            'acme.example</a> <a href="?q=%23a">#عرض</a> &lt;3'
        )
    )
    assert item.text == "قهوة ☕\n\n🔥 ثانية\nacme.example #عرض <3"


def test_nested_text_is_read_once_and_the_quoted_one_not_at_all():
    item = read_one(
        '<a class="tgme_widget_message_reply" href="https://t.me/Acme_News/3">'
        '<div class="tgme_widget_message_text js-message_reply_text">quoted</div>'
        '<span class="tgme_widget_message_author_name">Other</span></a>' + words(words("own"))
    )
    assert item.text == "own"
    assert item.parent_id == "acme_news/3"


@pytest.mark.parametrize(
    ("address", "identity"),
    [
        ("https://t.me/Acme_News/3", "acme_news/3"),
        ("https://t.me/s/Acme_News/3?single", "acme_news/3"),
        ("http://telegram.me/acme_news/03/", "acme_news/3"),
        ("//t.me/acme_news/3", "acme_news/3"),
        ("/acme_news/3", "acme_news/3"),
        ("https://t.me/c/1234/3", None),
        ("https://evil.example/acme_news/3", None),
        ("https://t.me/acme_news", None),
        ("https://t.me/acme_news/٣", None),
        ("http://[", None),
        ("javascript:alert(1)", None),
        ("", None),
        (None, None),
    ],
)
def test_addresses_of_posts_name_them_whatever_their_case(address, identity):
    assert post_id(address) == identity


def test_views_and_reactions_are_counted_and_stars_apart():
    item = read_one(
        words("x") + '<div class="tgme_widget_message_reactions js-message_reactions">'
        '<span class="tgme_reaction tgme_reaction_paid"><i class="icon icon-telegram-stars"></i>50</span>'
        '<span class="tgme_reaction"><i class="emoji" style="x"><b>👍</b></i>1.2K</span>'
        '<span class="tgme_reaction"><tg-emoji emoji-id="1"><b>1️⃣</b></tg-emoji>34</span>'
        '<span class="tgme_reaction"><b>❤</b> <span class="tgme_reaction_count">6</span></span>'
        '</div><span class="tgme_widget_message_views">436.6K</span>'
    )
    assert (item.engagement.likes, item.engagement.views) == (1240, 436_600)
    assert item.extra["stars"] == 50


def test_what_is_not_shown_is_not_known():
    item = read_one(words("x"))
    assert (item.engagement.likes, item.engagement.views, item.author.followers) == (None, None, None)
    assert dict(item.extra) == {}


@pytest.mark.parametrize(
    ("counters", "subscribers"),
    [
        (counter("12.3K", "subscribers") + counter("45", "photos"), 12_300),
        (counter("1", "subscriber"), 1),
        (counter("45", "photos"), None),
        (counter("45", "photos") + counter("٩٫٥ ألف", "مشترك"), 9_500),
        (counter("۲ هزار", "عضو"), 2_000),
        (counter("1,2 тыс.", "подписчиков"), 1_200),
        (counter("4 805", "abonnés"), 4_805),
        (counter("many", "subscribers"), None),
        ("", None),
    ],
)
def test_subscribers_are_followers_of_the_author(counters, subscribers):
    read = read_channel(page(block(5, words("x")), counters=counters))
    assert read.facts["subscribers"] == subscribers
    assert read.items[0].author.followers == subscribers


@pytest.mark.parametrize(
    ("meta", "edited", "signed"),
    [
        ("edited &nbsp;", True, None),
        ("تم التعديل", True, None),
        ('<span class="tgme_widget_message_from_author" dir="auto">Lina</span>, &nbsp;', None, "Lina"),
        ('<span class="tgme_widget_message_from_author">Lina</span>, &nbsp;edited &nbsp;', True, "Lina"),
        ("", None, None),
    ],
)
def test_edits_and_signatures_are_told_apart(meta, edited, signed):
    item = read_one(words("x"), meta=meta)
    assert (item.extra.get("edited"), item.extra.get("signed")) == (edited, signed)


@pytest.mark.parametrize(
    ("inside", "text", "media"),
    [
        ('<a class="tgme_widget_message_photo_wrap grouped_media_wrap"></a>' * 2, "", ["photo"]),
        (
            '<a class="tgme_widget_message_video_player"><time>0:06</time>'
            '<div class="message_media_not_supported_label">This media is not supported</div></a>',
            "",
            ["video"],
        ),
        ('<a class="tgme_widget_message_voice_player"><time>0:01</time></a>' + words("a"), "a", ["voice"]),
        ('<div class="tgme_widget_message_sticker_wrap"><i></i></div>', "", ["sticker"]),
        (
            '<a class="tgme_widget_message_document_wrap"><div class="tgme_widget_message_document_title">'
            "menu.pdf</div></a>",
            "menu.pdf",
            ["document"],
        ),
        (
            '<div class="tgme_widget_message_poll"><div class="tgme_widget_message_poll_question">'
            'أيهما؟</div><div class="tgme_widget_message_poll_option">'
            '<div class="tgme_widget_message_poll_option_percent">40%</div>'
            '<div class="tgme_widget_message_poll_option_text">قهوة</div></div>'
            '<div class="tgme_widget_message_poll_option_text">شاي</div></div>',
            "أيهما؟\n- قهوة\n- شاي",
            ["poll"],
        ),
    ],
)
def test_media_are_named_and_their_own_words_read(inside, text, media):
    item = read_one(inside)
    assert (item.text, item.extra["media"]) == (text, media)


def test_forwarded_service_and_linked_messages_say_so():
    item = read_one(
        '<div class="tgme_widget_message_forwarded_from">Forwarded from&nbsp;'
        '<a class="tgme_widget_message_forwarded_from_name"><span>Some\n user</span></a></div>'
        + words("https://acme.example/a")
        + '<a class="tgme_widget_message_link_preview" href="https://acme.example/a">'
        '<div class="link_preview_title">Coffee\n is back</div></a>',
        kind="service_message",
    )
    assert dict(item.extra) == {
        "forwarded_from": "Some user",
        "service": True,
        "link": "https://acme.example/a",
        "link_title": "Coffee is back",
    }
    assert item.text == "https://acme.example/a"


@pytest.mark.parametrize(
    ("numbers", "more", "before"),
    [
        ((40, 41), '<a class="tme_messages_more js-messages_more" data-before="40"></a>', "40"),
        ((40, 41), '<a class="js-messages_more tme_messages_more" href="/s/acme?before=39"></a>', "39"),
        ((40, 41), '<link rel="prev" href="/s/acme?q=&before=40">', "40"),
        ((40, 41), '<a class="tme_messages_more" data-after="41" href="/s/acme?after=41"></a>', None),
        ((40, 41), '<a class="tme_messages_more" data-before="900"></a>', None),
        ((40, 41), '<a class="tme_messages_more" data-before="٤٠"></a>', None),
        ((40, 41), "", None),
        (tuple(range(40, 60)), "", "40"),
        (tuple(range(1, 21)), "", None),
        ((), '<a class="tme_messages_more" data-before="40"></a>', None),
    ],
)
def test_older_messages_are_before_the_oldest(numbers, more, before):
    assert read_channel(page(*(block(n, words("x")) for n in numbers), more=more)).next == before


def test_an_empty_page_is_the_end_of_a_channel():
    read = read_channel(page())
    assert (read.items, read.next) == ((), None)


def contact(inside: str) -> bytes:
    return f'<html><body><div class="tgme_page">{inside}</div></body></html>'.encode()


TITLE = '<div class="tgme_page_title"><span>Acme</span></div>'


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (contact(TITLE + '<div class="tgme_page_extra">2 805 subscribers</div>'), "preview is off"),
        (contact(TITLE + '<div class="tgme_page_extra">1 234 members, 56 online</div>'), "is a group's"),
        (contact(TITLE + '<div class="tgme_page_extra">@acme_bot</div>'), "a person's or a bot's"),
        (contact(TITLE), "private, restricted, or no channel"),
        (contact('<i class="tgme_icon_user"></i>you can contact @acme right away'), "does not exist"),
        (
            contact(TITLE + '<a class="tgme_action_button_new" href="/s/acme">Preview channel</a>'),
            "contact page came instead",
        ),
        (b"<html><title>Just a moment...</title><body>wait</body></html>", "a bot check"),
        (b"<html><title>Log in</title><body><input type='password'></body></html>", "a login page"),
        (b"<html><title>Buy this domain</title><body>now</body></html>", "'Buy this domain'"),
        (b"<html><body>hello</body></html>", "not the preview page"),
        (b"", "not HTML"),
        (b"\x00\xff\xfe", "."),
        (b'{"ok": true}', "."),
    ],
)
def test_what_is_no_preview_is_said_in_words(body, cause):
    with pytest.raises(UnreadableError, match=cause):
        read_channel(body)


def test_a_page_of_a_single_post_gives_it():
    body = (
        b'<html><head><meta property="og:title" content="Acme">'
        b'<meta property="og:description" content="One\n\ntwo">'
        b'</head><body><script data-telegram-post="Acme/12"></script></body></html>'
    )
    (item,) = read_channel(body).items
    assert (item.external_id, item.text, item.author.name) == ("acme/12", "One\n\ntwo", "Acme")
    assert item.published_at is None


@pytest.mark.parametrize(
    "mark", ["Acme", "Acme/", "/5", "Acme/x", "c/123/5", "Acme/5/6", "a b/5", "Acme/" + "9" * 40, "<b>/5"]
)
def test_a_broken_message_is_left_out_alone(mark):
    read = read_channel(page(block(5, words("x")), f'<div data-post="{mark}">{words("y")}</div>'))
    assert [item.text for item in read.items] == ["x"]


def test_half_a_message_at_the_end_of_a_cut_page_is_left_out():
    whole = page(block(4, words("one")), block(5, words("two words")))
    cut = whole[: whole.index(b"words<")]
    assert [item.external_id for item in read_channel(cut).items] == ["acme_news/4"]


def test_a_message_inside_another_is_none_and_one_given_twice_is_one():
    inner = block(6, words("inner"))
    read = read_channel(page(block(5, words("outer") + inner), block(7, words("b")), block(7, words("b"))))
    assert [item.external_id for item in read.items] == ["acme_news/7", "acme_news/5"]


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("436.6K", 436_600),
        ("3.1M", 3_100_000),
        ("1.2B", 1_200_000_000),
        ("4.85k", 4_850),
        ("2", 2),
        (7, 7),
        ("12 345", 12_345),
        ("12\u202f345 subscribers", 12_345),
        ("12,345,678", 12_345_678),
        ("12.345", 12_345),
        ("٤٣٦٫٦ ألف", 436_600),
        ("۳٫۱ میلیون", 3_100_000),
        ("١٢٬٣٤٥", 12_345),
        ("12 kittens", 12),
        ("1.5", None),
        ("K", None),
        ("", None),
        ("9" * 30, None),
        (True, None),
        (None, None),
        ([1], None),
    ],
)
def test_shortened_counts_are_whole_again(written, count):
    assert short_count(written) == count


@given(st.text(max_size=60))
def test_any_text_is_a_count_or_none(text):
    found = short_count(text)
    assert found is None or found >= 0


@given(st.integers(0, 10**12))
def test_a_count_is_what_was_written(number):
    assert short_count(f"{number:,}") == short_count(f"{number:,}".replace(",", " ")) == number


WHOLE = page(
    block(4, words("قهوة<br>ثانية"), meta="edited"),
    block(5, '<span class="tgme_reaction"><b>x</b>3</span>' + words("b")),
    counters=counter("12.3K", "subscribers"),
)


@given(st.integers(0, len(WHOLE)), st.binary(max_size=8))
def test_a_page_cut_or_damaged_anywhere_is_read_or_refused(at, damage):
    for body in (WHOLE[:at], WHOLE[:at] + damage + WHOLE[at + len(damage) :]):
        try:
            read = read_channel(body)
        except UnreadableError:
            continue
        assert all("/" in item.external_id for item in read.items)
