"""Asking Google's APIs with an access token, which a secret of the source's configuration is traded for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scrapy.http import Response

from crawlers.errors import CrawlError, StatusError
from crawlers.reader import Params, SourceReader
from crawlers.services.signed_tokens import AccessToken, read_access_token, refusal_of

TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105
_HELD = "access token"
_REFUSALS = {
    "invalid_grant": "the secret has run out, was revoked, or this machine's clock is wrong",
    "invalid_client": "client_id and client_secret do not belong together",
    "unauthorized_client": "the account may not do this; see its permissions",
    "invalid_scope": "the account may not do this; see its permissions",
    "access_denied": "the account may not do this; see its permissions",
}


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token is given for at `url`; `form` returns the fields to send, secrets among them."""

    url: str
    form: Callable[[], Mapping[str, str]]


async def get_with_access(reader: SourceReader, grant: Grant, url: str, params: Params) -> Response:
    """Return the answer to a GET request with an access token, as `SourceReader.get` does.

    The token is held in the reader's memory as long as it serves. One that the API takes no longer, since it
    was revoked or the secret is another now, is got anew once.

    Raises:
        CrawlError: no token was given; the message says why. StatusError: the API refused the request.
    """
    held = reader.memory.get(_HELD)
    if isinstance(held, AccessToken) and held.serves(reader.clock()):
        try:
            return await _get(reader, held, url, params)
        except StatusError as error:
            if error.status != 401:
                raise
            del reader.memory[_HELD]
    token = await _granted(reader, grant)
    reader.memory[_HELD] = token
    return await _get(reader, token, url, params)


async def _get(reader: SourceReader, token: AccessToken, url: str, params: Params) -> Response:
    return await reader.get(url, params=params, secret_headers={"Authorization": f"Bearer {token.value}"})


async def _granted(reader: SourceReader, grant: Grant) -> AccessToken:
    try:
        answer = await reader.post(grant.url, form=grant.form())
    except StatusError as error:
        # Not passed on as it is: it is not the list of reviews that was refused.
        why = _REFUSALS.get(refusal_of(error.response.body) or "", str(error))
        raise CrawlError(f"Google gave no access token: {why}") from None
    return read_access_token(answer.body, reader.clock())
