"""What can go wrong at a source, one type for each thing a caller can do about it.

The message of every error here is the cause in plain words, fit to be shown to a person.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy.http import Response


class CrawlError(Exception):
    """A visit to a source failed for the reason that the message gives."""


class NoAnswerError(CrawlError):
    """No usable answer came: the connection failed, or it took too long."""


class StatusError(CrawlError):
    """The server answered with a status that brings no content. `response` is its whole answer."""

    def __init__(self, message: str, response: Response) -> None:
        super().__init__(message)
        self.response = response
        self.status = response.status


class PostponedError(CrawlError):
    """A request may not be made before `until`. It ends a visit without failing it."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class HostRestsError(PostponedError):
    """The host asked not to be asked for a while; what one source was told holds for all on that host."""

    def __init__(self, host: str, until: datetime) -> None:
        super().__init__(f"{host} asked us to wait", until)


class BudgetSpentError(PostponedError):
    """The requests that the configuration allows in a day are spent."""

    def __init__(self, until: datetime) -> None:
        super().__init__("the day's requests are spent", until)


class UnreadableError(CrawlError):
    """What the source sent is not what its kind promises: a page instead of a feed, broken markup."""


class WallError(UnreadableError):
    """A login, a consent page, a captcha or a bot check came instead: later it may be there after all."""


class AddressRefusedError(CrawlError):
    """The address may not be reached: it is private, reserved or of no known form."""


class BodyTooBigError(CrawlError):
    """A body, once decompressed, is larger than the limit."""


class BodyBrokenError(CrawlError):
    """A body ends early or cannot be decompressed."""


class ParsingError(CrawlError):
    """The child that parses strangers' bytes gave no result."""


class ParsingTimeoutError(ParsingError):
    """Parsing took longer than the limit and its process was killed."""


class ParsingMemoryError(ParsingError):
    """Parsing needed more memory than the limit."""


class ParserCrashError(ParsingError):
    """The process that parsed died, or the parser raised something unforeseen."""
