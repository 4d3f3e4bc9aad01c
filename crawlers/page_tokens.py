"""Tokens of pages that stay good, made of a service's own, which do not. Pure.

Where a service counts pages by an offset or a session, its token is right only while it is used at once:
an hour later the same offset stands elsewhere. Beside it a mark is kept, the moment or identifier that the
page ended at, so that a later visit asks for what is older than that instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PageToken:
    """How to ask for a page: what lies before `bound`, at the service's `own` place; None: not said."""

    bound: str | None = None
    own: str | None = None


@dataclass(slots=True)
class PageTokens:
    """The tokens given out at one visit."""

    _given: set[str] = field(default_factory=set)

    def give(self, asked: PageToken, mark: str | None, own: str) -> str:
        """Return the token of the page after one that was asked for, ended at `mark`, and named `own`."""
        token = f"{mark or ''} {asked.bound or ''} {own}"
        self._given.add(token)
        return token

    def read(self, token: str | None) -> PageToken:
        """Return how to ask for the page of a token, of this visit or of an earlier one; None: the newest."""
        if token is None:
            return PageToken()
        if token not in self._given:
            return self.anew(token)
        _, bound, own = token.split(" ", 2)
        return PageToken(bound or None, own)

    @staticmethod
    def anew(token: str) -> PageToken:
        """Return how to ask for the page of a token by its mark alone."""
        return PageToken(token.partition(" ")[0] or None)
