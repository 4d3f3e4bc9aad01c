"""Brands, the encoder's names and spaCy's become one list without overlaps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.entities import merge, plausible, reads_english, with_brands
from storage.records import BrandMatch, BrandRole, Entity


def entity(text: str, name: str, label: str) -> Entity:
    """Return the entity at the first place of `name` in `text`."""
    start = text.index(name)
    return Entity(name, label, start, start + len(name))


def match(text: str, alias: str) -> BrandMatch:
    """Return a match of a brand at the first place of `alias` in `text`."""
    start = text.index(alias)
    return BrandMatch("Acme", BrandRole.OWN, alias, start, start + len(alias), 1.0)


def test_a_brand_stands_before_what_a_model_says_of_its_place() -> None:
    text = "Acme Cola in Cairo with Omar"
    cola, omar = entity(text, "Cola", "PERSON"), entity(text, "Omar", "PERSON")
    found = (entity(text, "Acme Cola in Cairo", "LOC"), cola, omar)
    assert with_brands(text, [match(text, "Acme Cola")], found) == (
        entity(text, "Acme Cola", "ORG"),
        entity(text, "Omar", "PERSON"),
    )


def test_a_product_of_a_brand_is_a_product() -> None:
    text = "Acme Cola"
    found = with_brands(text, [match(text, "Acme Cola")], (), lambda match: "PRODUCT")
    assert found == (entity(text, "Acme Cola", "PRODUCT"),)


def test_a_brand_of_the_title_or_the_source_has_no_place_in_the_text() -> None:
    assert with_brands("text", [BrandMatch("Acme", BrandRole.OWN, "Acme", None, None, 1.0)], ()) == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("see https://acme.example/Cairo/Omar now", "Omar"),
        ("www.acme.example", "acme"),
        ("ask @Omar about it", "Omar"),
        ("write omar@acme.example", "acme"),
        ("paid 3000 today", "3000"),
        ("plan B", "B"),
        ("شقة م ٣", "م ٣"),
    ],
)
def test_links_handles_numbers_and_single_letters_are_no_names(text: str, name: str) -> None:
    assert plausible(text, [entity(text, name, "ORG")]) == ()


@pytest.mark.parametrize("text", ["Booking.com", "(Omar)", "#Omar", "الرياض", "7UP", "AT&T"])
def test_names_with_marks_stay(text: str) -> None:
    assert len(plausible(text, [Entity(text, "ORG", 0, len(text))])) == 1


def test_the_encoder_stands_where_both_found_a_name_and_spacy_where_it_found_none() -> None:
    text = "Omar Haddad won the World Cup in Doha"
    encoder = (entity(text, "Omar Haddad", "PERSON"), entity(text, "Doha", "LOC"))
    spacy = (
        entity(text, "Omar", "ORG"), entity(text, "the World Cup", "EVENT"), entity(text, "Doha", "LOC"),
    )  # fmt: skip
    assert merge(encoder, spacy) == (encoder[0], spacy[1], encoder[1])


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8), st.booleans()), max_size=12))
def test_nothing_of_the_second_overlaps_the_first_and_all_else_is_kept(
    spans: list[tuple[int, int, bool]],
) -> None:
    first = [Entity("ab", "ORG", start, start + length) for start, length, ours in spans if ours]
    second = [Entity("ab", "LOC", start, start + length) for start, length, ours in spans if not ours]
    free = [s for s in second if not any(f.start < s.end and s.start < f.end for f in first)]
    found = merge(first, second)
    assert sorted(found, key=repr) == sorted([*first, *free], key=repr)
    assert [one.start for one in found] == sorted(one.start for one in found)


def test_spacy_reads_texts_of_an_articles_length() -> None:
    assert not reads_english("word " * 59)
    assert reads_english("word " * 60)
