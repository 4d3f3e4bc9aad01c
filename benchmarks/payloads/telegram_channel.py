"""Recorded pages and messages of public Telegram channels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks.payloads.case import Answer, Asked, Case
from storage.records import Mention

_CONTACT_PAGE = (
    "a contact page: it holds no message, and the visit fails in words; the one of INDEX is the page"
)


def _options(channel: str, base: str) -> dict[str, Any]:
    return {"base_url": base, "channels": [channel]}


def _page(asked: Asked, content: bytes) -> Answer | None:
    first = asked.path.startswith("/s/") and "before" not in asked.query
    return Answer(content, type="text/html; charset=utf-8") if first else None


def _block(asked: Asked, content: bytes) -> Answer | None:
    """Serve a message that was recorded without the page around it."""
    opening = b'<html><body><section class="tgme_channel_history js-message_history">'
    return _page(asked, opening + content + b"</section></body></html>")


def _message(
    number: int,
    written: str,
    opening: str,
    views: int | None = 2,
    channel: str = "tchantest",
    parent: str | None = None,
    **extra: Any,
) -> Callable[[list[Mention]], None]:
    """Return what asserts that the only mention is this one; `extra` must be among its facts."""

    def known(mentions: list[Mention]) -> None:
        (found,) = mentions
        assert found.external_id == f"{channel.casefold()}/{number}"
        assert found.url == f"https://t.me/{channel}/{number}"
        assert found.published_at == datetime.fromisoformat(written).replace(tzinfo=UTC)
        assert found.text.startswith(opening) and bool(found.text) == bool(opening)
        assert found.engagement.views == views
        assert found.parent_id == parent
        assert found.author is not None and found.author.handle == channel
        assert found.extra.items() >= extra.items()

    return known


def _of_message(line: int, known: Callable[[list[Mention]], None], channel: str = "tchantest") -> Case:
    return Case(
        kind="telegram_channel",
        file=f"social/tchan__telegram_message_L{line}.html",
        items=1,
        options=partial(_options, channel),
        answer=_block,
        known=known,
    )


def _channel(mentions: list[Mention]) -> None:
    newest, oldest = mentions
    assert [newest.external_id, oldest.external_id] == ["prstnk_eprst/2", "prstnk_eprst/1"]
    assert newest.published_at == datetime(2026, 5, 30, 22, 25, 8, tzinfo=UTC)
    assert oldest.published_at == datetime(2026, 5, 30, 21, 56, 29, tzinfo=UTC)
    assert newest.text.startswith("Как Штапаков травит цинк в Смольном\nЗашли")
    assert newest.engagement.views == 1 and oldest.engagement.views is None
    assert newest.author is not None and newest.author.name == "PRSTNK - [простенок]"
    assert newest.author.followers == 1
    assert oldest.text == "Channel created" and oldest.extra["service"]


def _post(mentions: list[Mention]) -> None:
    (post,) = mentions
    assert (post.external_id, post.url) == ("chollometro/28542", "https://t.me/chollometro/28542")
    assert post.text.startswith("CHOLLO COMPARTIDO❗️🔥#Amazon\n\n🔹Lámpara de pie")
    assert post.author is not None and post.author.name == "Chollometro"


def _nothing(mentions: list[Mention]) -> None:
    assert mentions == []


_LINK = "https://agenciabrasil.ebc.com.br/justica/noticia/2022-08/operacao-guardioes-do-bioma"

CASES = [
    Case(
        kind="telegram_channel",
        file="social/prstnk__tg_channel.html",
        items=2,
        options=partial(_options, "prstnk_eprst"),
        answer=_page,
        known=_channel,
    ),
    Case(
        kind="telegram_channel",
        file="social/metascraper__telegram_post-full-image.html",
        items=1,
        options=partial(_options, "chollometro"),
        answer=_page,
        known=_post,
    ),
    Case(
        kind="telegram_channel",
        file="social/metascraper__telegram_channel.html",
        items=0,
        options=partial(_options, "unlimitedhangout"),
        answer=_page,
        known=_nothing,
        note=_CONTACT_PAGE,
    ),
    _of_message(59, _message(1, "2023-02-24T07:26:49", "Channel created", None, service=True)),
    _of_message(108, _message(92, "2023-02-24T12:20:19", "tchan's test channel 👍 pinned «Going", None)),
    _of_message(278, _message(82, "2023-02-24T10:15:33", '+ "Channel video changed"', 3_100_000)),
    _of_message(326, _message(2, "2023-02-24T07:28:01", "Channel name was changed to «tchan", None)),
    _of_message(428, _message(62, "2023-02-24T08:01:26", "Bigger\ntext\nmessage\nnumber\n34")),
    _of_message(476, _message(89, "2023-02-24T12:13:31", ";)", forwarded_from="Some user")),
    _of_message(
        576,
        _message(
            24, "2023-02-24T07:48:02", "This is a message with a link\n\nhttps://brasil.io/", edited=True
        ),
    ),
    _of_message(624, _message(94, "2023-02-24T13:47:38", _LINK, 1)),
    _of_message(753, _message(6, "2023-02-24T07:30:39", "Unsigned message")),
    _of_message(802, _message(7, "2023-02-24T07:30:53", "👍")),
    _of_message(912, _message(12, "2023-02-24T07:33:58", "Povo hebreu", media=["document"])),
    _of_message(
        970, _message(20, "2023-02-24T07:38:31", "Reply to a video (not recorded", parent="tchantest/19")
    ),
    _of_message(1112, _message(16, "2023-02-24T07:35:28", "Picture by telegram camera", media=["photo"])),
    _of_message(
        1169,
        _message(
            7334,
            "2022-11-09T22:43:54",
            "_\n\n✍️ CÂMARA APROVA",
            1200,
            channel="CamaradosDeputados",
            edited=True,
        ),
        channel="CamaradosDeputados",
    ),
    _of_message(1314, _message(18, "2023-02-24T07:36:49", "Video by telegram camera", media=["video"])),
    _of_message(1386, _message(19, "2023-02-24T07:38:13", "", media=["video"])),
    _of_message(1533, _message(14, "2023-02-24T07:34:20", "Multiple pics", media=["photo"])),
    _of_message(1609, _message(10, "2023-02-24T07:31:38", "", media=["location"])),
    _of_message(1720, _message(88, "2023-02-24T11:23:40", "", media=["location"])),
    _of_message(1775, _message(13, "2023-02-24T07:34:05", "", media=["voice"])),
]
