"""What each rule decides, on plain data."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import mannwhitneyu

from alerts.rules import competitor_post, influencer_post, negative_spike, rating_drop
from alerts.rules.base import Lasting, Occasional, kinds, options_models
from alerts.spike import Surprise, score_for
from storage.mentions import StoredMention
from storage.records import Analysis, Author, Mention, MentionKind, SentimentLabel, Severity

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def stored(identity: int = 1, label: SentimentLabel | None = None, **changes: Any) -> StoredMention:
    mention = Mention(
        source="news",
        kind=MentionKind.POST,
        external_id=str(identity),
        text=f"نص {identity}",
        author=Author("mastodon", "star@example.org", "Star", followers=60_000),
        collected_at=NOW,
        published_at=NOW - HOUR,
    )
    understood = Analysis(language="ar", model_version="test", sentiment_label=label)
    return StoredMention(identity, replace(mention, content_hash="", **changes), understood)


def surprise(hours: int, observed: int, score: float) -> Surprise:
    return Surprise(hours, observed, 1.0, score, 10**score / 96)


def test_every_rule_in_the_folder_is_registered_with_what_a_rule_must_say() -> None:
    assert set(kinds()) == {
        "negative_spike",
        "influencer_post",
        "competitor_post",
        "rating_drop",
        "source_health",
    }
    assert set(options_models()) == set(kinds())
    for kind, rule in kinds().items():
        assert rule.kind == kind
        assert rule.summary.endswith(".")
        assert issubclass(rule, Lasting | Occasional)
        assert all(field.description for field in rule.Options.model_fields.values())
        assert rule.Options() == rule.Options.model_validate({}), "a rule works as it comes"


@pytest.mark.parametrize(("written", "per_week"), [("2/week", 2), (" 1 / day ", 7), ("1/month", 0.23)])
def test_a_budget_is_read_and_becomes_a_threshold(written: str, per_week: float) -> None:
    options = negative_spike.Options(budget=written)
    assert options.budget.per_week == pytest.approx(per_week, abs=0.01)
    assert options.threshold == pytest.approx(score_for(options.budget.per_week))
    assert negative_spike.Options.model_validate(options.model_dump()) == options
    assert negative_spike.Options(budget=written, min_score=9).threshold == 9


@pytest.mark.parametrize("written", ["", "2", "0/week", "2/year", "-1/week", 2, None, "two/week"])
def test_what_is_no_budget_says_what_to_write(written: object) -> None:
    with pytest.raises(ValidationError, match="such as 2/week"):
        negative_spike.Options(budget=written)


def test_the_window_furthest_from_usual_speaks_if_it_holds_enough() -> None:
    options = negative_spike.Options(min_score=4)
    few, enough = surprise(1, 4, 9.0), surprise(6, 9, 5.0)
    sight, found = negative_spike.decide([few, enough, surprise(24, 12, 4.5)], None, options)
    assert (sight.abnormal, sight.size, found) == (True, 9, enough)
    sight, found = negative_spike.decide([few], surprise(6, 4, 2.0), options)
    assert (sight.abnormal, sight.calm, found) == (False, False, None)
    sight, found = negative_spike.decide([], surprise(6, 1, 0.4), options)
    assert (sight.abnormal, sight.calm) == (False, True)


@given(st.integers(0, 300), st.floats(0, 30), st.floats(0, 30))
def test_a_spike_needs_count_and_score_and_ends_by_the_last_hours(
    observed: int, score: float, last: float
) -> None:
    options = negative_spike.Options()
    sight, found = negative_spike.decide([surprise(3, observed, score)], surprise(6, observed, last), options)
    assert sight.abnormal == (observed >= 5 and score >= options.threshold) == (found is not None)
    assert sight.calm == (last < negative_spike.CALM_SCORE)


def test_negatives_that_rise_with_everything_else_matter_less() -> None:
    rare = surprise(3, 40, 6.0)
    assert negative_spike.severity(rare, 0.7, 0.2) is Severity.HIGH
    assert negative_spike.severity(rare, 0.2, 0.2) is Severity.MEDIUM
    assert negative_spike.severity(surprise(3, 40, 3.5), 0.7, 0.2) is Severity.MEDIUM
    assert negative_spike.severity(surprise(3, 40, 2.6), 0.7, 0.2) is Severity.LOW


def test_abstentions_are_no_part_of_the_share() -> None:
    assert negative_spike.negative_share({"negative": 3, "positive": 1, "unknown": 96}) == 0.75
    assert negative_spike.negative_share({"unknown": 5}) == 0.0


def test_only_news_by_authors_with_enough_followers_is_reported_oldest_first() -> None:
    options = influencer_post.Options(min_followers=50_000, ignore=["@Brand"])
    candidates = [
        stored(1, SentimentLabel.POSITIVE),
        stored(2, SentimentLabel.NEGATIVE, published_at=NOW - 2 * HOUR),
        stored(3, published_at=NOW - timedelta(hours=49)),
        stored(4, author=Author("mastodon", "small", followers=49_999)),
        stored(5, author=Author("mastodon", "brand", followers=900_000)),
        stored(6, author=Author("mastodon", "unknown")),
        stored(7, author=None),
    ]
    found = influencer_post.decide(candidates, NOW, options, {})
    assert [finding.evidence for finding in found] == [(2,), (1,)]
    assert [finding.severity for finding in found] == [Severity.HIGH, Severity.LOW]
    assert found[0].facts["sentiment"] == "negative"


def test_a_competitors_posts_are_one_finding_newest_first() -> None:
    posts = [
        stored(n, kind=MentionKind.COMPETITOR_POST, title=f"Post {n}", published_at=NOW - n * HOUR)
        for n in (5, 3, 80, 4)
    ]
    found = competitor_post.decide(posts, NOW, competitor_post.Options(), {})
    assert found is not None
    assert found.evidence == (3, 4, 5)
    assert found.occasions == ("3", "4", "5")
    assert [line["title"] for line in found.facts["posts"]] == ["Post 3", "Post 4", "Post 5"]
    assert found.facts["title"] == "Post 3"
    assert competitor_post.decide(posts[2:3], NOW, competitor_post.Options(), {}) is None


def test_an_undated_post_is_news_only_from_a_source_watched_for_a_day() -> None:
    undated = stored(1, kind=MentionKind.COMPETITOR_POST, published_at=None)
    options = competitor_post.Options()
    assert competitor_post.decide([undated], NOW, options, {}) is None
    assert competitor_post.decide([undated], NOW, options, {"news": NOW - 2 * HOUR}) is None
    assert competitor_post.decide([undated], NOW, options, {"news": NOW - 25 * HOUR}) is not None


stars = st.lists(st.sampled_from([0.0, 1.0, 2.0, 2.5, 3.0, 4.0, 5.0]), min_size=1, max_size=60)


@given(stars, stars)
def test_the_chance_is_that_of_mann_and_whitney(before: list[float], after: list[float]) -> None:
    chance = rating_drop.chance_of_lower(before, after)
    assert 0.0 <= chance <= 1.0
    if len(set(before + after)) > 1:
        known = mannwhitneyu(after, before, alternative="less", method="asymptotic").pvalue
        assert chance == pytest.approx(known, abs=1e-9)
    else:
        assert chance == 1.0


@given(stars, st.integers(0, 4))
def test_lower_stars_are_never_likelier(before: list[float], step: int) -> None:
    after = [max(0.0, each - step) for each in before]
    lower = [max(0.0, each - 1) for each in after]
    assert rating_drop.compare(before, lower).stars >= rating_drop.compare(before, after).stars


def test_a_drop_needs_size_certainty_and_enough_reviews() -> None:
    options = rating_drop.Options()
    good, bad, few = [5, 4, 5, 4, 5] * 6, [1, 2, 1, 3] * 4, [1, 1, 1]
    small = [4] * 20
    assert rating_drop.decide(rating_drop.compare(good, bad), options).abnormal
    assert not rating_drop.decide(rating_drop.compare(good, few), options).abnormal
    assert not rating_drop.decide(rating_drop.compare([5, 5, 4], bad), options).abnormal
    assert not rating_drop.decide(rating_drop.compare([4.4] * 20, small), options).abnormal
    assert not rating_drop.decide(rating_drop.compare([5, 1] * 10, [4, 1] * 5), options).abnormal
    assert rating_drop.decide(rating_drop.compare(good, good), options).calm
    assert not rating_drop.decide(rating_drop.compare(good, few), options).calm, "too few to say so"
    assert not rating_drop.decide(None, options).calm
