"""What holds of every kind of source, also of those to come."""

from __future__ import annotations

import pkgutil

import pytest
from pydantic import TypeAdapter, ValidationError

import crawlers.sources
from crawlers.base import SourceKind, WebAddress, kinds, options_models
from storage.records import MentionKind


def test_every_module_in_the_folder_is_a_kind():
    modules = {entry.name for entry in pkgutil.iter_modules(crawlers.sources.__path__)}
    found = {spider.__module__.rpartition(".")[2] for spider in kinds().values()}
    assert found == modules
    assert {"feed", "mastodon"} <= set(kinds())
    assert options_models().keys() == kinds().keys()


@pytest.mark.parametrize("name", kinds())
def test_a_kind_explains_itself(name):
    spider = kinds()[name]
    assert issubclass(spider, SourceKind)
    assert spider.kind == name
    assert all(len(words) > 10 for words in (spider.summary, spider.secrets_help, spider.terms))
    assert isinstance(spider.mention_kind, MentionKind)
    schema = spider.Options.model_json_schema(by_alias=True)
    assert schema["additionalProperties"] is False
    for key, described in schema["properties"].items():
        assert described.get("description"), key


@pytest.mark.parametrize("name", kinds())
def test_a_kind_refuses_unknown_options(name):
    with pytest.raises(ValidationError):
        kinds()[name].Options.model_validate({"no_such_option": 1})


@pytest.mark.parametrize(
    "address",
    [
        *("", "x", "x.example/feed", "ftp://x.example", "file:///etc/passwd", "javascript:1", "http://"),
        *("https:///a", "http://x.example:0/", "http://x.example:99999/", "http://a b.example"),
        *("http://x.example/\n", "http://user:secret@x.example/", "http://user@x.example/", "http://[::1"),
        "http://" + "x" * 4000,
    ],
)
def test_what_is_no_web_address_is_refused(address):
    with pytest.raises(ValidationError):
        TypeAdapter(WebAddress).validate_python(address)


@pytest.mark.parametrize(
    "address", ["https://x.example/a?b=c#d", "http://127.0.0.1:8080", "https://مثال.إختبار/قهوة"]
)
def test_a_web_address_is_kept_as_written(address):
    assert TypeAdapter(WebAddress).validate_python(address) == address
