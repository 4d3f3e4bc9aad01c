"""Tokens of pages that stay good."""

from __future__ import annotations

from crawlers.page_tokens import PageToken, PageTokens


def test_a_token_of_this_visit_is_the_services_own():
    tokens = PageTokens()
    token = tokens.give(PageToken(), "2026-03-10", "CAUQAA")
    assert tokens.read(token) == PageToken(None, "CAUQAA")


def test_a_token_of_an_earlier_visit_is_its_mark():
    token = PageTokens().give(PageToken(), "2026-03-10", "CAUQAA")
    assert PageTokens().read(token) == PageToken("2026-03-10", None)


def test_pages_after_a_resumed_one_keep_its_bound():
    tokens = PageTokens()
    resumed = tokens.read(PageTokens().give(PageToken(), "2026-03-10", "50"))
    token = tokens.give(resumed, "2026-03-08", "next page")
    assert tokens.read(token) == PageToken("2026-03-10", "next page")
    assert PageTokens().read(token) == PageToken("2026-03-08", None)


def test_without_a_token_or_a_mark_it_is_the_newest():
    assert PageTokens().read(None) == PageToken()
    assert PageTokens().read(PageTokens().give(PageToken(), None, "50")) == PageToken()
