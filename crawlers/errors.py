"""What can go wrong at a source, one type for each thing a caller can do about it.

The message of every error here is the cause in plain words, fit to be shown to a person.
"""

from __future__ import annotations


class CrawlError(Exception):
    """A visit to a source failed for the reason that the message gives."""


class UnreadableError(CrawlError):
    """What the source sent is not what its kind promises: a page instead of a feed, broken markup."""


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
