"""Which reviews are the same one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.review_identity import ReviewDraft, identified, merged, text_key

PAGE = "https://shop.example/p/lamp?page=2"


def draft(text: str = "Fine lamp.", **more: object) -> ReviewDraft:
    given_: dict[str, object] = {
        "author": "Salma",
        "published_at": datetime(2025, 3, 1, tzinfo=UTC),
        "item": "Lamp",
        "rating": 4.0,
        "rating_scale": 5.0,
    }
    return ReviewDraft(text=text, **(given_ | more))  # type: ignore[arg-type]


def ids(*drafts: ReviewDraft, page: str = PAGE) -> list[str]:
    return [one.external_id for one in identified(drafts, page)]


def test_an_edited_review_stays_the_same() -> None:
    assert ids(draft("First words.")) == ids(draft("Other words.", rating=1.0, title="New"))


@pytest.mark.parametrize("change", [{"author": "Huda"}, {"published_at": None}, {"item": "Chair"}])
def test_another_author_date_or_item_is_another_review(change: dict[str, object]) -> None:
    assert ids(draft()) != ids(draft(**change))


@pytest.mark.parametrize("author", [None, "Anonymous", "مجهول", "Anonyme", "A Google User"])
def test_without_a_name_the_words_make_the_identity(author: str | None) -> None:
    assert ids(draft("One.", author=author)) != ids(draft("Two.", author=author))
    assert ids(draft("One.", author=author)) == ids(draft("one", author=author))


def test_two_reviews_by_one_author_on_one_day_are_two() -> None:
    first, second = ids(draft("About the bulb."), draft("About the cable."))
    assert first != second
    assert [first, second] == ids(
        draft("About the bulb."), draft("About the cable."), page="https://other.example/"
    )


OWN = [
    (("#review-8123", "", ""), "shop.example/p/lamp#review-8123"),
    (("https://shop.example/p/lamp#review-8123", "", ""), "shop.example/p/lamp#review-8123"),
    (("", "https://shop.example/reviews/8123", ""), "https://shop.example/reviews/8123"),
    (("", "/reviews/8123", ""), "https://shop.example/reviews/8123"),
    (("", "", "8123"), "8123"),
    (("urn:review:8123", "", ""), "urn:review:8123"),
    (("", "https://shop.example/p/lamp?review=8123", ""), "https://shop.example/p/lamp?review=8123"),
]


@pytest.mark.parametrize(("own_ids", "expected"), OWN, ids=[str(row[0]) for row in OWN])
def test_the_page_s_own_name_of_a_review_counts(own_ids: tuple[str, ...], expected: str) -> None:
    assert ids(draft(own_ids=own_ids)) == [expected]


@pytest.mark.parametrize(
    "own_ids",
    [
        ("_:b0", "", ""),
        ("", PAGE, ""),
        ("", "https://shop.example/p/lamp", ""),
        ("#review-1", "", ""),
        ("#0", "", ""),
        ("http://[broken", "", ""),
        ("", "", "1"),
    ],
    ids=str,
)
def test_what_names_something_else_does_not_count(own_ids: tuple[str, ...]) -> None:
    assert ids(draft(own_ids=own_ids)) == ids(draft())


def test_an_id_that_several_share_or_that_only_counts_is_no_identity() -> None:
    authors = ("A", "B", "C")
    plain = ids(*(draft(author=name) for name in authors))
    assert ids(*(draft(author=name, own_ids=("/p/lamp-2", "", "")) for name in authors)) == plain
    assert (
        ids(*(draft(author=name, own_ids=(f"#r{n}", "", "")) for n, name in enumerate(authors, 1))) == plain
    )
    assert (
        ids(*(draft(author=name, own_ids=(f"#r{n * 7}", "", "")) for n, name in enumerate(authors, 1)))
        != plain
    )


def test_a_position_as_id_leaves_room_for_a_real_address() -> None:
    drafts = [draft(author=str(n), own_ids=(f"#r{n}", f"/review/{n * 31}", "")) for n in range(3)]
    assert ids(*drafts)[1] == "https://shop.example/review/31"


words = st.text(alphabet="abc عرب", min_size=0, max_size=6)
drafts_of_any_kind = st.builds(
    ReviewDraft,
    text=words,
    author=st.none() | words,
    title=st.none() | words,
    rating=st.none() | st.sampled_from([1.0, 2.0]),
    published_at=st.none() | st.just(datetime(2025, 3, 1, tzinfo=UTC)),
    own_ids=st.tuples(words, words, words),
)


@given(st.lists(drafts_of_any_kind, max_size=6))
def test_identities_are_unique_and_do_not_depend_on_order(drafts: list[ReviewDraft]) -> None:
    once = merged([drafts])
    found = identified(once, PAGE)
    assert len({one.external_id for one in found}) == len(found)
    without = [replace(one, own_ids=()) for one in once]
    forwards = {text_key(one): one.external_id for one in identified(without, PAGE)}
    backwards = {text_key(one): one.external_id for one in identified(without[::-1], PAGE)}
    assert forwards == backwards


@given(st.lists(drafts_of_any_kind, max_size=6))
def test_merging_twice_changes_nothing(drafts: list[ReviewDraft]) -> None:
    once = merged([drafts])
    assert merged([once]) == once
