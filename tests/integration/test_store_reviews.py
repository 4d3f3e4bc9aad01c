"""The kinds that read reviews of apps and places, visited for real: tokens, keys, empty pages, refusals."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import select

from benchmarks.payloads.case import Answer
from benchmarks.payloads.run import settings_with
from benchmarks.payloads.service import Service
from crawlers.collect import collect
from storage.engine import migrate, open_engine
from storage.records import FetchStatus
from storage.tables import mentions, metadata
from tests.contract.worlds import app_store, google_places, google_play

_NOW = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture
def visit(tmp_path, clock, run, monkeypatch):
    """`visit(respond, kind=…, **options)` visits once; `{base}` in an option is the service's address."""
    from crawlers.downloads import shared_settings

    monkeypatch.setattr(
        "crawlers.downloads.shared_settings", lambda s: {**shared_settings(s), "AUTOTHROTTLE_ENABLED": False}
    )
    monkeypatch.setattr("crawlers.reader._memories", {})
    clock.now = _NOW
    engine = open_engine("sqlite:///reviews.db", tmp_path)
    migrate(engine)

    def visited(respond, **options):
        clock.advance(minutes=5)
        with Service(respond) as service:
            entry = {
                name: value.format(base=service.url) if isinstance(value, str) else value
                for name, value in options.items()
            }
            (event,) = run(lambda: collect(engine, settings_with({"name": "it", **entry}), clock, force=True))
        visited.asked = service.asked
        return event

    visited.engine = engine
    yield visited
    engine.dispose()


def _stored(visit, *columns):
    with visit.engine.connect() as connection:
        rows = connection.execute(select(*columns).order_by(mentions.c.id))
        return [tuple(row) for row in rows]


def _numbers(visit):
    return {int(text.split("item ")[1].rstrip(".")) for (text,) in _stored(visit, mentions.c.text)}


def _whole_database(visit):
    with visit.engine.connect() as connection:
        return "\n".join(
            str(tuple(row)) for table in metadata.sorted_tables for row in connection.execute(select(table))
        )


_FEED = {"kind": "app_store", "base_url": "{base}", "apps": [42], "countries": ["sa"]}


def test_an_empty_page_of_the_app_store_is_asked_for_again(visit):
    items, given = range(120, 0, -1), []

    def at_times_empty(asked):
        given.append(asked.path)
        whole = app_store._answer(asked, items)
        if given.count(asked.path) > 1:
            return whole
        feed = json.loads(whole.body)
        del feed["feed"]["entry"]
        return Answer(json.dumps(feed).encode())

    event = visit(at_times_empty, **_FEED)
    assert event.error is None
    assert _numbers(visit) == set(items)


def test_a_page_that_stays_empty_fails_in_words_and_is_read_by_the_next_visit(visit):
    items = range(120, 0, -1)

    def second_is_empty(asked):
        if "page=2" in asked.path:
            return Answer(app_store._answer(asked, items).body.replace(b'"entry"', b'"other"'))
        return app_store._answer(asked, items)

    event = visit(second_is_empty, **_FEED)
    assert event.status is FetchStatus.FAILED
    assert "page 2 of 3 without reviews" in event.error
    assert len(_numbers(visit)) == 50
    assert visit(lambda asked: app_store._answer(asked, items), **_FEED).error is None
    assert _numbers(visit) == set(items)


def test_an_edited_review_is_a_revision(visit):
    def respond(words):
        def answer(asked):
            body = app_store._answer(asked, [1]).body
            return Answer(body.replace(b"This is", words))

        return answer

    visit(respond(b"This is"), **_FEED)
    event = visit(respond(b"Now it is"), **_FEED)
    assert (event.items_new, event.items_revised) == (0, 1)
    assert _stored(visit, mentions.c.text, mentions.c.revision) == [("Now it is item 1.", 2)]


def _connect(asked):
    review = {
        "type": "customerReviews",
        "attributes": {"rating": 3, "body": "Fine", "createdDate": "2026-11-01T00:00:00Z"},
    }
    reviews = [
        {**review, "id": f"{land}-1", "attributes": {**review["attributes"], "territory": land}}
        for land in ("SAU", "USA")
    ]
    right = asked.path == "/v1/apps/42/customerReviews" and asked.query["sort"] == "-createdDate"
    return Answer(json.dumps({"data": reviews, "links": {}}).encode()) if right else None


def test_a_key_of_app_store_connect_is_shown_as_a_token_and_kept_nowhere(visit, monkeypatch, caplog):
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    monkeypatch.setenv("P8", pem)
    connected = {"key_id": "K1", "issuer_id": "me", "private_key": {"env": "P8"}, "countries": ["SA"]}
    with caplog.at_level(logging.DEBUG):
        event = visit(_connect, **{**_FEED, **connected})
    assert event.error is None
    assert [found for (found,) in _stored(visit, mentions.c.external_id)] == ["SAU-1"]
    token = visit.asked[0].headers["authorization"].removeprefix("Bearer ")
    assert token.count(".") == 2
    for secret in (pem, pem.splitlines()[1], token):
        assert secret not in caplog.text and secret not in _whole_database(visit)


_PAGE = {"kind": "google_play", "base_url": "{base}", "apps": ["com.acme.app"], "languages": ["ar"]}


def _play(reviews, token):
    rows = [
        [f"id-{n}", ["منى"], 4, None, f"This is item {n}.", [int(_NOW.timestamp()) + 60 * n, 0]]
        for n in reviews
    ]
    inner = json.dumps([rows, [None, token]])
    return Answer(
        b")]}'\n\n" + json.dumps([["wrb.fr", "UsvDTd", inner, None, None, None, "generic"]]).encode()
    )


def test_google_plays_page_is_read_page_after_page(visit):
    def respond(asked):
        call = parse_qs(asked.body.decode())["f.req"][0]
        return _play([1, 2], None) if "NEXT" in call else _play([4, 3], "NEXT")

    event = visit(respond, **_PAGE, country="ae")
    assert event.error is None
    assert _numbers(visit) == {1, 2, 3, 4}
    first = visit.asked[0]
    assert (first.method, first.path) == ("POST", "/_/PlayStoreUi/data/batchexecute")
    assert dict(first.query) == {"rpcids": "UsvDTd", "hl": "ar", "gl": "AE"}


def test_a_token_that_google_play_refuses_begins_again_and_fails_nothing(visit):
    refused = Answer(b')]}\'\n\n[["wrb.fr","UsvDTd",null,null,null,[3],"generic"]]')

    def respond(asked):
        call = parse_qs(asked.body.decode())["f.req"][0]
        return refused if "NEXT" in call else _play([4, 3], "NEXT")

    event = visit(respond, **_PAGE, pages=3)
    assert event.error is None
    assert _numbers(visit) == {3, 4}
    assert visit(lambda asked: refused, **_PAGE).status is FetchStatus.FAILED


def test_one_language_that_cannot_be_read_does_not_keep_the_others_from_it(visit):
    def respond(asked):
        return _play([1], None) if asked.query["hl"] == "en" else Answer(b"<html>", type="text/html")

    event = visit(respond, **{**_PAGE, "languages": ["ar", "en"]})
    assert "com.acme.app ar: Google Play's page has changed" in event.error
    assert _numbers(visit) == {1}


def test_a_refused_service_account_is_said_in_words(visit, monkeypatch):
    monkeypatch.setenv("PLAY_ACCOUNT", google_play._service_account())
    refused = Answer(b'{"error":"invalid_grant","error_description":"account a@acme.test"}', 400)
    options = {**google_play._options("{base}"), "kind": "google_play"}
    event = visit(lambda asked: refused, **options)
    assert event.status is FetchStatus.FAILED
    assert "gave no access token: the secret has run out" in event.error
    assert "a@acme.test" not in event.error


def test_a_token_that_is_taken_no_longer_is_got_anew_once(visit, monkeypatch):
    for name, value in google_places._SECRETS.items():
        monkeypatch.setenv(name, value)
    options = {**google_places._options("{base}"), "kind": "google_places"}
    assert visit(lambda asked: google_places._answer(asked, [1]), **options).error is None
    monkeypatch.setattr(google_places, "_TOKEN", "another token")
    assert visit(lambda asked: google_places._answer(asked, [2, 1]), **options).error is None
    assert [asked.path for asked in visit.asked].count("/token") == 1
    assert _numbers(visit) == {1, 2}
    assert visit(lambda asked: google_places._answer(asked, [2, 1]), **options).error is None
    assert "/token" not in [asked.path for asked in visit.asked]


_PLACE = {
    "kind": "google_places",
    "base_url": "{base}",
    "places": ["ChIJ-acme-cafe"],
    "key": {"env": "PLACES_KEY"},
}


def test_a_place_is_asked_for_once_in_each_language_with_the_key_in_a_header(visit, monkeypatch):
    monkeypatch.setenv("PLACES_KEY", "the-key-of-places")
    reviews = [
        {
            "name": "places/ChIJ-acme-cafe/reviews/R1",
            "rating": 5,
            "text": {"text": "Good", "languageCode": "en"},
            "originalText": {"text": "جيد", "languageCode": "ar"},
            "publishTime": "2026-11-01T00:00:00Z",
        }
    ]
    answer = Answer(json.dumps({"displayName": {"text": "Acme"}, "reviews": reviews}).encode())
    event = visit(lambda asked: answer, **_PLACE, languages=["ar", "en"])
    assert event.error is None
    assert _stored(visit, mentions.c.text, mentions.c.revision) == [("جيد", 1)]
    assert [asked.query for asked in visit.asked] == [{"languageCode": "ar"}, {"languageCode": "en"}]
    assert all(asked.path == "/v1/places/ChIJ-acme-cafe" for asked in visit.asked)
    assert all(asked.headers["x-goog-api-key"] == "the-key-of-places" for asked in visit.asked)
    assert "reviews" in visit.asked[0].headers["x-goog-fieldmask"]


@pytest.mark.parametrize("status", [200, 302, 403, 500])
def test_the_key_in_a_legacy_address_is_neither_logged_nor_kept_nor_sent_on(
    visit, monkeypatch, caplog, status
):
    monkeypatch.setenv("PLACES_KEY", "the-key-of-places")
    told = {"status": "OK", "result": {"reviews": [{"text": "جيد", "rating": 4, "time": 1_793_491_200}]}}

    def respond(asked):
        assert asked.query["key"] == "the-key-of-places"
        return Answer(
            json.dumps(told).encode(), status, {"Location": f"{asked.path}/else?key=the-key-of-places"}
        )

    with caplog.at_level(logging.DEBUG):
        event = visit(respond, **_PLACE, api="legacy")
    assert (event.error is None) == (status == 200)
    assert len(visit.asked) == 1
    assert "the-key-of-places" not in caplog.text
    assert "the-key-of-places" not in _whole_database(visit) + str(event)


@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        ("app_store", {"apps": [42]}, "name the countries"),
        ("app_store", {"apps": ["٤٢"], "countries": ["sa"]}, "pattern"),
        ("app_store", {"apps": [42], "countries": ["sa"], "key_id": "K"}, "go together"),
        ("google_play", {"apps": ["acme"]}, "pattern"),
        ("google_play", {"apps": ["com.acme/../x"]}, "pattern"),
        ("google_places", {}, "name places, locations, or both"),
        ("google_places", {"places": ["ChIJ-acme-cafe"]}, "need a key"),
        ("google_places", {"locations": ["accounts/1/locations/2"]}, "refresh_token"),
        ("google_places", {"locations": ["accounts/1/locations/2?x"]}, "pattern"),
    ],
)
def test_options_that_do_not_fit_say_what_to_write(kind, options, told):
    with pytest.raises(ValueError, match=told):
        settings_with({"name": "it", "kind": kind, **options})


def test_apps_may_be_written_as_in_their_address():
    settings = settings_with({"name": "it", "kind": "app_store", "apps": ["id42", 43], "countries": ["SA"]})
    assert (settings.sources[0].options.apps, settings.sources[0].options.countries) == (["42", "43"], ["sa"])
