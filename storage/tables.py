"""The tables. One place for names, types, keys and indexes; the migrations must end where this stands.

Times are aware UTC in Python; texts hold no NUL and no lone surrogates (`storage.storable` sees to it).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time: `timestamptz` in PostgreSQL, ISO text without offset in SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times, and convert the others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive times are not stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware time."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Key = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _count(name: str, **more: Any) -> Column[int]:
    return Column(name, BigInteger, **more)


# Everything about an author stands in one row, so that erasing a person is one update.
authors = Table(
    "authors",
    metadata,
    Column("id", Key, primary_key=True),
    Column("platform", String(80), nullable=False),
    Column("handle", String(300), nullable=False),
    Column("name", Text),
    Column("profile_url", Text),
    _count("followers"),
    Column("verified", Boolean),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("platform", "handle"),
)

mentions = Table(
    "mentions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("source", String(80), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("external_id", String(500), nullable=False),
    Column("url", Text),
    Column("canonical_url", Text),
    Column("author_id", Key, ForeignKey("authors.id"), index=True),
    Column("title", Text),
    Column("text", Text, nullable=False),
    Column("rating", Float),
    Column("rating_scale", Float),
    _count("likes"),
    _count("replies"),
    _count("shares"),
    _count("views"),
    _count("reach"),
    Column("published_at", UtcDateTime),
    Column("collected_at", UtcDateTime, nullable=False),
    Column("parent_id", String(500)),
    Column("item", Text),
    Column("language_hint", String(40)),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("content_hash", String(32), nullable=False),
    Column("analyzed_revision", Integer, nullable=False, server_default="0"),
    Column("extra", JSON(none_as_null=True)),
    # When its author or service took it back; its words are gone then.
    Column("withdrawn_at", UtcDateTime),
    Column("claimed_by", String(100)),
    Column("claimed_until", UtcDateTime),
    UniqueConstraint("source", "external_id"),
    Index(
        "ix_mentions_unanalyzed",
        "id",
        sqlite_where=text("analyzed_revision < revision"),
        postgresql_where=text("analyzed_revision < revision"),
    ),
)

# What an edited mention said before.
revisions = Table(
    "revisions",
    metadata,
    Column("mention_id", Key, ForeignKey("mentions.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("title", Text),
    Column("text", Text, nullable=False),
    Column("rating", Float),
    Column("content_hash", String(32), nullable=False),
    Column("replaced_at", UtcDateTime, nullable=False),
)

analyses = Table(
    "analyses",
    metadata,
    Column("mention_id", Key, ForeignKey("mentions.id"), primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
    Column("language", String(40), nullable=False),
    Column("dialect", String(20)),
    Column("sentiment_label", String(10)),
    Column("sentiment_score", Float),
    Column("confidence", Float),
    Column("reason", Text),
    Column("brands", JSON, nullable=False),
    Column("entities", JSON, nullable=False),
    Column("aspects", JSON, nullable=False),
    Column("signals", JSON, nullable=False),
    Column("keyphrases", JSON, nullable=False),
    _count("story_id"),
    Column("clipped", Boolean, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("analyzed_at", UtcDateTime, nullable=False),
    Column("dialect_confidence", Float),
    Column("lexicon_score", Float),
    Column("fingerprint", LargeBinary),
    Column("spam", String(40)),
    Column("second_language", String(40)),
    Column("second_language_share", Float),
    # The mention's author, so that what one account says in one story is counted from the index alone.
    Column("author_id", Key),
    Index("ix_analyses_story_id_author_id", "story_id", "author_id"),
    Index(
        "ix_analyses_spam",
        "mention_id",
        sqlite_where=text("spam IS NOT NULL"),
        postgresql_where=text("spam IS NOT NULL"),
    ),
)

# Where the stories are found whose beginning is like a text (`storage.stories`). The slots of a band bound
# what one look reads: the newest stories push out the oldest.
story_bands = Table(
    "story_bands",
    metadata,
    Column("band", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    _count("story_id", nullable=False),
    sqlite_with_rowid=False,
)

# One row a brand that a mention speaks of ('' for none), with exactly what it added to the rollups, so
# that an edit or a new model can take it back. Rules and digests find mentions through it; spam that is
# not counted has no row here.
mention_brands = Table(
    "mention_brands",
    metadata,
    Column("mention_id", Key, ForeignKey("mentions.id"), primary_key=True, autoincrement=False),
    Column("brand", String(80), primary_key=True),
    Column("role", String(12), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("source", String(80), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("language", String(40), nullable=False),
    Column("sentiment", String(10), nullable=False),
    Column("rating_of_five", Float),
    _count("reach"),
    Index("ix_mention_brands_brand_at", "brand", "at"),
)

rollups = Table(
    "rollups",
    metadata,
    Column("brand", String(80), primary_key=True),
    Column("hour", UtcDateTime, primary_key=True),
    Column("source", String(80), primary_key=True),
    Column("language", String(40), primary_key=True),
    Column("sentiment", String(10), primary_key=True),
    Column("aspect", String(40), primary_key=True),
    _count("mentions", nullable=False),
    _count("ratings", nullable=False),
    Column("rating_sum", Float, nullable=False),
    _count("reach", nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("source", String(80), primary_key=True),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", String(64)),
    Column("cursor", JSON, nullable=False),
    Column("interval_seconds", Float),
    Column("failures", Integer, nullable=False),
    Column("next_due", UtcDateTime),
    Column("last_ok_at", UtcDateTime),
    Column("last_error", Text),
)

fetch_events = Table(
    "fetch_events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("source", String(80), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("status", String(12), nullable=False),
    Column("http_status", Integer),
    _count("bytes", nullable=False),
    Column("items_seen", Integer, nullable=False),
    Column("items_new", Integer, nullable=False),
    Column("items_revised", Integer, nullable=False),
    Column("fill_rates", JSON, nullable=False),
    Column("error", Text),
    Column("next_due", UtcDateTime, nullable=False),
    Column("requests", Integer, nullable=False, server_default="0"),
    Column("symptoms", JSON(none_as_null=True)),
    Index("ix_fetch_events_source_at", "source", "at"),
)

# Since when and until when each source was really seen; visits that were ill do not count.
source_watches = Table(
    "source_watches",
    metadata,
    Column("source", String(80), primary_key=True),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("ill", Boolean, nullable=False),
)

# The spans in between in which it was not: from one good visit to the next.
source_gaps = Table(
    "source_gaps",
    metadata,
    Column("source", String(80), primary_key=True),
    Column("start_at", UtcDateTime, primary_key=True),
    Column("end_at", UtcDateTime, nullable=False),
)

# Hosts that asked to be left alone for a while, whatever the source.
resting_hosts = Table(
    "resting_hosts",
    metadata,
    Column("host", String(300), primary_key=True),
    Column("until", UtcDateTime, nullable=False),
)

_OPEN = text("state IN ('pending', 'firing', 'acknowledged')")

alerts = Table(
    "alerts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("rule", String(80), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("brand", String(80), nullable=False),
    Column("state", String(12), nullable=False),
    Column("group_key", String(300), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("window_start", UtcDateTime, nullable=False),
    Column("window_end", UtcDateTime, nullable=False),
    Column("observed", Float, nullable=False),
    Column("expected", Float),
    Column("score", Float, nullable=False),
    Column("drivers", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("owner", String(200)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ix_alerts_rule_brand", "rule", "brand"),
    Index("ix_alerts_group_key", "group_key"),
    # One open alert an occasion, whoever decides and however often.
    Index("uq_alerts_open", "group_key", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
)

alert_history = Table(
    "alert_history",
    metadata,
    Column("id", Key, primary_key=True),
    Column("alert_id", Key, ForeignKey("alerts.id"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("state", String(12), nullable=False),
    Column("why", Text, nullable=False),
    Column("who", String(200)),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Key, primary_key=True),
    Column("channel", String(80), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("idempotency_key", String(200), nullable=False, unique=True),
    Column("alert_id", Key, ForeignKey("alerts.id"), index=True),
    Column("status", String(12), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime),
    Column("last_error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Index("ix_outbox_status_next_attempt_at", "status", "next_attempt_at"),
)

digests = Table(
    "digests",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("period", String(20), primary_key=True),
    Column("claimed_at", UtcDateTime, nullable=False),
)

silences = Table(
    "silences",
    metadata,
    Column("id", Key, primary_key=True),
    Column("rule", String(80)),
    Column("brand", String(80)),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("author", String(200), nullable=False),
    Column("reason", Text, nullable=False),
)

# What a person says of a mention wins over the model, and outlives it. `brands` is a list of names and
# roles, empty for "no brand"; null where nobody has said.
corrections = Table(
    "corrections",
    metadata,
    Column("mention_id", Key, ForeignKey("mentions.id"), primary_key=True, autoincrement=False),
    Column("sentiment_label", String(10)),
    Column("who", String(200), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("brands", JSON(none_as_null=True)),
)

_IN_USE = text("state = 'in_use'")

# What the corrections of a language taught, on top of the shipped model `base` (`storage.learned`).
# `lessons` is a digest of what it was learned from; `model` is null where nothing came of it.
learned_models = Table(
    "learned_models",
    metadata,
    Column("id", Key, primary_key=True),
    Column("language", String(40), nullable=False),
    Column("version", String(120), nullable=False),
    Column("base", String(80), nullable=False),
    Column("lessons", String(32), nullable=False),
    Column("state", String(12), nullable=False),
    Column("figures", JSON, nullable=False),
    Column("model", LargeBinary),
    Column("created_at", UtcDateTime, nullable=False),
    # One model a language answers, whoever learns and however often.
    Index(
        "uq_learned_models_in_use",
        "language",
        unique=True,
        sqlite_where=_IN_USE,
        postgresql_where=_IN_USE,
    ),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("holder", String(100), nullable=False),
    _count("fence", nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

# What was sent to a webhook, stored before its sender is told so, until it is read (`storage.intake`).
# `body` is null once it was read: the id stays for a while, so that what is sent again is known.
# `problem` says why nothing of ours was found in it.
intake = Table(
    "intake",
    metadata,
    Column("id", Key, primary_key=True),
    Column("source", String(80), nullable=False),
    Column("message_id", String(300), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("content_type", String(100), nullable=False),
    Column("body", LargeBinary),
    Column("problem", Text),
    UniqueConstraint("source", "message_id"),
    Index("ix_intake_received_at", "received_at"),
    Index(
        "ix_intake_waiting",
        "source",
        "id",
        sqlite_where=text("body IS NOT NULL AND problem IS NULL"),
        postgresql_where=text("body IS NOT NULL AND problem IS NULL"),
    ),
)
