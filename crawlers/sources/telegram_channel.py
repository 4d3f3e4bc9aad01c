"""Public channels on Telegram, from the preview that Telegram shows without an account."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from crawlers.base import SourceOptions, WebAddress, header
from crawlers.items import Found, Page
from crawlers.reader import SourceReader
from crawlers.services.telegram_messages import read_channel
from storage.records import MentionKind

_LINK = re.compile(r"(?:https?://)?(?:www\.)?(?:t|telegram)\.me/(?:s/)?([^/?#]+)/?(?:[?#].*)?", re.IGNORECASE)


def _channel(raw: str) -> str:
    link = _LINK.fullmatch(raw.strip())
    written = (link[1] if link else raw.strip()).removeprefix("@")
    if written.startswith("+") or written.casefold() == "joinchat":
        raise ValueError("an invitation leads to a private channel, which has no public preview")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{2,63}", written):
        raise ValueError(
            "write a channel's name, such as @telegram, or its address, such as https://t.me/telegram"
        )
    return written.casefold()


class TelegramChannelOptions(SourceOptions):
    """Options of a source of Telegram channels."""

    base_url: WebAddress = Field(default="https://t.me", description="Where the previews are.")
    channels: list[Annotated[str, AfterValidator(_channel)]] = Field(
        min_length=1, max_length=500, description="The public channels to follow, with or without @."
    )


class TelegramChannelReader(SourceReader):
    """Reads each channel from its newest message back; a page holds some twenty."""

    kind: ClassVar[str] = "telegram_channel"
    Options: ClassVar[type[SourceOptions]] = TelegramChannelOptions
    summary: ClassVar[str] = "Messages of public Telegram channels, with views, reactions and subscribers."
    terms: ClassVar[str] = (
        "Only what Telegram shows to everybody, without an account. Telegram's terms forbid using it for spam"
        " and for training models; copyright stays with the channel."
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.POST
    beta: ClassVar[str | None] = (
        "built on preview pages of 2023-02 and 2026-05; the page has no specification and may change"
    )

    async def read(self) -> AsyncIterator[Found]:
        """Yield the messages of every channel."""
        channels = dict.fromkeys(self.options.channels)
        async for found in self.walks({name: partial(self._page, name) for name in channels}):
            yield found

    async def _page(self, channel: str, before: str | None) -> Page:
        base = self.options.base_url.rstrip("/")
        answer = await self.get(f"{base}/s/{channel}", params={"before": before})
        return await self.parse_apart(read_channel, answer.body, header(answer, "Content-Type"))
