"""Reviews of apps in Google Play: of one's own by the Android Publisher API, of any by the public page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Annotated, ClassVar
from urllib.parse import quote

from pydantic import AfterValidator, Field

from config.secret import Secret
from crawlers.base import SourceOptions, WebAddress
from crawlers.errors import StatusError
from crawlers.items import Found, Page
from crawlers.reader import SourceReader
from crawlers.services.google_access import TOKEN_URL, Grant, get_with_access
from crawlers.services.google_play_page import CALL, CallRefusedError, call_for, read_play_page
from crawlers.services.google_play_publisher import PER_PAGE, SCOPE, read_publisher_reviews
from crawlers.services.signed_tokens import assertion, service_account
from crawlers.walking import Fetch
from storage.records import MentionKind

_PAGE = "https://play.google.com"
_PUBLISHER = "https://androidpublisher.googleapis.com"
# Reviews are dated when they are written, and shown once they are looked through; answers come later.
_OVERLAP = timedelta(days=1)
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _language(raw: str) -> str:
    return raw.strip().replace("_", "-")


class GooglePlayOptions(SourceOptions):
    """Options of a Google Play source."""

    apps: list[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+){1,20}$")]] = Field(
        min_length=1, description="The apps, each by the package in its address (id=com.example.app)."
    )
    languages: list[
        Annotated[str, AfterValidator(_language), Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")]
    ] = Field(
        default=["ar", "en"],
        min_length=1,
        description="On the public page: the languages whose reviews to read. The API gives all of them.",
    )
    country: str = Field(
        default="sa",
        pattern=r"^[A-Za-z]{2}$",
        description="On the public page: the country, by two letters.",
    )
    service_account: Secret | None = Field(
        default=None,
        description="The key of a service account, the text of its JSON file; for one's own apps only.",
    )
    token_url: WebAddress = Field(default=TOKEN_URL, description="Where Google gives access tokens.")
    base_url: WebAddress | None = Field(
        default=None, description=f"Another server than {_PAGE} or, with a service account, {_PUBLISHER}."
    )


class GooglePlayReader(SourceReader):
    """Reads each app from its newest review back to those known; on the public page in each language.

    With a service account it is the API for developers, which gives the reviews of the last week that have
    a text. Without, it is the call that the store's own page makes, which Google may change at any time.
    """

    kind: ClassVar[str] = "google_play"
    Options: ClassVar[type[SourceOptions]] = GooglePlayOptions
    summary: ClassVar[str] = "Reviews of apps in Google Play, with the developer's answers."
    secrets_help: ClassVar[str] = (
        "service_account (only for one's own apps): Google Cloud console, IAM, Service accounts, Keys, JSON; "
        "then Play Console, Users and permissions, invite it with the permission Reply to reviews."
    )
    terms: ClassVar[str] = (
        "With a service account, the Google Play Developer API's terms: your own apps, 200 requests an hour. "
        "The public page is made for people; Google's terms forbid automated reading against its robots.txt."
    )
    beta: ClassVar[str | None] = (
        "the public page's call is documented nowhere and breaks when Google changes it: built on an answer "
        "of 2021-01, its shape compared with that of 2026-09; the API by its documentation"
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.REVIEW

    async def read(self) -> AsyncIterator[Found]:
        """Yield the reviews of every app, on the public page in every language."""
        apps: list[str] = list(dict.fromkeys(self.options.apps))
        if self.options.service_account is not None:
            streams: dict[str, Fetch] = {app: partial(self._publisher_page, app) for app in apps}
        else:
            pairs = [(app, language) for app in apps for language in dict.fromkeys(self.options.languages)]
            streams = {f"{app} {language}": partial(self._page, app, language) for app, language in pairs}
        async for found in self.walks(streams, overlap=_OVERLAP):
            yield found

    async def _page(self, app: str, language: str, token: str | None) -> Page:
        answer = await self.post(
            f"{(self.options.base_url or _PAGE).rstrip('/')}/_/PlayStoreUi/data/batchexecute",
            params={"rpcids": CALL, "hl": language, "gl": self.options.country.upper()},
            form={"f.req": call_for(app, token)},
        )
        try:
            return await self.parse_apart(read_play_page, answer.body, app, language)
        except CallRefusedError as error:
            # The refusal comes with status 200; as 400 it is told from a page that has changed.
            raise StatusError(str(error), answer.replace(status=400)) from None

    async def _publisher_page(self, app: str, token: str | None) -> Page:
        base = (self.options.base_url or _PUBLISHER).rstrip("/")
        answer = await get_with_access(
            self,
            Grant(self.options.token_url, self._grant),
            f"{base}/androidpublisher/v3/applications/{quote(app, safe='')}/reviews",
            {"maxResults": PER_PAGE, "token": token},
        )
        return await self.parse_apart(read_publisher_reviews, answer.body, app)

    def _grant(self) -> Mapping[str, str]:
        account = service_account(self.options.service_account.reveal())
        return {"grant_type": _JWT_BEARER, "assertion": assertion(account, SCOPE, self.clock())}
