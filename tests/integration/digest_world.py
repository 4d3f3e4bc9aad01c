"""Five weeks of a made-up wallet app's mentions, in Arabic and English, put into a database for digests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import Connection

from config.settings import Settings
from storage import alerts, analyses, mentions, sources
from storage.records import (
    Alert,
    AlertState,
    Analysis,
    Author,
    BrandMatch,
    BrandRole,
    Engagement,
    Entity,
    FetchEvent,
    FetchStatus,
    Mention,
    MentionKind,
    SentimentLabel,
    Severity,
)
from storage.sources import SourceState

ZONE = "Asia/Riyadh"
# The Sunday, in Riyadh, that begins the week of the digest; four weeks come before it.
START = datetime(2026, 11, 14, 21, 0, tzinfo=UTC)
NOW = START + timedelta(days=7, hours=9)

NEGATIVE, NEUTRAL, POSITIVE = SentimentLabel.NEGATIVE, SentimentLabel.NEUTRAL, SentimentLabel.POSITIVE
SAYINGS = {
    NEGATIVE: [
        ("التطبيق يعلق كل ما أجي أدفع من المحفظة، والدعم الفني ما يرد", ("الدفع", "الدعم الفني")),
        ("خصم المبلغ مرتين وإلى الآن ما رجع، تجربة سيئة مع درهمي", ("خصم مرتين", "الدفع")),
        (
            "Dirhami charged me twice and support has not answered for three days",
            ("charged twice", "support"),
        ),
    ],
    NEUTRAL: [
        ("درهمي تعلن عن تحديث جديد للتطبيق في الرياض", ("تحديث جديد",)),
        ("Does anyone know whether Dirhami works with Apple Pay in Dubai?", ("Apple Pay",)),
    ],
    POSITIVE: [
        ("شكرًا درهمي، التحويل وصل خلال ثوانٍ والخدمة ممتازة", ("التحويل",)),
        ("Best wallet app I have used, transfers are instant", ("transfers",)),
    ],
}
OUTAGE = ("الخدمة متوقفة من الصبح في كل الفروع ولا أحد يرد", ("الخدمة متوقفة", "الفروع"))
NAMES = [("نورة العتيبي", "noura"), ("Omar K.", "omark"), ("سالم", "salem_sa"), ("Lina Haddad", "lina")]
TITLES = (
    "Falousi opens a branch for small shops",
    "فلوسي تطلق بطاقة مسبقة الدفع",
    "What we learned this year",
)


def settings(**changes: object) -> Settings:
    """Return the configuration of this world."""
    brands = [
        {"name": "درهمي", "aliases": ["درهمي", "Dirhami"]},
        {"name": "Falousi", "aliases": ["Falousi", "فلوسي"], "competitor": True},
        {"name": "جيبي", "aliases": ["جيبي"], "competitor": True},
    ]
    base = {
        "timezone": ZONE,
        "week_starts": "sunday",
        "language": "ar",
        "brands": brands,
        "sources": [{"name": name, "kind": "feed"} for name in ("news", "mastodon", "store", "falousi blog")],
        "channels": [
            {"name": "team", "kind": "email", "language": "en"},
            {"name": "marketing", "kind": "slack"},
        ],
        "digests": [
            {"name": "weekly", "brands": ["درهمي"], "at": "sunday 09:00", "to": ["team", "marketing"]}
        ],
    }
    return Settings.model_validate({**base, **changes})


def fill(conn: Connection, weeks: int = 5, seed: int = 7) -> None:
    """Put the world into a database: `weeks` weeks that end with the week of the digest."""
    random = Random(seed)
    first = START - timedelta(weeks=weeks - 1)
    told = [pair for n in range(weeks * 7) for pair in _day(random, first + timedelta(days=n), n)]
    result = mentions.store(conn, [mention for mention, _ in told])
    stored = {s.mention.external_id: s for s in mentions.fetch(conn, result.ids)}
    analyses.save(conn, [(stored[m.external_id], analysis) for m, analysis in told], NOW)
    _visits(conn, first)
    _alert(conn, sorted(result.ids)[-20:])


def _day(random: Random, day: datetime, n: int) -> Iterator[tuple[Mention, Analysis]]:
    bad = day == START + timedelta(days=2)
    for label, mean in ((NEGATIVE, 28 if bad else 3), (NEUTRAL, 4), (POSITIVE, 5), (None, 1)):
        for k in range(max(0, round(random.gauss(mean, mean**0.5)))):
            yield _talk(random, day, f"{n}-{label}-{k}", "درهمي", label)
    for brand, mean in (("Falousi", 9), ("جيبي", 4)):
        for k in range(max(0, round(random.gauss(mean, mean**0.5)))):
            yield _talk(random, day, f"{n}-{brand}-{k}", brand, random.choice([NEGATIVE, NEUTRAL, POSITIVE]))
    if n % 3 == 0:
        yield _rival_post(day, n)


def _talk(
    random: Random, day: datetime, key: str, brand: str, label: SentimentLabel | None
) -> tuple[Mention, Analysis]:
    text, phrases = random.choice(SAYINGS[label or NEUTRAL])
    if label is NEGATIVE and brand == "درهمي" and day == START + timedelta(days=2):
        text, phrases = OUTAGE
    review = random.random() < 0.3
    name, handle = random.choice(NAMES)
    stars = {NEGATIVE: 1.5, NEUTRAL: 3.0, POSITIVE: 4.8, None: 3.0}[label]
    at = day + timedelta(minutes=random.randrange(1440))
    mention = Mention(
        source="store" if review else random.choice(["news", "mastodon"]),
        kind=MentionKind.REVIEW if review else MentionKind.POST,
        external_id=key,
        text=f"{text} ({key})" if random.random() < 0.5 else text,
        collected_at=at + timedelta(minutes=5),
        published_at=at,
        url=f"https://example.org/{len(key)}/{handle}",
        author=Author(
            "mastodon", f"{handle}{random.randrange(40)}", name, followers=random.randrange(20_000)
        ),
        rating=stars * 2 if review else None,
        rating_scale=10.0 if review else None,
        engagement=Engagement(likes=random.randrange(50)),
        reach=None if review else random.randrange(100, 9_000),
    )
    role = BrandRole.OWN if brand == "درهمي" else BrandRole.COMPETITOR
    place = "Riyadh" if random.random() < 0.5 else "الرياض"
    analysis = Analysis(
        language="ar" if text[0] > "\u0600" else "en",
        model_version="1",
        sentiment_label=label,
        sentiment_score=0.0 if label else None,
        confidence=0.9 if label else None,
        reason=None if label else "too short",
        brands=(BrandMatch(brand, role, brand, None, None, 1.0),),
        entities=(Entity(place, "LOC", 0, 5),),
        keyphrases=phrases,
    )
    return mention, analysis


def _rival_post(day: datetime, n: int) -> tuple[Mention, Analysis]:
    title = TITLES[n % len(TITLES)]
    mention = Mention(
        source="falousi blog",
        kind=MentionKind.COMPETITOR_POST,
        external_id=f"post-{n}",
        title=title,
        text="Our new card works in every shop.",
        collected_at=day + timedelta(hours=3),
        published_at=day + timedelta(hours=2),
        url=f"https://falousi.example/{n}",
    )
    found = (BrandMatch("Falousi", BrandRole.COMPETITOR, "Falousi", None, None, 1.0),)
    return mention, Analysis(language="en", model_version="1", brands=found)


def _visits(conn: Connection, first: datetime) -> None:
    for name in ("news", "mastodon", "store", "falousi blog"):
        for n in range(int((NOW - first) / timedelta(hours=12))):
            at = first + timedelta(hours=12 * n)
            down = name == "store" and START + timedelta(days=4) <= at < START + timedelta(days=5, hours=12)
            event = FetchEvent(
                source=name,
                at=at,
                status=FetchStatus.FAILED if down else FetchStatus.OK,
                next_due=at + timedelta(hours=12),
                error="the server answered 503 Service Unavailable" if down else None,
            )
            sources.record(conn, event, SourceState(source=name))


def _alert(conn: Connection, evidence: list[int]) -> None:
    start = START + timedelta(days=2, hours=9)
    alert = Alert(
        rule="angry customers",
        kind="negative_spike",
        brand="درهمي",
        state=AlertState.RESOLVED,
        group_key="negative_spike:1",
        severity=Severity.HIGH,
        window_start=start,
        window_end=start + timedelta(hours=3),
        observed=21,
        expected=1.4,
        score=6.0,
        evidence=tuple(evidence),
    )
    alerts.insert(conn, alert, start, "21 where 1.4 were expected")
