"""Models that a customer's corrections taught: which is in use, and what became of the others.

Of each language at most one is in use. The newest row of a language tells how it stands: in use, refused
(the shipped model answers) or withdrawn by a person (nothing is learned until that is asked for again).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from storage import storable
from storage.tables import learned_models

_KEPT = 10
"""How many models of a language are kept to go back to."""
_TURN = 7_061_965


class LearnedState(StrEnum):
    """What became of a model. `REPLACED` ones come back when the newer is withdrawn, the others never."""

    IN_USE = "in_use"
    REFUSED = "refused"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedModel:
    """One learned model without its bytes.

    `language` is BCP 47, `base` the version of the shipped model that it was learned on, `lessons` a
    digest of what it was learned from. `figures` hold what was measured on held-back corrections, JSON
    values only: `n` texts, macro-F1 (0…1) `before` and `after`, and why it was refused as `reason`.
    """

    language: str
    version: str
    base: str
    lessons: str
    state: LearnedState
    created_at: datetime
    figures: Mapping[str, Any] = field(default_factory=dict)
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The model that a person took out of use, and the earlier one that answers again, if there is one."""

    gone: LearnedModel
    back: LearnedModel | None


def measured(figures: Mapping[str, Any]) -> str:
    """Return the figures of a learned model in words: macro-F1 on held-back labels, before and after."""
    before, after, texts = figures.get("before", 0.0), figures.get("after", 0.0), figures.get("n", 0)
    return f"macro-F1 on {texts} held-back labels {before:.3f} before, {after:.3f} after"


def newest(conn: Connection) -> dict[str, LearnedModel]:
    """Return the newest model of each language, which tells how the language stands."""
    last = select(func.max(learned_models.c.id)).group_by(learned_models.c.language)
    return _by_language(conn, learned_models.c.id.in_(last))


def in_use(conn: Connection) -> dict[str, LearnedModel]:
    """Return the model in use of each language that has one."""
    return _by_language(conn, learned_models.c.state == LearnedState.IN_USE)


def model_bytes(conn: Connection, models: Sequence[LearnedModel]) -> dict[str, bytes]:
    """Return the bytes of these models, by language, as far as they are still kept."""
    table = learned_models.c
    query = select(table.language, table.model).where(table.id.in_([model.id for model in models]))
    return {row.language: row.model for row in conn.execute(query) if row.model}


def keep(conn: Connection, model: LearnedModel, content: bytes, seen: LearnedModel | None) -> bool:
    """Keep what was learned, IN_USE or REFUSED, and tell whether it was kept.

    What was in use is replaced either way, by the shipped model where the new one is refused: it was
    learned from corrections that are no longer all there is. `seen` is the newest model of the language
    when learning began; where another was kept or withdrawn since, nothing is done, so that old lessons
    never push out newer ones.
    """
    _take_turn(conn)
    before = newest(conn).get(model.language)
    if (before and (before.id, before.state)) != (seen and (seen.id, seen.state)):
        return False
    _replace(conn, model.language)
    adopted = model.state is LearnedState.IN_USE
    values = {
        "language": storable.short(model.language, 40),
        "version": storable.short(model.version, 120),
        "base": storable.short(model.base, 80),
        "lessons": model.lessons,
        "state": str(model.state),
        "figures": storable.document(dict(model.figures)),
        "model": content if adopted else None,
        "created_at": model.created_at,
    }
    fresh = conn.execute(insert(learned_models).values(values).returning(learned_models.c.id)).scalar_one()
    _prune(conn, model.language, fresh)
    return True


def withdraw(conn: Connection, language: str, base: str) -> Withdrawal | None:
    """Take the model of `language` out of use, and return what answers now; None where none was in use.

    The newest earlier one that was learned on the shipped model `base` comes back.
    """
    _take_turn(conn)
    gone = in_use(conn).get(language)
    if gone is None:
        return None
    table = learned_models.c
    _set(conn, gone.id, LearnedState.WITHDRAWN)
    earlier = (
        select(table.id)
        .where(
            table.language == language,
            table.state == LearnedState.REPLACED,
            table.base == base,
            table.id < gone.id,
        )
        .order_by(table.id.desc())
        .limit(1)
    )
    if (identity := conn.scalar(earlier)) is not None:
        _set(conn, identity, LearnedState.IN_USE)
    return Withdrawal(gone, in_use(conn).get(language))


def _by_language(conn: Connection, condition: Any) -> dict[str, LearnedModel]:
    columns = [column for column in learned_models.c if column.name != "model"]
    query = select(*columns).where(condition).order_by(learned_models.c.language)
    return {row.language: _model(row) for row in conn.execute(query)}


def _model(row: Row[Any]) -> LearnedModel:
    return LearnedModel(
        id=row.id,
        language=row.language,
        version=row.version,
        base=row.base,
        lessons=row.lessons,
        state=LearnedState(row.state),
        figures=row.figures,
        created_at=row.created_at,
    )


def _take_turn(conn: Connection) -> None:
    """Wait until nobody else changes what is in use; SQLite has one writer at a time anyway."""
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(_TURN)))


def _replace(conn: Connection, language: str) -> None:
    table = learned_models.c
    current = (table.language == language) & (table.state == LearnedState.IN_USE)
    conn.execute(update(learned_models).where(current).values(state=LearnedState.REPLACED))


def _set(conn: Connection, identity: int | None, state: LearnedState) -> None:
    conn.execute(update(learned_models).where(learned_models.c.id == identity).values(state=state))


def _prune(conn: Connection, language: str, fresh: int) -> None:
    """Delete refused models but the fresh one, and all but the newest of the others.

    The fresh one is there before others are deleted, so that SQLite never gives an id a second time.
    """
    table = learned_models.c
    others = (table.language == language) & (table.id != fresh)
    conn.execute(delete(learned_models).where(others, table.state == LearnedState.REFUSED))
    ids = conn.scalars(select(table.id).where(others).order_by(table.id.desc())).all()
    conn.execute(delete(learned_models).where(table.id.in_(ids[_KEPT - 1 :])))
