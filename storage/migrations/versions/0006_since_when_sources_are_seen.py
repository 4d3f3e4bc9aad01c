"""Since when and until when each source was really seen, and the gaps in between."""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Which visits were ill was not known then.
_FILL = """
INSERT INTO source_watches (source, first_at, last_at, ill)
SELECT source, min(at), max(at), false FROM fetch_events WHERE status IN ('ok', 'unchanged') GROUP BY source
"""


def upgrade() -> None:
    op.create_table(
        "source_watches",
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("ill", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_watches")),
    )
    op.create_table(
        "source_gaps",
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("start_at", UtcDateTime(), nullable=False),
        sa.Column("end_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", "start_at", name=op.f("pk_source_gaps")),
    )
    op.execute(sa.text(_FILL))
